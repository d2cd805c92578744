"""Records of Kafka's topics."""

from base64 import b64decode
from typing import Any

import pytest

from tests.runtime.sam.rules import rule
from tests.runtime.sam.stand import Scripted, Stand, function, raises

KAFKA = "AWS Lambda Developer Guide, Using Lambda with Amazon MSK"
SELF_MANAGED = "AWS Lambda Developer Guide, Using Lambda with self-managed Apache Kafka"
FILTERED = "AWS Lambda Developer Guide, Using event filtering with an Amazon MSK event source"


def on_kafka(kind: str = "MSK", **settings: Any) -> dict[str, Any]:
    declared = {"Topics": ["plant"], "StartingPosition": "TRIM_HORIZON", **settings}
    cluster = {"Stream": "arn:aws:kafka:us-east-1:123456789012:cluster/plant/1"} if kind == "MSK" else {}
    return {"Resources": {"Function": function(kind, cluster, declared, {})}}


def carried(event: dict[str, Any]) -> list[str]:
    return [b64decode(record["value"]).decode() for records in event["records"].values() for record in records]


@pytest.mark.parametrize(
    ("kind", "source"), [("MSK", "aws:kafka"), ("SelfManagedKafka", "SelfManagedKafka")], ids=["MSK", "self-managed"]
)
@rule("An event has records by topic and partition, each with its offset, key and value in base64.", KAFKA)
def test_an_event_has_records_by_topic_and_partition(kind: str, source: str) -> None:
    stand = Stand(on_kafka(kind), Scripted())
    stand.put("a", "b", key="pump-7", to="plant")

    stand.settle()

    (event,) = stand.handler.events
    assert event["eventSource"] == source
    assert list(event["records"]) == ["plant-0"]
    assert [record["offset"] for record in event["records"]["plant-0"]] == [0, 1]
    assert b64decode(event["records"]["plant-0"][0]["key"]) == b"pump-7"


@rule("A batch waits half a second for more unless declared otherwise.", KAFKA)
def test_a_batch_waits_half_a_second() -> None:
    stand = Stand(on_kafka(), Scripted())
    stand.put("a", key="k", to="plant")

    stand.wait(499)
    before = len(stand.handler.events)
    stand.wait(1)

    assert (before, len(stand.handler.events)) == (0, 1)


@rule("A failed batch is tried again until it is done; nothing behind it is delivered meanwhile.", SELF_MANAGED)
def test_a_failed_batch_is_tried_again_until_it_is_done() -> None:
    stand = Stand(on_kafka(BatchSize=2), Scripted(*[raises] * 5))
    stand.put(*"abc", key="k", to="plant")

    stand.settle()

    assert [carried(event) for event in stand.handler.events] == [["a", "b"]] * 6 + [["c"]]


@rule("A filter sees a record's `value` as JSON or plain text, as its pattern does.", FILTERED)
def test_a_filter_sees_the_value_of_a_record() -> None:
    stand = Stand(on_kafka(FilterCriteria={"Filters": [{"Pattern": '{"value": {"n": [2]}}'}]}), Scripted())
    for n in (1, 2, 3):
        stand.host.give("plant", {"n": n}, key="k")
    stand.put("plain", key="k", to="plant")

    stand.settle()

    assert [carried(event) for event in stand.handler.events] == [['{"n":2}']]
