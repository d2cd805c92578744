"""A trace that a device takes part in is found again in the evidence of its alerts and in what people are told."""

import json
from io import StringIO
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.json import decode

from alerts.handler import logger
from processors.handler import make_handler
from processors.traces import trace_of
from tests.processors.streams import EPOCH_MS
from tests.processors.test_handler import EVENT_OF, PLAN
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import MINUTE_MS, VirtualClock
from tocsin.core.formats.pane_bytes import decode_panes
from tocsin.core.messages import Phase
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import LimitsRule, MetricPlan, Plan, Window
from tocsin.core.ports import LogRecord, StoredRecord
from tocsin.runtime.pipeline import Pipeline

HOT = Plan(
    metrics=(MetricPlan("*", (Window(MINUTE_MS, MINUTE_MS),)),),
    rules=(LimitsRule(name="hot", metric="*", above=90.0),),
)


def trace(number: int) -> str:
    return f"{number:032x}"


def message(at_ms: int, value: float, traced: int | None = None) -> bytes:
    parent = {} if traced is None else {"traceparent": f"00-{trace(traced)}-00f067aa0ba902b7-01"}
    return json.dumps({"device": "pump-7", "ts": EPOCH_MS + at_ms, **parent, "metrics": {"t_celsius": value}}).encode()


def test_trace_of_the_reading_that_crossed_a_limit_is_in_evidence_and_notification(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, shown = VirtualClock(EPOCH_MS), StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", shown)
    with open_embedded(None, now_ms=clock.now_ms) as embedded:
        told = embedded.queue("told")
        embedded.backend.topic.subscribe("told")
        pipeline = Pipeline(embedded, HOT, clock.now_ms)
        pipeline.start_ticks()
        pipeline.backend.readings.put(
            [LogRecord("acme#pump-7", message(1_000, 50.0, 1)), LogRecord("acme#pump-7", message(2_000, 95.0, 2))]
        )
        pipeline.advance_to(clock, EPOCH_MS + 3 * MINUTE_MS)

        (firing,) = (one for one in embedded.backend.alerts.query("acme", limit=9) if one.phase is Phase.FIRING)
        (notified, *_) = told.receive(limit=9, visibility_ms=1)

    assert firing.evidence.trace == trace(2)
    assert decode(notified.body)["traces"] == [trace(2)]
    (line,) = (one for one in map(json.loads, shown.getvalue().splitlines()) if "traces" in one)
    assert (line["message"], line["traces"]) == ("notification published", [trace(2)])


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_traces_behind_panes_are_the_same_in_any_split_into_batches(data: st.DataObject) -> None:
    step_ms = 20_000
    records = [
        StoredRecord(
            "shardId-000000000000",
            str(place + 1),
            "demo#pump-7",
            message(place * step_ms, 1.0, place if data.draw(st.booleans()) else None),
            EPOCH_MS + 20 * step_ms,
        )
        for place in range(12)
    ]
    cuts = sorted({0, len(records), *data.draw(st.sets(st.integers(1, len(records) - 1)))})

    assert _traced(records, cuts) == _traced(records, [0, len(records)])


def _traced(records: list[StoredRecord], cuts: list[int]) -> list[tuple[int, str]]:
    """Return start and trace of each pane, delivered in batches that end at the cuts."""
    with open_embedded(None, now_ms=lambda: EPOCH_MS) as embedded:
        handler = make_handler(embedded.backend, PlanBook(PLAN))
        for begin, end in pairwise(cuts):
            handler(EVENT_OF(records[begin:end]), None)
        (shard,) = embedded.backend.panes.shards()
        read = embedded.backend.panes.read(shard.id, after=None, limit=99)
        batches = [decode_panes(record.data) for record in read]
    return [
        (start_ms, batch.traces.get(place, ""))
        for batch in batches
        for place, start_ms in enumerate(batch.panes.start_ms.tolist())
    ]


def test_window_has_the_trace_of_the_message_that_closed_it() -> None:
    records = [
        StoredRecord("shardId-000000000000", str(place + 1), "demo#pump-7", message(at_ms, 1.0, place), EPOCH_MS)
        for place, at_ms in enumerate((0, 50_000, 95_000))
    ]

    assert _traced(records, [0, 3]) == [(EPOCH_MS, trace(2))]


@pytest.mark.parametrize(
    ("data", "index", "expected"),
    [
        pytest.param(message(0, 1.0, 7), 0, trace(7), id="one message"),
        pytest.param(message(0, 1.0, 7) + b"\n" + message(1, 1.0, 8), 1, trace(8), id="the second of two lines"),
        pytest.param(b"[" + message(0, 1.0, 7) + b"," + message(1, 1.0) + b"]", 1, "", id="its neighbour's is not its"),
        pytest.param(message(0, 1.0), 0, "", id="none"),
        pytest.param(message(0, 1.0, 0), 0, "", id="an invalid one of zeros"),
        pytest.param(b'{"traceparent": "00-canary"}', 0, "", id="nonsense"),
        pytest.param(b'{"traceparent": "00-' + b"A" * 32 + b'-00f067aa0ba902b7-01"}', 0, "", id="capital digits"),
    ],
)
def test_trace_id_is_read_from_the_message_itself(data: bytes, index: int, expected: str) -> None:
    assert trace_of(data, index) == expected
