"""A series with its labels, and what a detector said of each of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Labels:
    """What is true of one series.

    Attributes:
        name: Of the series.
        rows: How many rows it has.
        windows: First and last row of each anomalous stretch, both inclusive, by start.
        probation: So many first rows are never scored.
        step_s: Usual time between two rows, seconds.
        changepoints: Rows at which the regime changes.
        time_s: shape (rows,), when each row was measured, seconds of any epoch; empty where only steps are known.
    """

    name: str
    rows: int
    windows: tuple[tuple[int, int], ...]
    probation: int = 0
    step_s: float = 1.0
    changepoints: tuple[int, ...] = ()
    time_s: tuple[float, ...] = ()

    def clock_s(self) -> Floats:
        """Return when each row was measured, shape (rows,)."""
        return np.array(self.time_s or [row * self.step_s for row in range(self.rows)], np.float64)

    def is_anomalous(self) -> Bools:
        """Return which rows lie in a window, shape (rows,)."""
        inside = np.zeros(self.rows, np.bool_)
        for first, last in self.windows:
            inside[first : last + 1] = True
        return inside


@dataclass(frozen=True, slots=True)
class Scored:
    """A series and its scores.

    Attributes:
        labels: What is true.
        score: shape (rows,), how anomalous each row is; what is not finite counts as not at all.
        alert: shape (rows,), what the alert stage compares with its threshold.
    """

    labels: Labels
    score: Floats
    alert: Floats

    def alarms(self, threshold: float) -> Bools:
        """Return on which rows there is an alarm, shape (rows,); never on probation."""
        on = self.alert >= threshold
        on[: self.labels.probation] = False
        return np.asarray(on)


def stretches(mask: Bools) -> list[tuple[int, int]]:
    """Return first and last row of each stretch of true rows.

    >>> stretches(np.array([True, False, True, True]))
    [(0, 0), (2, 3)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False]))))
    return [(int(start), int(end) - 1) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def ranked(scores: Sequence[Floats]) -> tuple[Floats, Ints, Ints]:
    """Return the scores of all series from the highest down.

    Returns:
        The scores; the place of each among the joined scores; and, of each distinct finite score, the place of its
        last row in that order: where a threshold may lie.
    """
    joined = np.concatenate(scores)
    joined = np.where(np.isfinite(joined), joined, -np.inf)
    order = np.argsort(-joined, kind="stable")
    falling = joined[order]
    is_last = np.append(falling[1:] != falling[:-1], True) if len(falling) else np.zeros(0, np.bool_)
    return falling, order, np.flatnonzero(is_last & np.isfinite(falling))
