"""Every source ends on the log or at its handler; what is bad is stored and counted."""

import gzip
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerts.handler import make_handler as make_alerts
from ingest.handler import Facts, IngestHandler, make_handler
from ingest.incoming import OBJECT_BYTES_MAX
from ingest.tick import make_handler as make_tick
from processors.handler import make_handler as make_processors
from tests.core.formats.specimens import ARRIVAL_MS, message
from tests.ingest.specimens import PLAN, Flaky, chance, flaky_log, logged, no_pause, opened, rejected_names
from tocsin.core.errors import UnavailableError
from tocsin.core.formats.kpl import MAGIC, _digest
from tocsin.core.formats.recording import Header, Recorded, encode_header, encode_record
from tocsin.core.formats.rejections import decode_rejections
from tocsin.core.keys import TICK_KEY
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import SourcePlan
from tocsin.core.ports import Backend

EVENTS = Path(__file__).parents[1] / "events"
NAMES = ("gateway", "lines.fifo", "plant-topic", "plant-readings", "partner-stream", "plant")
PLANS = PlanBook(msgspec.structs.replace(PLAN, sources=tuple(SourcePlan(name, "acme") for name in NAMES)))
TABLE = b"device,ts,flow_lpm,state\npump-7,%d,3.5,\npump-8,%d,,ok\n" % (ARRIVAL_MS, ARRIVAL_MS)
UPLOAD = "uploads/plant/may readings.csv"


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_bytes())
    return loaded


def handler_of(backend: Backend) -> IngestHandler:
    return make_handler(backend, PLANS, random=chance(), pause=no_pause()[1])


def with_upload(data: bytes = TABLE, name: str = UPLOAD) -> Backend:
    backend = opened().backend
    backend.blobs.put(name, data)
    return backend


def keys(backend: Backend) -> list[str]:
    return [record.partition_key for record in logged(backend)]


NO_FAILURES: dict[str, Any] = {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("name", "on_the_log", "facts"),
    [
        ("sqs", ["acme#pump-7", "acme#pump-8"], Facts(2, {"no_metrics": 1})),
        ("sqs_fifo", ["acme#pump-7", "acme#pump-8"], Facts(2, {"no_metrics": 1})),
        ("sqs_of_topic", ["acme#pump-7"], Facts(1, {"not_json": 1})),
        ("sns", ["acme#pump-7"], Facts(1, {"no_metrics": 1})),
        ("kafka_msk", ["acme#pump-7"], Facts(1, {"not_json": 2})),
        ("kafka_self_managed", ["acme#pump-7"], Facts(1, {"not_json": 2})),
        ("iot_rule", ["acme#pump-7"], Facts(1)),
        ("kinesis_of_producer_library", ["acme#pump-7", "acme#pump-8", "acme#pump-5"], Facts(3, {"not_json": 1})),
    ],
)
def test_the_documented_event_ends_on_the_log_and_bad_messages_among_the_rejections(
    name: str, on_the_log: list[str], facts: Facts
) -> None:
    backend = opened().backend
    handler = handler_of(backend)

    response = handler(event(name), None)

    stored = [one for blob in rejected_names(backend) for one in decode_rejections(backend.blobs.get(blob) or b"")]
    assert response == NO_FAILURES
    assert keys(backend) == on_the_log
    assert handler.facts == facts
    assert len(stored) == sum(facts.rejected.values())


@pytest.mark.parametrize("name", ["s3", "sqs_of_bucket"])
def test_a_table_that_is_put_into_the_bucket_ends_on_the_log(name: str) -> None:
    backend = with_upload()
    handler = handler_of(backend)

    response = handler(event(name), None)

    (record,) = logged(backend)
    assert response == NO_FAILURES
    assert json.loads(record.data) == {"device": "pump-7", "ts": ARRIVAL_MS, "metrics": {"flow_lpm": 3.5}}
    assert handler.facts == Facts(1, {"value_not_number": 1})


def told_of(name: str) -> dict[str, Any]:
    told = event("s3")
    told["Records"][0]["s3"]["object"]["key"] = f"blobs/{name}"
    return told


def recording(*records: Recorded) -> bytes:
    return encode_header(Header()) + b"".join(map(encode_record, records))


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["plain", "gzip"])
def test_a_recording_that_is_put_into_the_bucket_ends_on_the_log(pack: Callable[[bytes], bytes]) -> None:
    held = recording(
        Recorded(5, "acme#pump-7", message()),
        Recorded(6, TICK_KEY, b"{}"),
        Recorded(7, "beta#pump-7", message()),
        Recorded(8, "no key", message()),
    )
    backend = with_upload(pack(held + b"damaged\n"), "uploads/plant/day.jsonl.gz")
    handler = handler_of(backend)

    handler(told_of("uploads/plant/day.jsonl.gz"), None)

    assert [(record.partition_key, record.data) for record in logged(backend)] == [("acme#pump-7", message())]
    assert handler.facts.rejected == {"tenant_mismatch": 1, "key_invalid": 1, "format_unknown": 1}


def test_lines_of_messages_that_are_put_into_the_bucket_end_on_the_log() -> None:
    backend = with_upload(message() + b"\n\nno json\n" + message(device="pump-8"), "uploads/plant/day.jsonl")
    handler = handler_of(backend)

    handler(told_of("uploads/plant/day.jsonl"), None)

    assert keys(backend) == ["acme#pump-7", "acme#pump-8"]
    assert handler.facts.rejected == {"not_json": 1}


