"""Events have the shapes that the parsers of the stages, and Lambda's own documents, expect."""

from dataclasses import replace
from hashlib import md5
from typing import Any

from aws_lambda_powertools.utilities.data_classes import (
    DynamoDBStreamEvent,
    EventBridgeEvent,
    KinesisStreamEvent,
    SQSEvent,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.test_golden import FIRING
from tocsin.core.formats.alert_item import encode_transition
from tocsin.core.formats.dynamodb_event import is_feed_event, parse_feed_event
from tocsin.core.formats.kinesis_event import kinesis_records
from tocsin.core.ports import QueueMessage, StoredRecord
from tocsin.runtime.events import feed_event, kinesis_event_of, schedule_event_of, sqs_event_of

stored = st.builds(
    StoredRecord,
    shard=st.just("shardId-000000000003"),
    sequence=st.integers(1, 10**56).map(str),
    partition_key=st.sampled_from(["acme#pump-7", "!tick", "zürich#1"]),
    data=st.binary(max_size=50),
    arrival_ms=st.integers(0, 4_102_444_800_000),
)


@given(records=st.lists(stored, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_records_come_back_from_a_kinesis_event_to_the_millisecond(records: list[StoredRecord]) -> None:
    assert kinesis_records(kinesis_event_of("readings")(records)) == records


def test_a_kinesis_event_is_one_to_other_peoples_parsers() -> None:
    record = StoredRecord("shardId-000000000003", "49590", "acme#pump-7", b"\x00reading", 1_000)

    (parsed,) = KinesisStreamEvent(kinesis_event_of("readings")([record])).records

    assert parsed.kinesis.data_as_bytes() == b"\x00reading"
    assert parsed.kinesis.sequence_number == "49590"
    assert parsed.event_id == "shardId-000000000003:49590"
    assert parsed.event_source_arn.endswith(":stream/readings")


def test_transitions_come_back_from_the_event_of_the_change_feed() -> None:
    transitions = [FIRING, replace(FIRING, number=2, summary="°C")]
    records = [
        StoredRecord("shardId-000000000000", str(number), "acme#pump-7", encode_transition(one), 1_234)
        for number, one in enumerate(transitions, start=7)
    ]

    event = feed_event(records)

    batch = parse_feed_event(event)
    assert is_feed_event(event)
    assert [found.transition for found in batch.records] == transitions
    assert [(found.sequence, found.arrival_ms) for found in batch.records] == [("7", 1_234), ("8", 1_234)]
    names = [record.event_name.name for record in DynamoDBStreamEvent(event).records if record.event_name]
    assert names == ["INSERT", "INSERT"]


def test_a_queue_event_says_whose_queue_and_how_often() -> None:
    message = QueueMessage("7", "7.2", '{"device":"é"}', {"kind": "x"}, 1_545_082_649_183, 2)

    (parsed,) = SQSEvent(sqs_event_of("gateway")([message])).records

    assert parsed.body == '{"device":"é"}'
    assert parsed.queue_url.endswith("/gateway")
    assert (parsed.message_id, parsed.receipt_handle) == ("7", "7.2")
    assert parsed.attributes.approximate_receive_count == "2"
    assert parsed.attributes.sent_timestamp == "1545082649183"
    assert parsed.message_attributes["kind"].string_value == "x"
    assert parsed.md5_of_body == md5('{"device":"é"}'.encode(), usedforsecurity=False).hexdigest()


def test_a_schedule_event_says_when() -> None:
    event: dict[str, Any] = schedule_event_of("tick")(1_795_435_260_000)

    assert EventBridgeEvent(event).time == "2026-11-23T12:01:00Z"
    assert event["detail-type"] == "Scheduled Event"
