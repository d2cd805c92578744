"""A recording leads to the same alerts every time, however it is cut, and every record is accounted for."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from tests.runtime.walk import PLAN, START_MS, play, walk
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import HOUR_MS, MINUTE_MS, VirtualClock
from tocsin.core.errors import UnavailableError
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.core.keys import TICK_KEY
from tocsin.core.messages import Notification, Phase
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Grouping, plan_hash
from tocsin.core.ports import Backend
from tocsin.runtime.golden import golden_text
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.pipeline import Pipeline, PipelineSettings
from tocsin.runtime.record import record_log
from tocsin.runtime.recorded_time import pacer
from tocsin.runtime.replay import Replayed, ReplayRun, ReplaySettings, replay
from tocsin.runtime.stages import Stages, make_stages

HEADER = Header(clock="virtual")


def test_two_replays_are_the_same_to_the_byte() -> None:
    first, second = (replay(HEADER, walk(), PLAN) for _ in range(2))

    assert msgspec.msgpack.encode(first) == msgspec.msgpack.encode(second)
    assert first.transitions
    assert first.notifications


@pytest.mark.parametrize(
    ("put", "batch"),
    [
        pytest.param(1, 1, id="record by record"),
        pytest.param(7, 5, id="small batches"),
        pytest.param(10_000, 3, id="much at once, small batches"),
    ],
)
def test_the_size_of_batches_changes_neither_alerts_nor_accounts(put: int, batch: int) -> None:
    small = MappingSettings(batch_records_max=batch)
    settings = ReplaySettings(put_records_max=put, mappings=PipelineSettings(small, small, small, small))

    cut = replay(HEADER, walk(minutes=10), PLAN, settings)
    whole = replay(HEADER, walk(minutes=10), PLAN)

    assert golden_text(cut.transitions, []) == golden_text(whole.transitions, [])
    assert cut.counts == whole.counts


def test_how_much_is_put_at_once_shows_neither_in_what_people_are_told_nor_in_when() -> None:
    patient = structs.replace(PLAN, grouping=Grouping(by=("kind",), wait_ms=MINUTE_MS))

    def told(put_records_max: int) -> list[tuple[int, Notification]]:
        with ReplayRun(HEADER, patient, ReplaySettings(put_records_max=put_records_max)) as run:
            return [(at_ms, one) for at_ms in run.steps(walk()) for one in run.new_notifications()]

    assert told(3) == told(5_000)
    assert told(3)


@pytest.mark.parametrize("shards", [1, 3])
def test_every_record_is_folded_known_already_or_rejected(shards: int) -> None:
    result = replay(Header(shards=shards), walk(), PLAN)

    counts = result.counts
    assert counts
    assert result.records == counts.records == len(list(walk()))
    assert counts.messages + counts.duplicates + counts.rejected == counts.records
    assert (counts.duplicates, counts.rejected) == (10, 5)
    assert counts.reasons == {"processors": {"not_json": 5}}
    assert counts.late > 0
    assert counts.readings + counts.late == 2 * counts.messages
    assert sum(counts.transitions.values()) == len(result.transitions) == sum(counts.decisions.values())
    assert counts.notifications == len(result.notifications)


def test_heat_and_silence_are_told_when_they_begin_and_when_they_end() -> None:
    result = replay(HEADER, walk(), PLAN)

    seen = {(one.device, one.rule, one.phase) for one in result.transitions}
    assert seen == {
        ("pump-1", "too_hot", Phase.FIRING),
        ("pump-1", "too_hot", Phase.RESOLVED),
        ("pump-2", "silent", Phase.FIRING),
        ("pump-2", "silent", Phase.RESOLVED),
    }


def test_a_recording_of_the_log_leads_to_the_alerts_that_the_run_had(tmp_path: Path) -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms, shards=2) as embedded:
        pipeline = Pipeline(embedded, PLAN, clock.now_ms)
        pipeline.start_ticks()
        list(play(pipeline, clock, walk()))
        pipeline.advance_to(clock, START_MS + 23 * MINUTE_MS)
        span = record_log(embedded.backend.readings, tmp_path / "run.jsonl.gz", source="log readings")
        lived = _read_feed(embedded.backend)

    with RecordingReader(tmp_path / "run.jsonl.gz") as reader:
        assert (reader.header.shards, reader.header.ticks) == (2, True)
        replayed = replay(reader.header, reader, PLAN, ReplaySettings(settle_ms=0))

    assert span.records == replayed.records + 2 * 23
    assert golden_text(replayed.transitions, []) == golden_text(lived, [])


def test_recorded_ticks_name_the_plan_of_the_replay(tmp_path: Path) -> None:
    cooler = structs.replace(PLAN, rules=(structs.replace(PLAN.rules[0], above=1_000.0), PLAN.rules[1]))
    _record_run(tmp_path / "run.jsonl", list(walk(minutes=15)))

    with RecordingReader(tmp_path / "run.jsonl") as reader:
        result = replay(reader.header, reader, cooler)

    assert {one.rule for one in result.transitions} == {"silent"}
    assert {one.evidence.plan_hash for one in result.transitions} == {plan_hash(cooler)}


def test_a_range_of_the_log_can_be_recorded(tmp_path: Path) -> None:
    records = list(walk(minutes=6))
    _record_run(tmp_path / "all.jsonl", records)
    _record_run(tmp_path / "part.jsonl", records, start_ms=START_MS + MINUTE_MS, end_ms=START_MS + 2 * MINUTE_MS)

    with RecordingReader(tmp_path / "part.jsonl") as reader:
        part = list(reader)

    with RecordingReader(tmp_path / "all.jsonl") as reader:
        wanted = [one for one in reader if START_MS + MINUTE_MS <= one.arrival_ms < START_MS + 2 * MINUTE_MS]
    assert part == wanted
    assert part


def test_silence_after_the_end_is_told_only_where_time_goes_on_that_long() -> None:
    def told(settle_ms: int) -> int:
        result = replay(HEADER, walk(minutes=12), PLAN, ReplaySettings(settle_ms=settle_ms))
        return sum(one.rule == "silent" for one in result.transitions)

    assert (told(2 * MINUTE_MS), told(10 * MINUTE_MS)) == (1, 6)


def test_time_passes_in_gaps_of_a_recording() -> None:
    late = [structs.replace(record, arrival_ms=record.arrival_ms + HOUR_MS) for record in walk(minutes=10)]

    result = replay(HEADER, [*walk(minutes=10), *late], PLAN)

    assert result.counts
    assert result.counts.ticks == 74
    assert {one.device for one in result.transitions if one.rule == "silent"} == {f"pump-{n}" for n in range(6)}


@pytest.mark.parametrize(
    ("clock", "step_ms", "ticks"),
    [
        pytest.param("event", HOUR_MS, 24, id="hourly rows of a table: hourly ticks"),
        pytest.param("event", 7 * MINUTE_MS, 33, id="rows every seven minutes: ticks every five"),
        pytest.param("event", 1_000, 5, id="a row a second: as often as the plan says"),
        pytest.param("wall", 5 * MINUTE_MS, 119, id="what was recorded live: as often as the plan says"),
    ],
)
def test_ticks_come_about_as_often_as_the_rows_of_a_table(clock: str, step_ms: int, ticks: int) -> None:
    records = [structs.replace(record, arrival_ms=START_MS + row * step_ms) for row, record in enumerate(walk(1, 4))]

    result = replay(Header(clock=clock), records, PLAN)

    assert result.counts
    assert result.counts.ticks == ticks


def test_a_broken_tick_is_rejected_and_does_no_harm() -> None:
    records = [Recorded(START_MS, TICK_KEY, b"later"), *walk(minutes=3)]

    result = replay(Header(ticks=True), records, PLAN)

    assert result.counts
    assert result.counts.reasons["processors"]["format_unknown"] == 1


def test_an_empty_recording_leads_to_nothing() -> None:
    assert replay(HEADER, [], PLAN) == Replayed(0, None, None, (), (), (), None)


def test_a_stage_that_keeps_failing_ends_the_replay_with_its_error() -> None:
    settings = ReplaySettings(stages=_with_processors(_unavailable))

    with pytest.raises(UnavailableError, match="processors: store is gone"):
        replay(HEADER, walk(minutes=1), PLAN, settings)


def test_a_stage_that_fails_now_and_then_changes_nothing() -> None:
    calls: list[int] = []

    def now_and_then(handler: Any, event: dict[str, Any], context: object) -> dict[str, Any]:
        calls.append(1)
        if len(calls) % 3 == 1:
            raise UnavailableError("store did not answer")
        if len(calls) % 3 == 2:
            handler(event, context)
            raise UnavailableError("the answer was lost")
        answer: dict[str, Any] = handler(event, context)
        return answer

    shaky = replay(HEADER, walk(), PLAN, ReplaySettings(stages=_with_processors(now_and_then)))
    calm = replay(HEADER, walk(), PLAN)

    assert golden_text(shaky.transitions, []) == golden_text(calm.transitions, [])
    assert shaky.counts
    assert calm.counts
    assert shaky.counts.messages == calm.counts.messages


def test_pace_is_kept_from_the_beginning() -> None:
    now, pauses = [1_000], []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += round(seconds * 1_000)

    wait_for = pacer(60.0, lambda: now[0], pause)
    for minute in range(4):
        wait_for(START_MS + minute * MINUTE_MS)
        now[0] += 400 if minute != 1 else 1_500

    assert pauses == [0.6, 0.1]


def _with_processors(run: Callable[[Any, dict[str, Any], object], dict[str, Any]]) -> Any:
    class Wrapped:
        def __init__(self, handler: Any) -> None:
            self._handler = handler

        def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
            return run(self._handler, event, context)

        def accounts(self) -> Any:
            return self._handler.accounts()

    def make(backend: Backend, plans: PlanBook) -> Stages:
        stages = make_stages(backend, plans)
        wrapped: Any = Wrapped(stages.processors)
        return replace(stages, processors=wrapped)

    return make


def _unavailable(_: Any, __: dict[str, Any], ___: object) -> dict[str, Any]:
    raise UnavailableError("store is gone")


def _record_run(path: Path, records: Iterable[Recorded], **span: int) -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms) as embedded:
        pipeline = Pipeline(embedded, PLAN, clock.now_ms)
        pipeline.start_ticks()
        list(play(pipeline, clock, records))
        record_log(embedded.backend.readings, path, source="test", **span)


def _read_feed(backend: Backend) -> list[Any]:
    return backend.alerts.query("acme", limit=1_000)