@pytest.mark.parametrize(
    ("data", "name", "problem"),
    [
        pytest.param(b"device,flow\npump-7,3\n", "a.csv", "table must have a column ts, time, timestamp", id="no time"),
        pytest.param(gzip.compress(TABLE)[:-9], "a.csv.gz", "object cannot be read on", id="cut"),
        pytest.param(b"x" * (OBJECT_BYTES_MAX // 8) + b"\n", "a.jsonl", "", id="a line that is too long"),
    ],
)
def test_an_object_that_cannot_be_read_is_a_rejection_that_says_why(data: bytes, name: str, problem: str) -> None:
    backend = with_upload(data, f"uploads/plant/{name}")
    handler = handler_of(backend)

    handler(told_of(f"uploads/plant/{name}"), None)

    stored = [one for blob in rejected_names(backend) for one in decode_rejections(backend.blobs.get(blob) or b"")]
    assert problem in stored[-1].detail
    assert sum(handler.facts.rejected.values()) >= 1


def test_the_same_event_twice_stores_its_rejections_under_the_same_names() -> None:
    backend = with_upload()
    handler = handler_of(backend)
    for name in ("s3", "sns", "kafka_msk", "kinesis_of_producer_library"):
        handler(event(name), None)
    before = rejected_names(backend)

    for name in ("s3", "sns", "kafka_msk", "kinesis_of_producer_library"):
        handler(event(name), None)

    assert len(before) == 5
    assert rejected_names(backend) == before


@pytest.mark.parametrize("name", ["sns", "kafka_msk", "s3", "iot_rule"])
def test_what_cannot_name_its_failures_fails_as_a_whole_and_comes_again(name: str) -> None:
    backend, _ = flaky_log(with_upload(), *[None] * 6)

    with pytest.raises(UnavailableError, match="bodies were not taken"):
        handler_of(backend)(event(name), None)


def test_a_stream_comes_again_from_the_record_that_was_not_taken() -> None:
    backend, _ = flaky_log(opened().backend, *[(2,)] + [(0,)] * 5)
    told = event("kinesis_of_producer_library")

    response = handler_of(backend)(told, None)

    last = told["Records"][1]["kinesis"]["sequenceNumber"]
    assert response == {"batchItemFailures": [{"itemIdentifier": last}]}


def test_all_behind_a_failed_message_of_its_group_come_again() -> None:
    backend, _ = flaky_log(opened().backend, *[(0,)] * 6)
    told = event("sqs_fifo")

    response = handler_of(backend)(told, None)

    assert [one["itemIdentifier"] for one in response["batchItemFailures"]] == ["fifo-1", "fifo-3"]


@pytest.mark.parametrize("name", ["sns", "kafka_msk", "s3"])
def test_a_source_that_the_plan_does_not_know_is_not_taken(name: str) -> None:
    backend = with_upload()
    stranger = make_handler(backend, PlanBook(PLAN), random=chance(), pause=no_pause()[1])

    with pytest.raises(UnavailableError):
        stranger(event(name), None)

    assert logged(backend) == []


def test_an_object_that_is_gone_is_not_taken() -> None:
    with pytest.raises(UnavailableError):
        handler_of(opened().backend)(event("s3"), None)


def test_a_topic_of_another_form_speaks_for_nobody() -> None:
    backend = opened().backend
    handler = handler_of(backend)

    handler(event("iot_rule") | {"topic": "elsewhere/acme/pump-7"}, None)

    assert handler.facts == Facts(0, {"key_invalid": 1})
    assert logged(backend) == []


def test_a_device_speaks_for_itself_alone_whatever_its_message_says() -> None:
    backend = opened().backend
    handler = handler_of(backend)

    handler(event("iot_rule") | {"topic": "tocsin/beta/pump-1/readings"}, None)

    assert handler.facts.rejected == {"device_mismatch": 1}


def test_an_aggregated_record_that_is_damaged_is_a_rejection() -> None:
    backend = opened().backend
    handler = handler_of(backend)
    told = event("kinesis_of_producer_library")
    told["Records"][0]["kinesis"]["data"] = b64encode(MAGIC + b"\x0b" + _digest(b"\x0b")).decode()

    assert handler(told, None) == NO_FAILURES
    assert handler.facts == Facts(1, {"format_unknown": 1})


def test_a_rule_of_iot_may_put_messages_into_the_log_itself_and_processors_judge_them() -> None:
    embedded = opened()
    told = event("kinesis_of_iot_rule")
    processors = make_processors(embedded.backend, PLANS)

    assert processors(told, None) == NO_FAILURES

    accounts = processors.accounts()["shardId-000000000006"]
    assert (accounts.messages, accounts.rejected) == (1, 1)


@pytest.mark.parametrize("name", ["schedule", "scheduler"])
def test_schedules_end_at_the_tick_and_at_the_alerts(name: str) -> None:
    backend = opened().backend

    answer = make_tick(backend, PLANS, random=chance(), pause=no_pause()[1])(event(name), None)
    make_alerts(backend, PLANS)(event(name), None)

    assert answer["shards"] == 1
    assert keys(backend) == [TICK_KEY]


def test_the_change_feed_of_a_table_ends_at_the_alerts() -> None:
    backend = opened().backend

    assert make_alerts(backend, PLANS)(event("alerts_feed"), None) == NO_FAILURES


def test_rejections_that_cannot_be_stored_fail_what_they_came_with() -> None:
    backend = opened().backend
    shaky = replace(backend, blobs=Flaky(backend.blobs, [None]))

    response = handler_of(shaky)(event("kinesis_of_producer_library"), None)

    assert len(response["batchItemFailures"]) == 1
