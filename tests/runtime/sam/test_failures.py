"""What follows when an invocation fails: again, in halves, given up."""

import json

import pytest

from tests.runtime.sam.rules import DISCARDED, KINESIS, PARTIAL, rule
from tests.runtime.sam.stand import (
    REPORT,
    START_MS,
    Scripted,
    Stand,
    att,
    fails,
    on_kinesis,
    on_table,
    raises,
    raises_with,
)


@rule("A failed batch blocks its shard until it succeeds or expires; by default it is tried for ever.", KINESIS)
def test_a_failed_batch_comes_again_before_anything_behind_it() -> None:
    stand = Stand(on_kinesis(BatchSize=2), Scripted(*[raises] * 30))
    stand.put(*"abc", key="k")

    stand.settle()

    assert stand.handler.batches == [["a", "b"]] * 31 + [["c"]]


@rule("`MaximumRetryAttempts` is how often a batch is tried again before it is discarded.", DISCARDED)
def test_a_batch_is_discarded_after_its_retries() -> None:
    stand = Stand(on_kinesis(BatchSize=2, MaximumRetryAttempts=2), Scripted(*[raises] * 3))
    stand.put(*"abc", key="k")

    stand.settle()

    assert stand.handler.batches == [["a", "b"]] * 3 + [["c"]]
    assert stand.checkpoint == "3"


@rule("Records older than `MaximumRecordAgeInSeconds` are discarded without a call.", DISCARDED)
def test_records_that_are_too_old_are_discarded() -> None:
    stand = Stand(on_kinesis(BatchSize=1, MaximumRecordAgeInSeconds=60), Scripted(*[raises] * 1_000))
    stand.put("a", key="k")

    stand.settle()
    tried = len(stand.handler.batches)
    stand.wait(600_000)

    assert 1 < tried == len(stand.handler.batches)
    assert stand.checkpoint == "1"
    assert stand.clock.now_ms() - START_MS >= 60_000


@rule("`BisectBatchOnFunctionError` splits a failed batch in two, which isolates bad records.", DISCARDED)
def test_a_failed_batch_is_split_until_the_bad_record_is_alone() -> None:
    stand = Stand(
        on_kinesis(BatchSize=4, BisectBatchOnFunctionError=True, MaximumRetryAttempts=1),
        Scripted(always=raises_with("c")),
    )
    stand.put(*"abcd", key="k")

    stand.settle()

    assert stand.handler.batches == [list("abcd"), list("ab"), list("cd"), ["c"], ["c"], ["d"]]


@rule("Splitting a batch does not count as a retry.", DISCARDED)
def test_splitting_does_not_count_as_a_retry() -> None:
    stand = Stand(
        on_kinesis(BatchSize=8, BisectBatchOnFunctionError=True, MaximumRetryAttempts=0),
        Scripted(always=raises_with("e")),
    )
    stand.put(*"abcdefgh", key="k")

    stand.settle()

    assert [batch for batch in stand.handler.batches if "e" not in batch] == [list("abcd"), ["f"], list("gh")]


@rule("With partial responses too, an invocation that fails as a whole is split in two.", PARTIAL)
def test_a_failed_invocation_is_split_whatever_partial_responses_say() -> None:
    stand = Stand(
        on_kinesis(BatchSize=4, BisectBatchOnFunctionError=True, FunctionResponseTypes=REPORT), Scripted(raises)
    )
    stand.put(*"abcd", key="k")

    stand.settle()

    assert stand.handler.batches == [list("abcd"), list("ab"), list("cd")]


@rule("With both turned on, a batch is split at the number that was returned, and only the rest comes again.", PARTIAL)
def test_a_batch_is_split_at_the_returned_number() -> None:
    stand = Stand(
        on_kinesis(BatchSize=8, BisectBatchOnFunctionError=True, FunctionResponseTypes=REPORT, MaximumRetryAttempts=0),
        Scripted(fails("c"), fails("f")),
    )
    stand.put(*"abcdefgh", key="k")

    stand.settle()

    assert stand.handler.batches == [list("abcdefgh"), list("cdefgh"), list("fgh")]
    assert stand.checkpoint == "8"


