"""A score by kind: which faults are found and how soon, and which rules cry wolf how often."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from tocsin.core.clock import DAY_MS
from tocsin.core.formats.recording import Recorded
from tocsin.core.keys import TICK_KEY
from tocsin.core.messages import Transition
from tocsin.runtime.replay import Replayed
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
    """What the alerts of one kind of rule, or of one severity, were worth.

    Attributes:
        kind: Kind of the rule, or the severity; ``all`` for all together.
        alerts: How many fired.
        false: How many of them tell of no fault.
        false_per_device_day: These per device and day.
        false_per_1000_windows: These per thousand closed windows.
    """

    kind: str
    alerts: int
    false: int
    false_per_device_day: float
    false_per_1000_windows: float

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


@dataclass(frozen=True, slots=True)
class Exposure:
    """In what the alerts had the chance to be false.

    Attributes:
        devices: How many reported.
        span_ms: For how long.
        windows: How many windows closed.
    """

    devices: int
    span_ms: int
    windows: int


@dataclass(slots=True)
class Seen:
    """Counts who reported, and for how long, while records pass."""

    keys: set[str] = field(default_factory=set)
    first_ms: int | None = None
    last_ms: int = 0

    def each(self, records: Iterable[Recorded]) -> Iterator[Recorded]:
        """Yield the records."""
        for record in records:
            if record.partition_key != TICK_KEY:
                self.keys.add(record.partition_key)
                self.first_ms = record.arrival_ms if self.first_ms is None else self.first_ms
                self.last_ms = record.arrival_ms
            yield record

    def exposure(self, replayed: Replayed) -> Exposure:
        """Return in what alerts had the chance to be false."""
        span_ms = 0 if self.first_ms is None else self.last_ms - self.first_ms
        return Exposure(len(self.keys), span_ms, replayed.counts.panes if replayed.counts else 0)


def by_alert(
    score: Score, transitions: Iterable[Transition], seen: Exposure, kind_of: Callable[[Transition], str]
) -> list[AlertKind]:
    """Return a row for each kind of alert that fired, then one for all.

    Args:
        score: Of the transitions.
        transitions: All moves of alerts.
        seen: In what they fired.
        kind_of: Tells the kind of the rule, or the severity.
    """
    fired = [kind_of(move) for move in transitions if move.fires]
    false = [kind_of(move) for move in score.false]
    rows = [_alert_kind(kind, fired.count(kind), false.count(kind), seen) for kind in sorted(set(fired))]
    return [*rows, _alert_kind("all", len(fired), len(false), seen)] if rows else []


def _alert_kind(kind: str, alerts: int, false: int, seen: Exposure) -> AlertKind:
    days = max(seen.devices * seen.span_ms, 1) / DAY_MS
    return AlertKind(kind, alerts, false, false / days, 1_000 * false / max(seen.windows, 1))


def event_f1(score: Score) -> float:
    """Return the harmonic mean of the share of alerts that tell of a fault and the share of faults that were told."""
    precision = 1 - len(score.false) / score.alerts if score.alerts else 0.0
    recall = score.found / len(score.faults) if score.faults else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
