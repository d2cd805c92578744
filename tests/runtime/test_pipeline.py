"""The pipeline in one process: gateways' messages, time, a changed plan, and what logs forget."""

import json
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.runtime.walk import PLAN, START_MS, play, walk
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import DAY_MS, MINUTE_MS, VirtualClock
from tocsin.core.errors import ConfigError
from tocsin.core.formats.ticks import decode_tick
from tocsin.core.keys import TICK_KEY
from tocsin.core.messages import Phase
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Plan, SourcePlan, Timing, plan_hash
from tocsin.core.ports import Backend, LogReader, StoredRecord
from tocsin.runtime.pipeline import Pipeline
from tocsin.runtime.stages import make_stages

GATEWAY_PLAN = msgspec.structs.replace(PLAN, sources=(SourcePlan("gateway", "acme"),))


def test_a_gateways_messages_reach_the_windows() -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms) as embedded:
        pipeline = _pipeline(embedded, clock, GATEWAY_PLAN)
        good = {"device": "pump-1", "ts": START_MS, "seq": 1, "metrics": {"flow_lpm": 2.5}}
        embedded.backend.gateway.send([json.dumps(good), "no message"])

        pipeline.advance_to(clock, START_MS + 5 * MINUTE_MS)

        (window,) = embedded.backend.windows.query(
            "acme", "pump-1", size_ms=MINUTE_MS, start_ms=0, end_ms=START_MS + 1, limit=9
        )
        counts = pipeline.counts()
        assert window.metrics["flow_lpm"].mean == 2.5
        assert (counts.records, counts.messages) == (1, 1)
        assert counts.reasons == {"ingest": {"not_json": 1}}
        assert embedded.backend.gateway.depth() == 0


def test_a_tick_falls_into_every_shard_at_every_interval_and_names_the_plan() -> None:
    clock = VirtualClock(START_MS + 1)
    plan = msgspec.structs.replace(PLAN, timing=Timing(tick_ms=30_000))
    with open_embedded(None, now_ms=clock.now_ms, shards=2) as embedded:
        _pipeline(embedded, clock, plan).advance_to(clock, START_MS + MINUTE_MS)

        ticks = [(one.shard, decode_tick(one.data)) for one in _records(embedded.backend.readings)]

    assert [tick.tick_ms for _, tick in ticks] == [START_MS + 30_000, START_MS + 60_000] * 2
    assert {tick.plan_hash for _, tick in ticks} == {plan_hash(plan)}
    assert len({(shard, tick.hash_start) for shard, tick in ticks}) == 2


def test_at_a_full_minute_the_tick_falls_first_and_alerts_see_the_time_last() -> None:
    clock, calls = VirtualClock(START_MS), []

    def told(backend: Backend, plans: PlanBook) -> Any:
        stages = make_stages(backend, plans)
        names = [field.name for field in fields(stages)]
        return SimpleNamespace(**{name: _Told(name, getattr(stages, name), calls) for name in names})

    with open_embedded(None, now_ms=clock.now_ms) as embedded:
        pipeline = Pipeline(embedded, PLAN, clock.now_ms, stages=told)
        pipeline.start_ticks()
        list(play(pipeline, clock, walk()))

    minutes = "".join(f"{call} " for call in calls).split("tick ")[1:]
    quiet, loud = "processors anomaly alerts:minute ", "processors anomaly alerts:feed alerts:minute "
    assert all(minute.startswith((quiet, loud)) for minute in minutes)
    assert any(minute.startswith(loud) for minute in minutes)


