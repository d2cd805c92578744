"""Panes that only their log has are found before it is done without."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.runtime.walk import PLAN, START_MS, walk
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import VirtualClock
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend, LogRecord
from tocsin.runtime.events import kinesis_event_of
from tocsin.runtime.joined import JoinedHandler
from tocsin.runtime.stages import make_stages
from tocsin.runtime.under_way import panes_under_way

PLANS = PlanBook(PLAN)
RECORDS = list(walk(minutes=6))


@pytest.fixture
def backend() -> Iterator[Backend]:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms) as embedded:
        for record in RECORDS:
            clock.advance_to(max(clock.now_ms(), record.arrival_ms))
            embedded.backend.readings.put([LogRecord(record.partition_key, record.data)])
        yield embedded.backend


def fold(backend: Backend, *, through: int | None = None, after: int = 0) -> None:
    """Have processors fold the readings, in two calls, so that what the first published has left its outbox."""
    handler = make_stages(backend, PLANS).processors
    log = backend.readings.read(backend.readings.shards()[0].id, after=None, limit=10_000)[after:through]
    for part in (log[: len(log) // 2], log[len(log) // 2 :]):
        handler(kinesis_event_of("readings")(part), None)


def judge(backend: Backend, limit: int = 10_000) -> None:
    log = backend.panes.read(backend.panes.shards()[0].id, after=None, limit=limit)
    make_stages(backend, PLANS).anomaly(kinesis_event_of("panes")(log), None)


def on_log(backend: Backend) -> int:
    return sum(one.on_log for one in panes_under_way(backend, PLAN, PLANS))


def test_nothing_is_under_way_before_anything_came(backend: Backend) -> None:
    assert panes_under_way(backend, PLAN, PLANS) == []


def test_panes_lie_on_the_log_until_they_are_judged(backend: Backend) -> None:
    fold(backend)
    first = on_log(backend)
    judge(backend, limit=2)
    then = on_log(backend)
    judge(backend)

    assert first > then > 0
    assert panes_under_way(backend, PLAN, PLANS) == []


def test_panes_that_the_log_refused_are_in_the_outbox_and_do_not_hold_up_a_switch(backend: Backend) -> None:
    class Refusing:
        def put(self, records: list[LogRecord]) -> list[int]:
            return list(range(len(records)))

    fold(replace(backend, panes=Refusing()))  # type: ignore[arg-type]

    found = panes_under_way(backend, PLAN, PLANS)
    assert found
    assert on_log(backend) == 0
    assert all(one.in_outbox for one in found)


def test_switch_is_refused_by_the_stage_where_the_check_finds_panes_and_goes_through_where_it_finds_none(
    backend: Backend,
) -> None:
    fold(backend, through=len(RECORDS) // 2)
    rest = backend.readings.read(backend.readings.shards()[0].id, after=None, limit=10_000)[len(RECORDS) // 2 :]
    event = kinesis_event_of("readings")(rest)

    assert on_log(backend)
    assert JoinedHandler(backend, PLANS)(event, None)["batchItemFailures"]

    judge(backend)
    assert on_log(backend) == 0
    assert not JoinedHandler(backend, PLANS)(event, None)["batchItemFailures"]