@rule("A bucket as on-failure destination gets metadata and the whole event, under the documented key.", DISCARDED)
def test_a_bucket_gets_metadata_and_records() -> None:
    stand = Stand(
        on_kinesis(MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": att("Bucket.Arn")}}),
        Scripted(raises, raises),
    )
    stand.put(*"ab", key="k")

    stand.settle()

    (document,) = stand.objects()
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["requestContext"]["approximateInvokeCount"] == 2
    assert document["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert document["version"] == "1.0"
    assert document["KinesisBatchInfo"] == {
        "shardId": "shardId-000000000000",
        "startSequenceNumber": "1",
        "endSequenceNumber": "2",
        "approximateArrivalOfFirstRecord": "2026-01-01T00:00:00Z",
        "approximateArrivalOfLastRecord": "2026-01-01T00:00:00Z",
        "batchSize": 2,
        "streamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/tocsin-Source",
    }
    assert len(json.loads(document["payload"])["Records"]) == 2
    (key,) = stand.host.resources.buckets["Bucket"].objects
    parts = key.split("/")
    assert parts[:2] + parts[3:7] == ["aws", "lambda", "shardId-000000000000", "2026", "01", "01"]
    assert parts[7].startswith("2026-01-01T00.00.00-")


@pytest.mark.parametrize("destination", ["Lost.Arn", "Told.TopicArn"])
@rule("A queue or a topic as on-failure destination gets the metadata alone.", DISCARDED)
def test_a_queue_or_topic_gets_metadata_alone(destination: str) -> None:
    stand = Stand(
        on_kinesis(MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": att(destination)}}),
        Scripted(raises),
    )
    stand.put("a")

    stand.settle()

    published = stand.host.resources.topics["Told"].published
    (document,) = [json.loads(body) for body in [*stand.bodies("Lost"), *(one["Message"] for one in published)]]
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["KinesisBatchInfo"]["batchSize"] == 1
    assert "payload" not in document


@rule("What expired is reported as `RecordAgeExceeded`.", DISCARDED)
def test_what_expired_is_reported_so() -> None:
    stand = Stand(
        on_kinesis(MaximumRecordAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": att("Lost.Arn")}}),
        Scripted(*[raises] * 1_000),
    )
    stand.put("a")

    stand.settle()

    (document,) = map(json.loads, stand.bodies("Lost"))
    assert document["requestContext"]["condition"] == "RecordAgeExceeded"
    assert "functionError" not in document["responseContext"]


@rule("Only what was not done with is discarded, not what the answer let pass.", PARTIAL)
def test_only_what_was_not_done_with_is_discarded() -> None:
    stand = Stand(
        on_kinesis(
            MaximumRetryAttempts=0,
            FunctionResponseTypes=REPORT,
            DestinationConfig={"OnFailure": {"Destination": att("Lost.Arn")}},
        ),
        Scripted(fails("b")),
    )
    stand.put(*"abc", key="k")

    stand.settle()

    (document,) = map(json.loads, stand.bodies("Lost"))
    assert document["KinesisBatchInfo"]["startSequenceNumber"] == "2"
    assert document["KinesisBatchInfo"]["batchSize"] == 2


@rule("A table's stream reports what it discards as `DDBStreamBatchInfo`.", DISCARDED)
def test_a_tables_stream_names_its_batches() -> None:
    template = on_table(MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": att("Lost.Arn")}})
    template["Resources"]["Lost"] = {"Type": "AWS::SQS::Queue"}
    stand = Stand(template, Scripted(raises))
    stand.host.give("Source", {"id": "a"})

    stand.settle()

    (document,) = map(json.loads, stand.bodies("Lost"))
    assert document["DDBStreamBatchInfo"]["batchSize"] == 1


@rule("An invocation that takes longer than the function's timeout has failed.", KINESIS)
def test_an_invocation_that_takes_too_long_has_failed() -> None:
    stand = Stand(on_kinesis(MaximumRetryAttempts=0, more={"Timeout": 5}), Scripted())
    stand.host.functions["Function"].takes_ms = lambda event: 6_000 if len(event["Records"]) > 1 else 5_000
    stand.put(*"ab", key="k")
    stand.wait(10_000)
    stand.put("c", key="k")

    stand.settle()

    (mapping,) = stand.host.mappings.values()
    assert stand.handler.batches == [["a", "b"], ["c"]]
    assert mapping.last_error == "Task timed out after 5.00 seconds"
    assert mapping.delivery.discarded == 2  # type: ignore[union-attr]
