"""When records become an invocation."""

import pytest

from tests.runtime.sam.rules import API, KINESIS, STREAMS, rule
from tests.runtime.sam.stand import START_MS, Scripted, Stand, on_kinesis, on_queue, on_table
from tocsin.core.errors import ConfigError
from tocsin.runtime.sam.model import SourceKind
from tocsin.runtime.sam.settings import mapping_settings


@rule("A batch holds at most `BatchSize` records.", STREAMS)
def test_a_batch_holds_at_most_the_batch_size() -> None:
    stand = Stand(on_kinesis(BatchSize=3), Scripted())
    stand.put(*"abcdefg", key="k")

    stand.settle()

    assert stand.handler.batches == [list("abc"), list("def"), list("g")]


@rule("Without a batching window a function is called as soon as records are there.", STREAMS)
def test_without_a_window_nothing_waits() -> None:
    stand = Stand(on_kinesis(BatchSize=100), Scripted())
    stand.put("a")

    stand.wait(0)

    assert stand.handler.batches == [["a"]]


@rule("`MaximumBatchingWindowInSeconds` lets a batch that is not full wait that long for more.", STREAMS)
def test_a_batch_that_is_not_full_waits_for_its_window() -> None:
    stand = Stand(on_kinesis(BatchSize=3, MaximumBatchingWindowInSeconds=5), Scripted())
    stand.put("a", key="k")
    stand.wait(4_000)
    stand.put("b", key="k")

    stand.wait(999)
    before = list(stand.handler.batches)
    stand.wait(1)

    assert before == []
    assert stand.handler.batches == [["a", "b"]]


@rule("A full batch does not wait for the window.", STREAMS)
def test_a_full_batch_does_not_wait_for_its_window() -> None:
    stand = Stand(on_kinesis(BatchSize=3, MaximumBatchingWindowInSeconds=300), Scripted())
    stand.put(*"abcd", key="k")

    stand.wait(0)

    assert stand.handler.batches == [list("abc")]


@rule("An invocation is made when its event reaches 6 MB, whatever size and window say.", STREAMS)
def test_an_event_never_outgrows_six_megabytes() -> None:
    stand = Stand(on_kinesis(BatchSize=10_000, MaximumBatchingWindowInSeconds=300), Scripted())
    stand.put(*["x" * 1_000_000] * 6, key="k")

    stand.wait(0)

    assert [len(batch) for batch in stand.handler.batches] == [4]
    assert len(str(stand.handler.events[0])) < 6 * 1024 * 1024


@rule("Small records count with what their event says of them, too.", STREAMS)
def test_many_small_records_stay_within_six_megabytes() -> None:
    stand = Stand(on_kinesis(BatchSize=10_000), Scripted())
    stand.put(*["x" * 300] * 8_000, key="k")

    stand.settle()

    assert len(stand.handler.batches) == 2
    assert all(len(str(event)) < 6 * 1024 * 1024 for event in stand.handler.events)


@rule("Each batch holds records of a single shard.", KINESIS)
def test_a_batch_holds_records_of_one_shard() -> None:
    stand = Stand(on_kinesis(2, BatchSize=100), Scripted())
    for key in "abcdefgh":
        stand.put(key, key=key)

    stand.settle()

    shards = [{record["eventID"].partition(":")[0] for record in event["Records"]} for event in stand.handler.events]
    assert sorted(map(len, shards)) == [1, 1]
    assert shards[0] != shards[1]


@rule("A stream's batch holds 100 records unless declared, a queue's 10.", API)
def test_batch_sizes_have_the_documented_defaults() -> None:
    on_stream, queued = Stand(on_kinesis(), Scripted()), Stand(on_queue(), Scripted())
    on_stream.put(*["x"] * 101, key="k")
    queued.put(*["x"] * 11)

    on_stream.settle()
    queued.settle()

    assert [len(batch) for batch in on_stream.handler.batches] == [100, 1]
    assert [len(batch) for batch in queued.handler.batches] == [10, 1]


@rule("Changes of a table come in the order in which they were made to each item.", KINESIS)
def test_a_tables_stream_is_read_like_any_other() -> None:
    stand = Stand(on_table(BatchSize=2), Scripted())
    stand.host.give("Source", {"id": "a", "n": 1})
    stand.host.give("Source", {"id": "a", "n": 2})
    stand.host.give("Source", {"id": "a", "n": 2})
    stand.host.resources.tables["Source"].delete({"id": "a"})

    stand.settle()

    records = [record for event in stand.handler.events for record in event["Records"]]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    assert records[1]["dynamodb"]["OldImage"] == {"id": {"S": "a"}, "n": {"N": "1"}}
    assert records[0]["dynamodb"]["ApproximateCreationDateTime"] == START_MS / 1_000


@pytest.mark.parametrize(
    ("kind", "declared", "problem"),
    [
        (SourceKind.KINESIS, {}, "StartingPosition must be given"),
        (SourceKind.KINESIS, {"BatchSize": 10_001}, "BatchSize must be 1 to 10000, got 10001"),
        (SourceKind.KINESIS, {"ParallelizationFactor": 11}, "ParallelizationFactor must be 1 to 10, got 11"),
        (SourceKind.KINESIS, {"TumblingWindowInSeconds": 901}, "TumblingWindowInSeconds must be 0 to 900, got 901"),
        (SourceKind.KINESIS, {"MaximumRecordAgeInSeconds": 30}, "MaximumRecordAgeInSeconds must be -1 or at least 60"),
        (SourceKind.KINESIS, {"StartingPosition": "FIRST"}, "StartingPosition must be one of"),
        (SourceKind.DYNAMODB, {"StartingPosition": "AT_TIMESTAMP"}, "AT_TIMESTAMP is none of a DynamoDB stream"),
        (SourceKind.SQS, {"BatchSize": 11}, "a BatchSize above 10 needs MaximumBatchingWindowInSeconds"),
        (SourceKind.SQS, {"ScalingConfig": {"MaximumConcurrency": 1}}, "MaximumConcurrency must be 2 to 1000, got 1"),
    ],
)
@rule("Settings outside of their documented limits are refused, as the API refuses them.", API)
def test_settings_outside_of_their_limits_are_refused(
    kind: SourceKind, declared: dict[str, object], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        mapping_settings(kind, declared)


@rule("All problems of a template are reported together.", API)
def test_a_template_with_problems_is_refused_with_all_of_them() -> None:
    with pytest.raises(ConfigError, match=r"Function/Event: BatchSize .* ParallelizationFactor"):
        Stand(on_kinesis(BatchSize=0, ParallelizationFactor=0), Scripted())
