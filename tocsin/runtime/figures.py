"""How the pipeline runs, in figures that another thread may ask for at any time."""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise, starmap
from typing import Final

from tocsin.api.answers import Mode
from tocsin.api.running_answers import (
    DecisionCount,
    OutboxFigures,
    PipelineFigures,
    Rates,
    RatesAt,
    RejectedCount,
    StageFigures,
    Totals,
)
from tocsin.core.clock import NowMs, elapsed_s, wall_now_ms
from tocsin.runtime.counts import Counts
from tocsin.runtime.pipeline import Pipeline

SAMPLE_S: Final = 1.0
HISTORY_MAX: Final = 300
RATE_SAMPLES: Final = 10
NONE: Final = Rates(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Sample:
    """Counts at one time.

    Attributes:
        at_s: On a clock that only moves forward.
        at_ms: By the wall clock.
        counts: What was counted up to then.
        stages: How far each stage was.
        outbox: What each had committed and not published.
    """

    at_s: float
    at_ms: int
    counts: Counts
    stages: tuple[StageFigures, ...]
    outbox: tuple[OutboxFigures, ...]


class Figures:
    """Samples a pipeline from its own thread, about every second, and answers from what it kept."""

    def __init__(self, pipeline: Pipeline, now_ms: NowMs, *, version: str, mode: Mode) -> None:
        self._pipeline = pipeline
        self._now_ms = now_ms
        self._version = version
        self._mode: Mode = mode
        self._begun_s = elapsed_s()
        self._samples: deque[_Sample] = deque(maxlen=HISTORY_MAX + 1)
        self.observe()

    def observe(self) -> None:
        """Take a sample, if the last one is old enough; called by the thread that runs the pipeline."""
        at_s = elapsed_s()
        if self._samples and at_s - self._samples[-1].at_s < SAMPLE_S:
            return
        outbox = tuple(OutboxFigures(stage, entries) for stage, entries in self._pipeline.unpublished().items())
        self._samples.append(_Sample(at_s, wall_now_ms(), self._pipeline.counts(), self._stages(), outbox))

    def _stages(self) -> tuple[StageFigures, ...]:
        failing = self._pipeline.failing()
        return tuple(
            StageFigures(stage, waiting, lag_ms, failing.get(stage, ""))
            for stage, (waiting, lag_ms) in self._pipeline.backlog().items()
        )

    def answer(self) -> PipelineFigures:
        """Return how the pipeline runs; called from any thread."""
        samples = list(self._samples)
        newest = samples[-1]
        counts = newest.counts
        return PipelineFigures(
            now_ms=self._now_ms(),
            uptime_s=round(elapsed_s() - self._begun_s, 1),
            version=self._version,
            plan_hash=self._pipeline.plan_hash,
            mode=self._mode,
            rates=_rates(samples[-1 - RATE_SAMPLES] if len(samples) > RATE_SAMPLES else samples[0], newest),
            history=tuple(starmap(_rates_at, pairwise(samples))),
            totals=_totals(counts),
            rejected=tuple(
                RejectedCount(stage, reason, count)
                for stage, reasons in counts.reasons.items()
                for reason, count in reasons.items()
            ),
            decisions=tuple(DecisionCount(decision, count) for decision, count in counts.decisions.items()),
            stages=newest.stages,
            outbox=newest.outbox,
        )


def _rates(before: _Sample, after: _Sample) -> Rates:
    """Return what was done between the samples, per second of real time."""
    took_s = after.at_s - before.at_s
    if took_s <= 0:
        return NONE
    old, new = before.counts, after.counts
    return Rates(
        round((new.messages - old.messages) / took_s, 1),
        round((new.readings - old.readings) / took_s, 1),
        round((new.panes - old.panes) / took_s, 1),
    )


def _rates_at(before: _Sample, after: _Sample) -> RatesAt:
    rates = _rates(before, after)
    return RatesAt(rates.messages_per_s, rates.readings_per_s, rates.panes_per_s, after.at_ms)


def _totals(counts: Counts) -> Totals:
    return Totals(
        messages=counts.messages,
        readings=counts.readings,
        duplicates=counts.duplicates,
        late=counts.late,
        rejected=sum(sum(reasons.values()) for reasons in counts.reasons.values()),
        panes=counts.panes,
        transitions=sum(counts.transitions.values()),
        notifications=counts.notifications,
    )
