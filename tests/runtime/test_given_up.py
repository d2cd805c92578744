"""What mappings gave up comes back; what waits for panes that never come goes on, with an account."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from anomaly.handler import make_handler as make_anomaly
from tests.runtime.walk import PLAN, START_MS, play, transitions_of, walk
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import HOUR_MS, MINUTE_MS, VirtualClock
from tocsin.core.errors import DamagedError, UnavailableError, UsageError
from tocsin.core.formats.rejections import decode_rejections
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend, LogRecord
from tocsin.runtime.discarded import ON_FAILURE_PREFIX
from tocsin.runtime.gaps import SKIPPED_PREFIX, Gap, gaps, skip_gaps
from tocsin.runtime.given_up import REDRIVEN_PREFIX, GivenUp, Redriven, chosen, find, given_up, redrive
from tocsin.runtime.pipeline import Pipeline, PipelineSettings
from tocsin.runtime.stages import Stages, make_stages

IMPATIENT = PipelineSettings()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START_MS)


@pytest.fixture
def embedded(clock: VirtualClock) -> Iterator[Embedded]:
    with open_embedded(None, now_ms=clock.now_ms) as opened:
        yield opened


class _Down:
    """A stage that does not work for a while."""

    def __init__(self, stage: Any) -> None:
        self.is_down = True
        self._stage = stage

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        if self.is_down:
            raise UnavailableError("the store did not answer")
        answer: dict[str, Any] = self._stage(event, context)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stage, name)


def pipeline_with(embedded: Embedded, clock: VirtualClock, stage: str) -> tuple[Pipeline, _Down]:
    """Return a pipeline one of whose stages is down, and whose mappings give up after two retries."""
    down: list[_Down] = []

    def make(backend: Backend, plans: PlanBook) -> Stages:
        stages = make_stages(backend, plans)
        down.append(_Down(getattr(stages, stage)))
        return replace(stages, **{stage: down[0]})

    quick = {name: replace(getattr(IMPATIENT, name), retries_max=2) for name in ("processors", "anomaly", "alerts")}
    pipeline = Pipeline(embedded, PLAN, clock.now_ms, settings=replace(IMPATIENT, **quick), stages=make)
    pipeline.start_ticks()
    return pipeline, down[0]


def again(batch: GivenUp, embedded: Embedded, clock: VirtualClock, *, is_trial: bool = False) -> Redriven:
    fold = make_anomaly(embedded.backend, PlanBook(PLAN))
    return redrive(batch, embedded.backend, clock.now_ms(), fold_panes=fold, is_trial=is_trial)


def played(pipeline: Pipeline, clock: VirtualClock, minutes: int = 8) -> None:
    for _ in play(pipeline, clock, walk(minutes=minutes)):
        pass


def test_readings_that_were_given_up_are_found_and_put_again(embedded: Embedded, clock: VirtualClock) -> None:
    pipeline, down = pipeline_with(embedded, clock, "processors")
    played(pipeline, clock, minutes=2)

    batches = list(given_up(embedded.backend.blobs))
    down.is_down = False
    done = [again(batch, embedded, clock) for batch in batches]
    pipeline.advance_to(clock, clock.now_ms() + 5 * MINUTE_MS)

    assert {(batch.function, batch.log, batch.condition) for batch in batches} == {
        ("processors", "readings", "RetryAttemptsExhausted")
    }
    assert sum(one.put for one in done) == sum(batch.records for batch in batches) - sum(one.ticks for one in done)
    assert sum(one.ticks for one in done) > 0
    assert pipeline.counts().messages >= 70
    windows = embedded.backend.windows.query(
        "acme", "pump-0", size_ms=MINUTE_MS, start_ms=START_MS, end_ms=START_MS + HOUR_MS, limit=9
    )
    assert windows[0].metrics["flow_lpm"].count == 6


def test_what_was_put_again_is_not_put_twice(embedded: Embedded, clock: VirtualClock) -> None:
    pipeline, _ = pipeline_with(embedded, clock, "processors")
    played(pipeline, clock, minutes=1)
    (batch, *_) = given_up(embedded.backend.blobs)
    again(batch, embedded, clock)

    second = again(find(embedded.backend.blobs, batch.name) or batch, embedded, clock)

    assert second.left == "was put again before"
    assert batch.name not in [one.name for one in chosen(embedded.backend.blobs, [])]


def test_a_dry_run_changes_nothing(embedded: Embedded, clock: VirtualClock) -> None:
    pipeline, _ = pipeline_with(embedded, clock, "processors")
    played(pipeline, clock, minutes=1)
    before = len(embedded.readings.read("shardId-000000000000", after=None, limit=10_000))
    (batch, *_) = given_up(embedded.backend.blobs)

    done = again(batch, embedded, clock, is_trial=True)

    assert done.put > 0
    assert len(embedded.readings.read("shardId-000000000000", after=None, limit=10_000)) == before
    assert embedded.backend.blobs.names(REDRIVEN_PREFIX, limit=9) == []


def test_a_report_without_records_is_filled_from_the_log(embedded: Embedded, clock: VirtualClock) -> None:
    pipeline, _ = pipeline_with(embedded, clock, "processors")
    played(pipeline, clock, minutes=1)
    (batch, *_) = given_up(embedded.backend.blobs)

    whole = again(batch, embedded, clock, is_trial=True)
    bare = again(replace(batch, event=None), embedded, clock, is_trial=True)

    assert (bare.put, bare.ticks) == (whole.put, whole.ticks)


def test_panes_that_were_given_up_come_back_in_order_and_the_alerts_are_the_same(clock: VirtualClock) -> None:
    with open_embedded(None, now_ms=clock.now_ms) as usual:
        pipeline = Pipeline(usual, PLAN, clock.now_ms)
        pipeline.start_ticks()
        played(pipeline, clock)
        expected = transitions_of(usual)
    later = VirtualClock(START_MS)
    with open_embedded(None, now_ms=later.now_ms) as embedded:
        pipeline, down = pipeline_with(embedded, later, "anomaly")
        played(pipeline, later)

        batches = chosen(embedded.backend.blobs, [])
        down.is_down = False
        for batch in batches:
            again(batch, embedded, later)
        pipeline.advance_to(later, later.now_ms() + 59_000)

        assert expected
        assert transitions_of(embedded) == expected
        assert gaps(embedded.backend, PLAN, PlanBook(PLAN)) == []


def test_batches_of_the_feed_of_alerts_are_left_as_the_stage_has_gone_on(
    embedded: Embedded, clock: VirtualClock
) -> None:
    pipeline, _ = pipeline_with(embedded, clock, "alerts")
    played(pipeline, clock)

    (batch, *_) = given_up(embedded.backend.blobs)

    assert batch.log == "alerts"
    assert "has gone on" in again(batch, embedded, clock).left


def test_a_name_that_nothing_has_is_wrong_use_and_a_damaged_report_is_said(embedded: Embedded) -> None:
    embedded.backend.blobs.put(f"{ON_FAILURE_PREFIX}x", b"{}")

    with pytest.raises(UsageError, match="nothing was given up under nonsense"):
        chosen(embedded.backend.blobs, ["nonsense"])
    with pytest.raises(DamagedError, match="report on-failure/x cannot be read"):
        find(embedded.backend.blobs, f"{ON_FAILURE_PREFIX}x")


def damage_next_panes(embedded: Embedded) -> None:
    """Let the next record of panes be put as bytes that nobody can read."""
    real, lives = embedded.panes.put, [1]

    def put(records: Any) -> Any:
        if lives and records:
            lives.pop()
            first, *rest = records
            return real([LogRecord(first.partition_key, b"\x93damaged"), *rest])
        return real(records)

    embedded.panes.put = put  # type: ignore[method-assign]


def test_a_group_behind_a_damaged_record_of_panes_goes_on_once_it_is_skipped(
    embedded: Embedded, clock: VirtualClock
) -> None:
    pipeline = Pipeline(embedded, PLAN, clock.now_ms)
    pipeline.start_ticks()
    records = list(walk(minutes=12))
    half = [one for one in records if one.arrival_ms < START_MS + 2 * MINUTE_MS]
    list(play(pipeline, clock, half))
    damage_next_panes(embedded)
    list(play(pipeline, clock, records[len(half) :]))
    plans = PlanBook(PLAN)

    (gap,) = gaps(embedded.backend, PLAN, plans)
    stuck = pipeline.waiting_for()
    skip_gaps(embedded.backend, plans, [gap], clock.now_ms())
    pipeline.advance_to(clock, clock.now_ms() + 2 * MINUTE_MS)

    rejected = embedded.backend.blobs.names("rejected/anomaly/", limit=9)
    assert stuck == "anomaly: 1 items failed"
    assert gap == Gap(PLAN.generation, gap.group, gap.first, gap.first)
    assert len(decode_rejections(embedded.backend.blobs.get(rejected[0]) or b"")) == 1
    assert gaps(embedded.backend, PLAN, plans) == []
    assert pipeline.waiting_for() == ""
    assert pipeline.counts().unjudged["panes_skipped"] == 1
    assert embedded.backend.blobs.names(SKIPPED_PREFIX, limit=9) == [
        f"skipped/anomaly/{gap.generation}.{gap.group}/{gap.first}-{gap.last}.json"
    ]


def test_skipping_what_is_folded_changes_nothing(embedded: Embedded, clock: VirtualClock) -> None:
    pipeline = Pipeline(embedded, PLAN, clock.now_ms)
    pipeline.start_ticks()
    played(pipeline, clock, minutes=4)

    skip_gaps(embedded.backend, PlanBook(PLAN), [Gap(PLAN.generation, 0, 1, 1)], clock.now_ms())
    pipeline.advance_to(clock, clock.now_ms() + MINUTE_MS)

    assert "panes_skipped" not in pipeline.counts().unjudged