def test_what_arrived_before_a_tick_lies_before_it() -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms) as embedded:
        list(play(_pipeline(embedded, clock), clock, walk(minutes=4)))

        records = _records(embedded.backend.readings)

    minutes = [record.arrival_ms // MINUTE_MS - START_MS // MINUTE_MS for record in records]
    ticks = [minute for minute, record in zip(minutes, records, strict=True) if record.partition_key == TICK_KEY]
    assert ticks == [1, 2, 3, 4]
    assert minutes == sorted(minutes)


def test_a_changed_plan_takes_effect_after_a_restart_with_the_next_tick(tmp_path: Path) -> None:
    clock = VirtualClock(START_MS)
    records = list(walk())
    lenient = _with_limit(1_000.0)
    with open_embedded(tmp_path / "t.db", now_ms=clock.now_ms) as embedded:
        list(
            play(
                _pipeline(embedded, clock, lenient),
                clock,
                [one for one in records if one.arrival_ms < START_MS + 480_000],
            )
        )

    with open_embedded(tmp_path / "t.db", now_ms=clock.now_ms) as embedded:
        list(play(_pipeline(embedded, clock), clock, [one for one in records if one.arrival_ms >= START_MS + 480_000]))
        told = embedded.backend.alerts.query("acme", device="pump-1", limit=9)

    first = min(told, key=lambda one: one.number)
    assert (first.rule, first.phase) == ("too_hot", Phase.FIRING)
    assert first.at_ms >= START_MS + 540_000, "only what came after the tick of the restart is judged anew"
    assert first.evidence.plan_hash == plan_hash(PLAN)


def test_logs_in_memory_forget_what_is_done_with() -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms) as embedded:
        pipeline = Pipeline(embedded, PLAN, clock.now_ms, is_lasting=False)
        pipeline.start_ticks()

        list(play(pipeline, clock, walk(minutes=3)))

        assert _records(embedded.backend.readings) == []
        assert _records(embedded.backend.panes) == []


def test_lasting_logs_forget_after_a_week(tmp_path: Path) -> None:
    clock = VirtualClock(START_MS)
    plan = msgspec.structs.replace(PLAN, timing=Timing(tick_ms=DAY_MS))
    with open_embedded(tmp_path / "t.db", now_ms=clock.now_ms) as embedded:
        pipeline = _pipeline(embedded, clock, plan)
        for day in range(9):
            clock.advance_to(START_MS + day * DAY_MS)
            pipeline.run_due()

        ages = [clock.now_ms() - one.arrival_ms for one in _records(embedded.backend.readings)]

    assert max(ages) == 7 * DAY_MS
    assert len(ages) == 8


def test_running_on_the_real_clock_delivers_until_it_is_told_to_stop() -> None:
    now = VirtualClock(START_MS)
    rounds: list[int] = []

    def stop() -> bool:
        now.advance_to(now.now_ms() + MINUTE_MS)
        rounds.append(1)
        return len(rounds) > 3

    with open_embedded(None, now_ms=now.now_ms) as embedded:
        pipeline = Pipeline(embedded, PLAN, now.now_ms)
        pipeline.run_forever(stop)

        assert pipeline.counts().ticks == 3


def test_a_plan_that_needs_a_new_generation_stops_the_pipeline_with_the_reason() -> None:
    clock = VirtualClock(START_MS)
    impatient = msgspec.structs.replace(PLAN, timing=Timing(idle_ms=1_000))
    with open_embedded(None, now_ms=clock.now_ms) as embedded:
        list(play(_pipeline(embedded, clock), clock, walk(minutes=1)))
        changed = _pipeline(embedded, clock, impatient)

        with pytest.raises(ConfigError, match="raise the generation"):
            changed.advance_to(clock, START_MS + 2 * MINUTE_MS)


class _Told:
    """A handler that notes when it is called."""

    def __init__(self, name: str, handler: Any, calls: list[str]) -> None:
        self._name = name
        self._handler = handler
        self._calls = calls

    def __call__(self, event: dict[str, Any], context: object) -> Any:
        of_what = {"alerts": ":feed" if "Records" in event else ":minute"}
        self._calls.append(self._name + of_what.get(self._name, ""))
        return self._handler(event, context)

    def accounts(self) -> Any:
        return self._handler.accounts()


def _pipeline(embedded: Embedded, clock: VirtualClock, plan: Plan = PLAN) -> Pipeline:
    pipeline = Pipeline(embedded, plan, clock.now_ms)
    pipeline.start_ticks()
    return pipeline


def _with_limit(above: float) -> Plan:
    return msgspec.structs.replace(PLAN, rules=(msgspec.structs.replace(PLAN.rules[0], above=above), PLAN.rules[1]))


def _records(log: LogReader) -> list[StoredRecord]:
    return [record for shard in log.shards() for record in log.read(shard.id, after=None, limit=100_000)]
