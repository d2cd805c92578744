"""Events in the shapes that AWS documents."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.formats.batch_answer import batch_failures
from tocsin.core.formats.delivery_event import Delivery, parse_deliveries
from tocsin.core.formats.http_event import Request, answer, is_http_event, parse_http_event, problem
from tocsin.core.formats.kinesis_event import kinesis_columns, kinesis_records
from tocsin.core.formats.schedule_event import scheduled_ms
from tocsin.core.ports import StoredRecord

EVENTS = Path(__file__).parents[2] / "events"
SEQUENCE = "49590338271490256608559692538361571095921575989136588898"


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_bytes())
    return loaded


def test_kinesis_records_have_shard_sequence_key_bytes_and_arrival() -> None:
    first, second = kinesis_records(event("kinesis"))

    assert first == StoredRecord(
        "shardId-000000000006", SEQUENCE, "acme#pump-7", b"Hello, this is a test.", 1_545_084_650_987
    )
    assert (second.partition_key, second.arrival_ms) == ("!tick", 1_545_084_711_166)


def test_kinesis_columns_say_the_same_as_the_records() -> None:
    columns = kinesis_columns(event("kinesis"))

    records = kinesis_records(event("kinesis"))
    assert columns.shard == "shardId-000000000006"
    assert columns.sequences == [record.sequence for record in records]
    assert columns.keys == [record.partition_key for record in records]
    assert columns.datas == [record.data for record in records]
    assert columns.arrivals_ms.tolist() == [record.arrival_ms for record in records]
    assert len(columns) == 2


def test_kinesis_event_without_records_is_empty() -> None:
    columns = kinesis_columns({"Records": []})

    assert (columns.shard, len(columns), columns.arrivals_ms.tolist()) == ("", 0, [])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 4_102_444_800_000))
def test_arrival_is_exact_to_the_millisecond(arrival_ms: int) -> None:
    changed = event("kinesis")
    changed["Records"][0]["kinesis"]["approximateArrivalTimestamp"] = arrival_ms / 1_000

    assert kinesis_records(changed)[0].arrival_ms == arrival_ms


def test_failed_items_are_named_as_lambda_expects() -> None:
    assert batch_failures(["7", "8"]) == {"batchItemFailures": [{"itemIdentifier": "7"}, {"itemIdentifier": "8"}]}
    assert batch_failures([]) == {"batchItemFailures": []}


def test_queue_messages_have_id_queue_body_and_time() -> None:
    first, second = parse_deliveries(event("sqs"))

    assert first == Delivery(
        "059f36b4-87a3-44ab-83d2-661975830a7d",
        "gateway",
        b'{"device": "pump-7", "ts": 1795428000250, "seq": 812, "metrics": {"temperature_celsius": 61.2}}',
        1_795_428_001_000,
        "059f36b4-87a3-44ab-83d2-661975830a7d",
    )
    assert second.id == "2e1424d4-f796-459a-8184-9c92662be6da"


def test_half_a_surrogate_pair_in_a_queue_message_becomes_bytes() -> None:
    changed = event("sqs")
    changed["Records"][0]["body"] = "\ud800"

    assert parse_deliveries(changed)[0].body == b"\xed\xa0\x80"


def test_request_has_its_body_claims_and_time() -> None:
    request = parse_http_event(event("http_api"))

    assert is_http_event(event("http_api"))
    assert request == Request(
        id="JKJaXmPLvHcESHA=",
        body=b'{"device": "pump-7", "ts": 1795428000250, "metrics": {"flow_lpm": 3}}',
        claims=request.claims,
        time_ms=1_795_428_001_000,
    )
    assert (request.claims["tenant"], request.claims["device"]) == ("acme", "pump-7")


@pytest.mark.parametrize(
    "authorizer", [None, {}, {"jwt": None}, {"jwt": {"claims": None}}, {"lambda": {"tenant": "a"}}]
)
def test_request_without_checked_claims_has_none(authorizer: object) -> None:
    changed = event("http_api")
    changed["requestContext"]["authorizer"] = authorizer

    assert parse_http_event(changed).claims == {}


def test_request_may_have_a_plain_body_or_none() -> None:
    changed = event("http_api") | {"isBase64Encoded": False, "body": "größe"}

    assert parse_http_event(changed).body == "größe".encode()
    del changed["body"]
    assert parse_http_event(changed).body == b""


def test_answers_have_the_shape_of_an_api() -> None:
    fine, bad = answer(202, {"accepted": 1}), problem(400, "nothing accepted", "why", rejected=2)

    assert (fine["statusCode"], fine["headers"]["content-type"]) == (202, "application/json")
    assert json.loads(fine["body"]) == {"accepted": 1}
    assert (bad["statusCode"], bad["headers"]["content-type"]) == (400, "application/problem+json")
    assert json.loads(bad["body"]) == {
        "type": "about:blank",
        "title": "nothing accepted",
        "status": 400,
        "detail": "why",
        "rejected": 2,
    }


PARSERS = {
    "kinesis": kinesis_columns,
    "sqs": parse_deliveries,
    "http_api": parse_http_event,
    "schedule": scheduled_ms,
}


@pytest.mark.parametrize(
    ("parse", "name"),
    # A stream may be a source of readings, too, so its events are deliveries.
    [
        (parse, name)
        for own, parse in PARSERS.items()
        for name in PARSERS
        if name != own and (own, name) != ("sqs", "kinesis")
    ],
)
def test_event_of_another_kind_is_an_error(parse: Callable[[dict[str, Any]], object], name: str) -> None:
    with pytest.raises(ValueError, match="event must be"):
        parse(event(name))
