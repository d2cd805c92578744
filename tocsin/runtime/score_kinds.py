"""A score by kind: which faults are found and how soon, and which rules cry wolf how often."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tocsin.core.clock import DAY_MS
from tocsin.core.messages import Transition
from tocsin.runtime.score import Found, Score


@dataclass(frozen=True, slots=True)
class FaultKind:
    """What came of the faults of one kind.

    Attributes:
        kind: Kind of the fault; ``all`` for all together.
        faults: How many a person would want an alert for.
        found: How many had one.
        delay_ms_median: From the start of a fault to its first alert, or None where none was found.
        delay_ms_max: The longest, or None.
    """

    kind: str
    faults: int
    found: int
    delay_ms_median: float | None
    delay_ms_max: int | None

    @property
    def recall(self) -> float:
        """Share of the faults that were found, in [0, 1]."""
        return self.found / self.faults


@dataclass(frozen=True, slots=True)
class AlertKind:
    """What the alerts of one kind of rule were worth.

    Attributes:
        kind: Kind of the rule; ``all`` for all together.
        alerts: How many fired.
        false: How many of them tell of no fault.
        false_per_device_day: These per device and day.
    """

    kind: str
    alerts: int
    false: int
    false_per_device_day: float

    @property
    def precision(self) -> float:
        """Share of the alerts that tell of a fault, in [0, 1]."""
        return 1 - self.false / self.alerts


def by_fault(score: Score) -> list[FaultKind]:
    """Return a row for each kind of fault, then one for all."""
    kinds = sorted({fault.truth.kind for fault in score.faults})
    rows = [_fault_kind(kind, [fault for fault in score.faults if fault.truth.kind == kind]) for kind in kinds]
    return [*rows, _fault_kind("all", score.faults)] if rows else []


def _fault_kind(kind: str, faults: Sequence[Found]) -> FaultKind:
    delays = [fault.delay_ms for fault in faults if fault.delay_ms is not None]
    return FaultKind(
        kind, len(faults), len(delays), median(delays) if delays else None, max(delays) if delays else None
    )


def by_alert(score: Score, transitions: Iterable[Transition], *, devices: int, span_ms: int) -> list[AlertKind]:
    """Return a row for each kind of rule that fired, then one for all.

    Args:
        score: Of the transitions.
        transitions: All moves of alerts.
        devices: How many devices reported.
        span_ms: For how long.
    """
    fired = [move.kind for move in transitions if move.fires]
    false = [move.kind for move in score.false]
    days = max(devices * span_ms, 1) / DAY_MS
    rows = [
        AlertKind(kind, fired.count(kind), false.count(kind), false.count(kind) / days) for kind in sorted(set(fired))
    ]
    return [*rows, AlertKind("all", len(fired), len(false), len(false) / days)] if rows else []
