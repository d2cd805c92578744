"""Alarms counted as people get them: an alarm begins where the alert score reaches the threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

import numpy as np

from tocsin.runtime.row_scores.model import Floats, Ints, Scored, stretches
from tocsin.runtime.row_scores.nab import PROFILES

DAY_S: Final = 86_400.0
CHANGEPOINT_S: Final = 60.0
"""How long after a change its on- or offset counts as told. Source: SKAB's scoring."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """What came of alarms and windows. One that is always on begins in no window, and finds nothing.

    Attributes:
        windows: Windows that reach beyond probation.
        delays_rows: Of each window found, from its first scored row to the first alarm that begins in it.
        delays_share: The same as a share of the window's scored rows.
        delays_s: The same in seconds, by the usual step.
        alarms: How many began.
        false: How many of them outside of windows.
        normal_rows: Scored rows outside of windows.
        normal_days: Their length.
    """

    windows: int
    delays_rows: tuple[int, ...]
    delays_share: tuple[float, ...]
    delays_s: tuple[float, ...]
    alarms: int
    false: int
    normal_rows: int
    normal_days: float

    @property
    def found(self) -> int:
        """Windows in which an alarm began."""
        return len(self.delays_rows)

    @property
    def precision(self) -> float:
        """Share of the alarms that began in a window."""
        return (self.alarms - self.false) / self.alarms if self.alarms else 0.0

    @property
    def recall(self) -> float:
        """Share of the windows that were found."""
        return self.found / self.windows if self.windows else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def false_per_1000_rows(self) -> float:
        """False alarms per thousand normal rows."""
        return 1_000.0 * self.false / self.normal_rows if self.normal_rows else float("nan")

    @property
    def false_per_day(self) -> float:
        """False alarms per series and normal day."""
        return self.false / self.normal_days if self.normal_days else float("nan")

    def delay(self, unit: str) -> float:
        """Return the median delay in ``rows``, ``share`` or ``s``; NaN where nothing was found."""
        delays: Sequence[float] = getattr(self, f"delays_{unit}")
        return float(median(delays)) if delays else float("nan")


def alarms_at(scored: Sequence[Scored], threshold: float) -> Alarms:
    """Return what one threshold on the alert score leads to."""
    windows = alarms = false = normal_rows = 0
    normal_days = 0.0
    delays: list[tuple[int, float, float]] = []
    for one in scored:
        labels = one.labels
        starts = np.array([first for first, _ in stretches(one.alarms(threshold))], np.int64)
        inside = labels.is_anomalous()
        reached = [(max(first, labels.probation), last) for first, last in labels.windows if last >= labels.probation]
        windows += len(reached)
        delays += _delays(starts, reached, labels.step_s)
        alarms += len(starts)
        false += int((~inside[starts]).sum())
        quiet = int((~inside[labels.probation :]).sum())
        normal_rows += quiet
        normal_days += quiet * labels.step_s / DAY_S
    rows, shares, seconds = zip(*delays, strict=True) if delays else ((), (), ())
    return Alarms(windows, rows, shares, seconds, alarms, false, normal_rows, normal_days)


def _delays(starts: Ints, windows: Sequence[tuple[int, int]], step_s: float) -> list[tuple[int, float, float]]:
    """Return rows, share and seconds from the start of each window that was found to its first alarm."""
    found = []
    for first, last in windows:
        hits = starts[(starts >= first) & (starts <= last)]
        if len(hits):
            rows = int(hits[0]) - first
            found.append((rows, rows / (last - first + 1), rows * step_s))
    return found


@dataclass(frozen=True, slots=True)
class Changes:
    """What came of changes of regime, told by the on- and offsets of alarms.

    Attributes:
        changes: How many there are past probation.
        missed: How many were not told within ``CHANGEPOINT_S``.
        false: On- and offsets that tell of none.
        scores: Profile to its score; 100 is perfect, 0 is silence.
    """

    changes: int
    missed: int
    false: int
    scores: dict[str, float]


def changes_at(scored: Sequence[Scored], threshold: float) -> Changes:
    """Return what one threshold on the alert score leads to. Source: SKAB's changepoint score."""
    lateness: list[Floats] = []
    changes = missed = false = 0
    for one in scored:
        clock_s, probation = one.labels.clock_s(), one.labels.probation
        alarm = (one.alert >= threshold)[probation:]
        told_s = clock_s[probation + np.flatnonzero(np.diff(alarm, prepend=False))]
        late, unused = _told(told_s, [clock_s[row] for row in one.labels.changepoints if row >= probation])
        changes += len(late)
        missed += int(np.isnan(late).sum())
        false += unused
        lateness.append(late[~np.isnan(late)])
    late = np.concatenate(lateness) if lateness else np.zeros(0)
    return Changes(changes, missed, false, {name: _score(name, late, changes, missed, false) for name in PROFILES})


def _told(told_s: Floats, changes_s: Sequence[float]) -> tuple[Floats, int]:
    """Return how late each change was told as a share of its time, NaN where not; and how many tell of none."""
    spans = [[start, start + CHANGEPOINT_S] for start in changes_s]
    for earlier, later in pairwise(spans):
        later[0] = max(later[0], earlier[1])  # an on- or offset tells of one change only, the earlier
    used = np.zeros(len(told_s), np.bool_)
    late = np.full(len(spans), np.nan)
    for number, (start, end) in enumerate(spans):
        here = (told_s >= start) & (told_s <= end)
        used |= here
        if here.any():
            late[number] = (told_s[here][0] - start) / max(end - start, 1e-9)
    return late, int((~used).sum())


def _score(profile: str, late: Floats, changes: int, missed: int, false: int) -> float:
    if not changes:
        return float("nan")
    weights = PROFILES[profile]
    ramp = np.tanh(late * np.pi - np.pi / 2) / np.tanh(np.pi / 2)
    earned = float(np.sum((weights.hit - weights.false) / 2 - (weights.hit + weights.false) / 2 * ramp))
    raw = earned - weights.false * false - weights.missed * missed
    return 100.0 * (raw + weights.missed * changes) / ((weights.hit + weights.missed) * changes)
