"""Alerts against the truth: which faults were found, how soon, and which alerts told of nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from simulator.truth import Truth
from tocsin.core.clock import MINUTE_MS
from tocsin.core.messages import Transition

GRACE_MS: Final = 10 * MINUTE_MS
"""How long after a fault has settled an alert still counts as its own: windows close late, traces fade."""


@dataclass(frozen=True, slots=True)
class Found:
    """A fault and the first alert about it.

    Attributes:
        truth: The fault.
        alert: The transition that fired, or None where the fault was missed.
    """

    truth: Truth
    alert: Transition | None

    @property
    def delay_ms(self) -> int | None:
        """How long after the fault's start the alert fired, or None where it was missed."""
        return None if self.alert is None else max(0, self.alert.at_ms - self.truth.start_ms)


@dataclass(frozen=True, slots=True)
class Score:
    """What came of the faults and of the alerts.

    Attributes:
        faults: Every fault that a person would want an alert for.
        alerts: How many alerts fired.
        false: Those that tell of no fault at all.
    """

    faults: tuple[Found, ...]
    alerts: int
    false: tuple[Transition, ...]

    @property
    def found(self) -> int:
        """How many faults had an alert."""
        return sum(fault.alert is not None for fault in self.faults)

    @property
    def missed(self) -> int:
        """How many had none."""
        return len(self.faults) - self.found

    @property
    def delay_ms_median(self) -> float | None:
        """Median delay of the faults found, or None where none was."""
        delays = [fault.delay_ms for fault in self.faults if fault.delay_ms is not None]
        return median(delays) if delays else None


def score(transitions: Iterable[Transition], truth: Sequence[Truth]) -> Score:
    """Match alerts with faults of the same device and metric that overlap in time.

    An alert during a fault that nobody would want to hear of (a lost message, say) is not false.
    """
    fired = [transition for transition in transitions if transition.fires]
    faults = tuple(Found(row, _first_about(row, fired)) for row in truth if row.expect)
    false = tuple(alert for alert in fired if not any(_is_about(alert, row) for row in truth))
    return Score(faults, len(fired), false)


def _first_about(row: Truth, fired: Sequence[Transition]) -> Transition | None:
    about = [alert for alert in fired if _is_about(alert, row)]
    return min(about, key=lambda alert: alert.at_ms, default=None)


def _is_about(alert: Transition, row: Truth) -> bool:
    shown = {*row.metrics, row.metric} - {""}
    metric_fits = not alert.metric or not shown or alert.metric in shown
    in_time = row.start_ms <= alert.at_ms <= row.settled_ms + GRACE_MS
    return alert.device == row.device and metric_fits and in_time
