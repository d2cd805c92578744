"""What the adaptive detector looks at: a series in units of its own noise, at four speeds.

Every number is relative to the series' first value and to a unit learned from its first readings, so
that one set of thresholds fits a metric in pascal and one in per cent.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Floats, Int64s

UNIT_ROWS: Final = 15
"""Rows after which the unit is fixed; until then it is 1."""

MEAN_RATES: Final = np.array([0.7, 0.2, 0.05, 0.01])
"""Weights of the newest row in the exponential averages: about 1, 5, 20 and 100 rows of memory."""

SPREAD_RATE: Final = 0.1
LEVEL_MEAN: Final = 1
"""Which average stands for the level."""

RELATIVE_UNIT_MIN: Final = 1e-4
ABSOLUTE_UNIT: Final = 1e-9
"""Unit of a series that was exactly zero throughout."""

VALUE_MAX: Final = 1e300
FEATURE_MAX: Final = 1e30

ORIGIN, UNIT, QUANTUM, NOISE, NOW = range(5)
MEANS: Final = slice(NOW + 1, NOW + 1 + len(MEAN_RATES))
SPREAD: Final = NOW + 1 + len(MEAN_RATES)
LEVEL: Final = NOW + 1 + LEVEL_MEAN
LEVELS: Final = SPREAD + 1
"""Columns of ``levels``, all float64: first value; noise unit; smallest step and mean step (both only until
the unit is fixed); newest value, averages, mean deviation (relative to origin and unit)."""

FEATURES: Final = 7
VALUE_FEATURES: Final = 5
"""The first five are the value and its band-passes, the last two the level and the log of the spread."""

_RATES: Final = np.append(MEAN_RATES, SPREAD_RATE)
_SCALED: Final = np.array([QUANTUM, NOISE, *range(NOW, LEVELS)])


class Features(NamedTuple):
    """What is known of the newest row.

    Attributes:
        levels: shape (n, LEVELS), after the row.
        point: shape (n, 2, FEATURES), float32: the features, and the features negated.
    """

    levels: Floats
    point: NDArray[np.float32]


def initial_levels(series: int) -> Floats:
    """Return the levels of series that have seen nothing; shape (series, LEVELS)."""
    levels = np.zeros((series, LEVELS))
    levels[:, UNIT] = 1.0
    levels[:, QUANTUM] = np.inf
    return levels


def observe(levels: Floats, rows: Int64s, value: Floats, width: Floats) -> Features:
    """Return the features of one more value a series.

    Args:
        levels: shape (n, LEVELS), before the row; left unchanged.
        rows: shape (n,), how many rows came before.
        value: shape (n,), in the metric's unit.
        width: shape (n,), how far the readings of the row lie apart, in the metric's unit; 0 for one reading.
    """
    levels = levels.copy()
    value = np.minimum(np.maximum(value, -VALUE_MAX), VALUE_MAX)
    young = bool(rows.min() <= UNIT_ROWS) if len(rows) else False
    if young:
        _start(levels, rows, value)
    now = (value - levels[:, ORIGIN]) / levels[:, UNIT]
    now = np.minimum(np.maximum(now, -VALUE_MAX), VALUE_MAX)
    if young:
        _learn_unit(levels, rows, now)
    _learn_levels(levels, rows, now, width)
    return Features(levels, _point(levels))


def _start(levels: Floats, rows: Int64s, value: Floats) -> None:
    first = rows == 0
    levels[:, ORIGIN] = np.where(first, value, levels[:, ORIGIN])
    ready = rows == UNIT_ROWS
    # The smallest step stands in for the noise of a quantised series, whose steps are mostly zero.
    quantum = np.where(np.isfinite(levels[:, QUANTUM]), levels[:, QUANTUM], 0.0)
    unit = np.maximum(np.maximum(levels[:, NOISE], quantum), RELATIVE_UNIT_MIN * np.abs(value))
    unit = np.where(unit > 0.0, unit, ABSOLUTE_UNIT)
    levels[:, UNIT] = np.where(ready, unit, levels[:, UNIT])
    levels[:, _SCALED] /= np.where(ready, unit, 1.0)[:, None]


def _learn_unit(levels: Floats, rows: Int64s, now: Floats) -> None:
    step = np.abs(now - levels[:, NOW])
    learning = (rows > 0) & (rows < UNIT_ROWS)
    smaller = learning & (step > 0.0) & (step < levels[:, QUANTUM])
    levels[:, QUANTUM] = np.where(smaller, step, levels[:, QUANTUM])
    gain = np.where(learning, 1.0 / np.maximum(rows, 1), 0.0)
    levels[:, NOISE] += gain * (step - levels[:, NOISE])


def _learn_levels(levels: Floats, rows: Int64s, now: Floats, width: Floats) -> None:
    """Move the averages towards the value and the spread towards its distance from the level."""
    target = np.empty((len(rows), len(_RATES)))
    target[:] = now[:, None]
    apart = width / levels[:, UNIT]
    target[:, -1] = np.minimum(np.maximum(np.abs(now - levels[:, LEVEL]), apart), VALUE_MAX)
    averages = levels[:, MEANS.start : SPREAD + 1]
    target -= averages
    target *= np.maximum(_RATES, (1.0 / (rows + 1.0))[:, None])
    averages += target
    levels[:, NOW] = now


def _point(levels: Floats) -> NDArray[np.float32]:
    features = np.empty((len(levels), FEATURES))
    features[:, 0] = levels[:, NOW]
    np.subtract(levels[:, NOW : SPREAD - 1], levels[:, MEANS], out=features[:, 1:VALUE_FEATURES])
    features[:, 5] = levels[:, LEVEL]
    features[:, 6] = np.log(levels[:, SPREAD] + 1.0)
    point = np.empty((len(levels), 2, FEATURES), np.float32)
    point[:, 0] = np.minimum(np.maximum(features, -FEATURE_MAX), FEATURE_MAX)
    np.negative(point[:, 0], out=point[:, 1])
    return point
