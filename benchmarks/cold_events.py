"""A first event for each handler, made by the stages themselves."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

import anomaly.handler
import processors.handler
from benchmarks.chain import CHAIN_PLAN
from benchmarks.folding import SHARD
from benchmarks.workload import START_MS, make_workload
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import encode_plan
from tocsin.core.ports import LogReader, QueueMessage, StoredRecord
from tocsin.runtime.events import feed_event, kinesis_event_of, schedule_event_of, sqs_event_of

RECORDS: Final = 100
DEVICES: Final = 50
MESSAGES: Final = 40
"""Of each device: windows close, and a limit is crossed."""

EventOf = Callable[[Sequence[StoredRecord]], dict[str, Any]]


def first_events() -> dict[str, bytes]:
    """Return files: the plan, and for each handler an event of up to a hundred records, or one request."""
    work = make_workload(DEVICES * MESSAGES * 5, devices=DEVICES, metrics_per_message=5)
    columns = (work.sequences, work.keys, work.datas, work.arrivals_ms)
    records = [StoredRecord(SHARD, *told) for told in zip(*columns, strict=True)]
    readings, panes = kinesis_event_of("readings"), kinesis_event_of("panes")
    messages = [
        QueueMessage(str(place), str(place), data.decode(), {}, START_MS, 1) for place, data in enumerate(work.datas)
    ]
    with open_embedded(None, now_ms=lambda: work.arrivals_ms[-1]) as embedded:
        backend = embedded.backend
        processors.handler.make_handler(backend, PlanBook(CHAIN_PLAN))(readings(records), None)
        of_panes = _read(backend.panes, panes)
        anomaly.handler.make_handler(backend, PlanBook(CHAIN_PLAN))(of_panes, None)
        found = {
            "ingest.handler": sqs_event_of("gateway")(messages[:RECORDS]),
            "ingest.tick": schedule_event_of("tick")(START_MS // 60_000 * 60_000),
            "ingest.archive": readings(records[:RECORDS]),
            "processors.handler": readings(records[:RECORDS]),
            "anomaly.handler": of_panes,
            "alerts.handler": _read(backend.alerts.feed, feed_event),
            "alerts.delivery.handler": sqs_event_of("route")([]),
            "tocsin.api.handler": _request("/v1/devices"),
            "tocsin.runtime.joined": readings(records[:RECORDS]),
        }
    said = {f"{name}.json": json.dumps({"now_ms": START_MS, "event": event}).encode() for name, event in found.items()}
    return {**said, "plan.json": encode_plan(CHAIN_PLAN)}


def _read(reader: LogReader, event_of: EventOf) -> dict[str, Any]:
    records = [record for shard in reader.shards() for record in reader.read(shard.id, after=None, limit=RECORDS)]
    assert records
    return event_of(records)


def _request(path: str) -> dict[str, Any]:
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "benchmark"}
    claims = {"tenant": "demo", "role": "viewer", "sub": "benchmark"}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "localhost"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": "localhost",
            "http": http,
            "requestId": "1",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": START_MS,
            "authorizer": {"jwt": {"claims": claims, "scopes": []}},
        },
        "isBase64Encoded": False,
    }
