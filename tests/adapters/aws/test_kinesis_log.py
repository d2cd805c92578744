from datetime import UTC, datetime
from typing import Any

import pytest

from tests.adapters.aws.scripted import ANY, Hourglass, Script, patience_of
from tocsin.adapters.aws.kinesis_log import KinesisLog
from tocsin.core.errors import ConfigError, UnavailableError
from tocsin.core.keys import HASH_END
from tocsin.core.ports import LogRecord

THROUGHPUT = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "as scripted"}
DONE = {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
SUMMARY = {
    "StreamName": "readings",
    "StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/readings",
    "StreamStatus": "ACTIVE",
    "RetentionPeriodHours": 24,
    "StreamCreationTimestamp": datetime(2026, 1, 1, tzinfo=UTC),
    "EnhancedMonitoring": [],
    "OpenShardCount": 1,
}


def checked() -> Script:
    """Return a script whose stream is one by partition keys, and has been asked."""
    return Script("kinesis").answers("describe_stream_summary", {"StreamDescriptionSummary": SUMMARY}, StreamName=ANY)


def entries(*datas: bytes) -> list[dict[str, Any]]:
    return [{"PartitionKey": "acme#pump-7", "Data": data} for data in datas]


def records(*datas: bytes) -> list[LogRecord]:
    return [LogRecord("acme#pump-7", data) for data in datas]


def put_answer(*results: dict[str, Any]) -> dict[str, Any]:
    failed = sum("ErrorCode" in result for result in results)
    return {"Records": list(results)} | ({"FailedRecordCount": failed} if failed else {})


def log_of(client: Any, hourglass: Hourglass | None = None) -> KinesisLog:
    return KinesisLog(client, "readings", patience_of(hourglass))


def test_refused_records_are_put_again_in_order_and_before_anything_later() -> None:
    script = checked()
    first, later = [str(number).encode() for number in range(500)], [b"later"]
    results = [THROUGHPUT if place in {3, 7} else DONE for place in range(500)]
    script.answers("put_records", put_answer(*results), StreamName="readings", Records=entries(*first))
    script.answers("put_records", put_answer(DONE, DONE), StreamName="readings", Records=entries(b"3", b"7"))
    script.answers("put_records", put_answer(DONE), StreamName="readings", Records=entries(*later))

    with script as client:
        assert list(log_of(client).put(records(*first, *later))) == []


def test_what_stays_refused_keeps_everything_later_from_being_put() -> None:
    script = checked()
    many = [b"%d" % number for number in range(501)]
    script.answers("put_records", put_answer(THROUGHPUT, *[DONE] * 499))
    hourglass = Hourglass()

    with script as client:
        log = log_of(client, hourglass)
        log._patience.begin(1)

        assert list(log.put(records(*many))) == [0, 500]


def test_throttled_request_is_sent_again_as_it_was() -> None:
    script = checked().refuses("put_records", "ProvisionedThroughputExceededException")
    script.answers("put_records", put_answer(DONE), StreamName="readings", Records=entries(b"a"))
    hourglass = Hourglass()

    with script as client:
        assert list(log_of(client, hourglass).put(records(b"a"))) == []

    assert len(hourglass.pauses) == 1


def test_request_without_answer_is_not_guessed_about() -> None:
    with checked().refuses("put_records", "InternalFailure", status=500) as client, pytest.raises(UnavailableError):
        log_of(client).put(records(b"a"))


def test_requests_stay_below_five_mebibytes() -> None:
    half = bytes(512 * 1024)
    script = checked()
    script.answers("put_records", put_answer(*[DONE] * 9)).answers("put_records", put_answer(*[DONE] * 2))

    with script as client:
        assert list(log_of(client).put(records(*[half] * 11))) == []


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (LogRecord("", b""), "must have a partition key"),
        (LogRecord("k" * 257, b""), "257 characters a partition key"),
        (LogRecord("k", bytes(1024 * 1024)), "1048577 bytes a record"),
        (LogRecord("k", b"", HASH_END), r"must be in \[0, 2\*\*128\)"),
        (LogRecord("k", b"", -1), r"must be in \[0, 2\*\*128\)"),
    ],
)
def test_record_that_kinesis_would_refuse_is_refused_before_anything_is_put(record: LogRecord, words: str) -> None:
    with checked() as client, pytest.raises(ValueError, match=words):
        log_of(client).put([LogRecord("k", b"fine"), record])


def test_stream_that_ignores_partition_keys_is_refused() -> None:
    summary = SUMMARY | {"RecordDistributionStrategy": "AUTO"}
    script = Script("kinesis").answers("describe_stream_summary", {"StreamDescriptionSummary": summary})

    with script as client, pytest.raises(ConfigError, match="USER_PARTITION_KEY"):
        log_of(client).put(records(b"a"))


