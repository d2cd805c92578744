"""One device as plain numbers: the arithmetic of ``multivariate`` without what arrays of eight numbers cost.

A call on columns costs the same for one device as for fifty, and most of that is spent on making arrays. Here a
device stays open from row to row and its channels are floats, so a row takes a fifth of the time. Every result is
the same to the bit: ``tests/anomaly/test_device.py`` plays the same rows both ways.
"""

from collections.abc import Sequence
from math import inf, nan, sqrt
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import State
from anomaly.detectors import covariance, joint_settings
from anomaly.detectors.covariance import CHANNELS_MAX, VALUE_MAX

_FAST: Final = joint_settings.FAST.item()
_STEP_MAX: Final = joint_settings.STEP_MAX.item()
_STEP_ROWS: Final = joint_settings.STEP_ROWS.item()
_FREE_ROWS: Final = joint_settings.FREE_ROWS.item()
_GATE: Final = joint_settings.GATE.item()
_EVERY: Final = float(joint_settings.LEARNED_EVERY)
_QUIET_SLOW: Final = joint_settings.QUIET_SLOW.item()
_QUIET_ROWS: Final = joint_settings.QUIET_ROWS.item()
_QUIET_VARIANCE_MIN: Final = joint_settings.QUIET_VARIANCE_MIN.item()
_SMOOTH: Final = joint_settings.SMOOTH.item()
_FADE: Final = joint_settings.FADE.item()
_ALERT_FADE: Final = joint_settings.ALERT_FADE.item()
_ALERT_KEPT: Final = joint_settings.ALERT_KEPT.item()
_SLOW: Final = covariance.SLOW.item()
_CREEP: Final = covariance.CREEP.item()
_LEARNED_MAX: Final = covariance.LEARNED_MAX.item()
_LEARNED_ROWS: Final = covariance.LEARNED_ROWS.item()
_DISTANCE_MAX: Final = covariance.DISTANCE_MAX.item()
_LEVEL_PART: Final = covariance.LEVEL_PART.item()
_TINY: Final = covariance.TINY.item()
_PLACES: Final = range(CHANNELS_MAX)
_ANY_STEP: Final = [2.0 * VALUE_MAX] * CHANNELS_MAX
_ANY_WEIGHT: Final = [inf] * CHANNELS_MAX
_NO_SHARES: Final = [0.0] * CHANNELS_MAX


class Judged(NamedTuple):
    """What is said of one row; as ``joint_settings.JointScores``, of one device.

    Attributes:
        score: Deviations above the quiet distance, smoothed and fading; at least 0.
        alert: The same without smoothing, fading faster.
        warming: True while too little has been seen to judge.
        terms: What each channel adds to the squared distance.
    """

    score: float
    alert: float
    warming: bool
    terms: list[float]

    def shares(self) -> list[float]:
        """Return each channel's share of ``alert``."""
        if self.alert == 0.0:
            return _NO_SHARES
        blame = [max(term, 0.0) for term in self.terms]
        part = self.alert / max(_sum(blame), _TINY)
        return [term * part for term in blame]


