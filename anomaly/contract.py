"""The detector contract: many series at once, bounded state, deterministic, the same after save and load."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Bools, Floats, Int64s

State = Mapping[str, NDArray[Any]]
"""A detector's columns: name to array whose first axis is the series; never changed in place."""


@dataclass(frozen=True, slots=True)
class Observations:
    """One window of each of n series, at most one a series and call.

    Attributes:
        start_ms: shape (n,), start of the window, inclusive.
        end_ms: shape (n,), its end, exclusive.
        count: shape (n,), readings in it.
        mean: shape (n,), their mean.
        min: shape (n,), the smallest.
        max: shape (n,), the largest.
        first: shape (n,), the first in event time.
        last: shape (n,), the last in event time.
        first_ms: shape (n,), event time of the first.
        last_ms: shape (n,), event time of the last.
    """

    start_ms: Int64s
    end_ms: Int64s
    count: Int64s
    mean: Floats
    min: Floats
    max: Floats
    first: Floats
    last: Floats
    first_ms: Int64s
    last_ms: Int64s

    def __len__(self) -> int:
        return len(self.start_ms)


@dataclass(frozen=True, slots=True)
class Scores:
    """What a detector says of n observations.

    Attributes:
        score: shape (n,), how anomalous the window is: tail surprise, finite, at least 0.
        alert: shape (n,), what the threshold is compared with: the score after repeats are damped.
        warming: shape (n,), True while too little has been seen to judge; score and alert are 0 then.
        expected_low: shape (n,), lower end of what was expected, in the metric's unit; NaN where unknown.
        expected_high: shape (n,), upper end.
        parts: Name of each part to its share of the score, each shape (n,).
    """

    score: Floats
    alert: Floats
    warming: Bools
    expected_low: Floats
    expected_high: Floats
    parts: Mapping[str, Floats]


class Detector(Protocol):
    """Scores series online; holds nothing itself, so that state is all there is to save."""

    name: str
    version: int

    def initial(self, series: int) -> dict[str, NDArray[Any]]:
        """Return the state of that many series that have seen nothing."""
        ...

    def score(self, state: State, observations: Observations) -> tuple[Scores, dict[str, NDArray[Any]]]:
        """Judge one observation a series, then learn from it.

        Args:
            state: Columns of exactly the n series observed, in the same order; left unchanged.
            observations: One window a series.

        Returns:
            The scores, and the columns as they are afterwards.
        """
        ...


def single(value: float, event_time_ms: int) -> Observations:
    """Return one raw reading as an observation, for detectors that are fed unwindowed series."""
    at = np.array([event_time_ms], np.int64)
    values = np.array([value], np.float64)
    one = np.ones(1, np.int64)
    return Observations(at, at + 1, one, values, values, values, values, values, at, at)