def test_stream_is_asked_once_how_it_distributes() -> None:
    script = checked().answers("put_records", put_answer(DONE)).answers("put_records", put_answer(DONE))

    with script as client:
        log = log_of(client)
        log.put(records(b"a"))
        log.put(records(b"b"))


def test_stream_that_is_not_there_is_a_wrong_deployment() -> None:
    with (
        Script("kinesis").refuses("describe_stream_summary", "ResourceNotFoundException") as client,
        pytest.raises(ConfigError, match="stream readings cannot be used"),
    ):
        log_of(client).shards()


def test_shards_come_parents_first_over_all_pages_with_what_closed_them() -> None:
    def shard(number: int, start: int, end: int, **more: Any) -> dict[str, Any]:
        sequence = {"StartingSequenceNumber": "1"} | more.pop("sequence", {})
        hashes = {"StartingHashKey": str(start), "EndingHashKey": str(end)}
        named = {"ShardId": f"shardId-{number:012d}", "HashKeyRange": hashes, "SequenceNumberRange": sequence}
        return named | more

    script = checked()
    child = shard(2, 0, 9, ParentShardId="shardId-000000000000", AdjacentParentShardId="shardId-000000000001")
    script.answers("list_shards", {"Shards": [child], "NextToken": "more"}, StreamName="readings")
    parents = [shard(1, 5, 9, sequence={"EndingSequenceNumber": "9"}), shard(0, 0, 4)]
    script.answers("list_shards", {"Shards": parents}, NextToken="more")

    with script as client:
        first, second, merged = log_of(client).shards()

    assert [first.id[-1], second.id[-1], merged.id[-1]] == ["0", "1", "2"]
    assert (first.closed, second.closed) == (False, True)
    assert merged.parents == (first.id, second.id)
    assert (merged.hash_start, merged.hash_end) == (0, 10)


def page(*sequences: int, following: str | None = "next", behind_ms: int = 0) -> dict[str, Any]:
    arrived = datetime(2026, 11, 23, tzinfo=UTC)
    found = [
        {"SequenceNumber": str(one), "Data": b"", "PartitionKey": "k", "ApproximateArrivalTimestamp": arrived}
        for one in sequences
    ]
    answer: dict[str, Any] = {"Records": found, "MillisBehindLatest": behind_ms}
    return answer if following is None else answer | {"NextShardIterator": following}


def test_expired_iterator_is_got_anew_from_where_the_reader_stood() -> None:
    script = Script("kinesis")
    script.answers("get_shard_iterator", {"ShardIterator": "a"}, StreamName=ANY, ShardId="s", ShardIteratorType=ANY)
    script.answers("get_records", page(5, following="b"), ShardIterator="a", Limit=10)
    script.refuses("get_records", "ExpiredIteratorException")
    script.answers(
        "get_shard_iterator",
        {"ShardIterator": "c"},
        StreamName="readings",
        ShardId="s",
        ShardIteratorType="AFTER_SEQUENCE_NUMBER",
        StartingSequenceNumber="5",
    )
    script.answers("get_records", page(6), ShardIterator="c", Limit=10)

    with script as client:
        log = log_of(client)
        log.read("s", after=None, limit=10)

        assert [record.sequence for record in log.read("s", after="5", limit=10)] == ["6"]


def test_empty_stretches_are_read_through_until_there_is_something() -> None:
    script = Script("kinesis").answers("get_shard_iterator", {"ShardIterator": "a"})
    script.answers("get_records", page(following="b", behind_ms=90_000), ShardIterator="a", Limit=10)
    script.answers("get_records", page(following="c", behind_ms=30_000), ShardIterator="b", Limit=10)
    script.answers("get_records", page(9), ShardIterator="c", Limit=10)

    with script as client:
        assert [record.sequence for record in log_of(client).read("s", after=None, limit=10)] == ["9"]


def test_end_of_a_closed_shard_is_nothing_more() -> None:
    script = Script("kinesis").answers("get_shard_iterator", {"ShardIterator": "a"})
    script.answers("get_records", page(following=None))

    with script as client:
        assert list(log_of(client).read("s", after=None, limit=10)) == []


def test_reading_on_needs_no_new_iterator_and_reading_elsewhere_does() -> None:
    script = Script("kinesis").answers("get_shard_iterator", {"ShardIterator": "a"})
    script.answers("get_records", page(1, 2, following="b"), ShardIterator="a", Limit=10)
    script.answers("get_records", page(3, following="c"), ShardIterator="b", Limit=10)
    script.answers("get_shard_iterator", {"ShardIterator": "again"})
    script.answers("get_records", page(2), ShardIterator="again", Limit=10)

    with script as client:
        log = log_of(client)
        log.read("s", after=None, limit=10)
        log.read("s", after="2", limit=10)
        log.read("s", after="1", limit=10)