class Device:
    """A device whose state is open: it changes with every row."""

    __slots__ = ("_course", "_covariance", "_deviation", "_fast", "_lacks", "_mean", "_precision", "_present", "_reach")

    def __init__(self, state: State) -> None:
        """Open the state of one device, whose columns are left unchanged."""
        fast, mean, self._deviation = state["levels"][0].tolist()
        self._present = [level == level for level in fast]  # noqa: PLR0124  what is not a number differs from itself
        self._fast = [level if there else 0.0 for level, there in zip(fast, self._present, strict=True)]
        self._mean = [level if there else 0.0 for level, there in zip(mean, self._present, strict=True)]
        self._lacks = not all(self._present)
        self._course: list[float] = state["course"][0].tolist()
        self._covariance = state["covariance"][0].copy()
        self._precision = state["precision"][0].astype(np.float64)
        self._reach = [_STEP_MAX * deviation for deviation in self._deviation]

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the state as it is now, in memory of its own."""
        levels = np.array([[self._fast, self._mean, self._deviation]])
        if self._lacks:
            lacking = [not there for there in self._present]
            levels[0, : joint_settings.DEVIATIONS, lacking] = nan
        return {
            "levels": levels,
            "course": np.array([self._course]),
            "covariance": self._covariance[None].copy(),
            "precision": self._precision[None].astype(np.float32),
        }

    def judge(self, values: Sequence[float]) -> Judged:
        """Judge a row, then learn from it.

        Args:
            values: ``CHANNELS_MAX`` of them, as ``Multivariate.score`` takes them.
        """
        if self._lacks or (total := sum(values)) != total:
            values = self._filled(values)
        units = self._followed(values)
        towards = self._precision.dot(units).tolist()
        terms = [unit * direction for unit, direction in zip(units, towards, strict=True)]
        distance = float(np.cbrt(max(_sum(terms), 0.0)))
        seen, rows, held, mean, variance, smoothed, score, alert = self._course
        warming = rows < joint_settings.WARM_ROWS
        above = (distance - mean) / sqrt(variance + _QUIET_VARIANCE_MIN)
        above = above if above > 0.0 and not warming else 0.0
        trust = self._trust(above, rows, held)
        smoothed += _SMOOTH * (above - smoothed)
        score, alert = max(smoothed, _FADE * score), max(above, _ALERT_FADE * min(alert, _ALERT_KEPT))
        held = held + 1.0 if above >= _GATE else 0.0
        self._course = [seen + 1.0, rows + (trust > 0.0), held, mean, variance, smoothed, score, alert]
        if (seen + 1.0) % _EVERY == 1.0:
            self._learn(distance, rows, trust)
        return Judged(score, alert, warming, terms)

    def _filled(self, values: Sequence[float]) -> Sequence[float]:
        """Return the values with the average where one is missing; let channels that are new begin."""
        present = self._present
        lacking = [value != value for value in values]  # noqa: PLR0124
        joins = [not (lacks or there) for lacks, there in zip(lacking, present, strict=True)]
        if any(joins):
            self._begin(values, joins)
        return [
            level if lacks or joined else value
            for value, level, lacks, joined in zip(values, self._fast, lacking, joins, strict=True)
        ]

    def _begin(self, values: Sequence[float], joins: Sequence[bool]) -> None:
        """Begin anew with the channels that join."""
        for place, value in enumerate(values):
            if joins[place]:
                self._fast[place] = min(max(value, -VALUE_MAX), VALUE_MAX)
                self._present[place] = True
        self._lacks = not all(self._present)
        self._mean = list(self._fast)
        self._deviation = [inf] * CHANNELS_MAX
        self._course = [0.0] * len(self._course)

    def _followed(self, values: Sequence[float]) -> list[float]:
        """Let the fast averages follow; return their distance from the means, in deviations."""
        reach = self._reach if self._course[joint_settings.ROWS] > _STEP_ROWS else _ANY_STEP
        fast, units = [0.0] * CHANNELS_MAX, [0.0] * CHANNELS_MAX
        columns = zip(_PLACES, values, self._fast, self._mean, self._deviation, reach, strict=True)
        for place, value, level, mean, deviation, most in columns:
            step = value - level
            if step > most:
                step = most
            elif step < -most:
                step = -most
            fast[place] = level = level + _FAST * step  # noqa: PLW2901  the average is what goes on
            unit = (level - mean) / deviation
            if unit > _DISTANCE_MAX:
                unit = _DISTANCE_MAX
            elif unit < -_DISTANCE_MAX:
                unit = -_DISTANCE_MAX
            units[place] = unit
        self._fast = fast
        return units

    def _trust(self, above: float, rows: float, held: float) -> float:
        """Return how far the row may be learned, from 0 to 1."""
        if above < _GATE or held >= joint_settings.RELEASE_ROWS:
            return 1.0
        doubted = _GATE / above
        return doubted * doubted if rows < _FREE_ROWS else 0.0

    def _learn(self, distance: float, rows: float, trust: float) -> None:
        away = [level - mean for level, mean in zip(self._fast, self._mean, strict=True)]
        if trust == 0.0:
            self._mean = [
                mean + min(max(step, -most), most) * (_CREEP * _EVERY)
                for mean, step, most in zip(self._mean, away, self._deviation, strict=True)
            ]
            return
        self._quieten(distance, rows, trust)
        weight = max(_EVERY / (rows + _EVERY), _SLOW) * trust
        most = [_LEARNED_MAX * deviation for deviation in self._deviation] if rows > _LEARNED_ROWS else _ANY_WEIGHT
        cut = [
            limit if step > limit else -limit if step < -limit else step for step, limit in zip(away, most, strict=True)
        ]
        self._teach(cut, weight)

    def _quieten(self, distance: float, rows: float, trust: float) -> None:
        """Learn mean and variance of the quiet distance."""
        counted = rows - _QUIET_ROWS
        weight = max(_EVERY / max(counted, _EVERY), _QUIET_SLOW) * trust if counted > 0.0 else 0.0
        course = self._course
        step = distance - course[joint_settings.QUIET_MEAN]
        part = weight * step
        course[joint_settings.QUIET_MEAN] += part
        course[joint_settings.QUIET_VARIANCE] = (1.0 - weight) * (course[joint_settings.QUIET_VARIANCE] + part * step)

    def _teach(self, cut: list[float], weight: float) -> None:
        """Learn the distances from the means; see ``covariance.learned``."""
        step = [weight * away for away in cut]
        pairs = np.array(step).take(covariance.ROW)
        pairs *= np.array(cut).take(covariance.COLUMN)
        pairs += self._covariance
        pairs *= 1.0 - weight
        self._covariance = pairs
        self._mean = [mean + part for mean, part in zip(self._mean, step, strict=True)]
        roots = np.sqrt(pairs.take(covariance.DIAGONAL)).tolist()
        least = [_LEVEL_PART * abs(mean) for mean in self._mean]
        self._deviation = [
            (root if root > small else small) if root > _TINY or small > _TINY else _TINY
            for root, small in zip(roots, least, strict=True)
        ]
        self._reach = [_STEP_MAX * deviation for deviation in self._deviation]
        self._precision = self._inverse()

    def _inverse(self) -> NDArray[np.float64]:
        """Return the inverse of the shrunk correlation; see ``covariance.precision_of``."""
        deviation = np.array(self._deviation)
        correlation = self._covariance.take(covariance.UNPACK)
        correlation *= covariance.OFF_DIAGONAL
        correlation /= deviation[:, None] * deviation
        correlation += covariance.IDENTITY
        return np.linalg.inv(correlation).astype(np.float32).astype(np.float64)


def _sum(terms: list[float]) -> float:
    """Return the sum in the order in which numpy adds eight."""
    first, second, third, fourth, fifth, sixth, seventh, eighth = terms
    return ((first + second) + (third + fourth)) + ((fifth + sixth) + (seventh + eighth))
