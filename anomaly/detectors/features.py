"""What the adaptive detector looks at: a series in units of its own noise, at four speeds.

Every number is relative to the series' first value and to a unit learned from its first readings, so
that one set of thresholds fits a metric in pascal and one in per cent.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Floats, Int64s

UNIT_ROWS: Final = 15
"""Rows after which the unit is fixed; until then it is the size of the first value."""

MEAN_RATES: Final = (0.3, 0.1, 0.03, 0.01)
"""Weights of the newest row in the exponential averages: about 3, 10, 30 and 100 rows of memory."""

SPREAD_RATE: Final = 0.1
SETTLED_ROWS: Final = 100
"""Rows from which every average is exponential; before, the slower ones are plain averages."""

RELATIVE_UNIT_MIN: Final = 1e-7
RELATIVE_UNIT_STILL: Final = 1e-4
"""Least unit, as a part of the level: of a series that moved, about what float32 resolves, so that rounding is no news;
and of one that has not, whose noise is still unknown."""

ABSOLUTE_UNIT: Final = 1e-9
"""Unit of a series that was exactly zero throughout."""

VALUE_MAX: Final = 1e30
"""Furthest that a value may lie from the first, in units; more is cut, so that float32 holds it."""

UNIT_MAX: Final = 1e270
"""Largest unit, so that the furthest value is finite in the metric's unit too."""

ORIGIN, UNIT, QUANTUM, NOISE, NOW, MEAN_0, LEVEL, MEAN_2, SLOW, SPREAD, LEVELS = range(11)
"""Columns of ``levels`` and their number, all float64. First value, and unit, in the metric's unit; then in that
unit: smallest and mean step (only until the unit is fixed), newest value less the first, its averages, mean
distance from the level."""

FEATURES: Final = 7
VALUE_FEATURES: Final = 5
"""The first five are the value and its band-passes, the last two the level and the log of the spread."""

_RATES: Final = np.array([*MEAN_RATES, SPREAD_RATE])


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


def observe(levels: Floats, rows: Int64s, mean: Floats, low: Floats, high: Floats, *, youngest: int) -> Features:
    """Return the features of one more window a series.

    Averages follow the mean of a window; value and fastest band-pass are those of its reading furthest from the
    level, so that a spike shows in full however many quiet readings share its window.

    Args:
        levels: shape (n, LEVELS), before the row; left unchanged.
        rows: shape (n,), how many rows came before.
        mean: shape (n,), in the metric's unit.
        low: shape (n,), smallest reading.
        high: shape (n,), largest reading.
        youngest: The smallest of ``rows``.
    """
    levels = levels.copy()
    if youngest <= UNIT_ROWS:
        _start(levels, rows, mean)
    now = _relative(levels, mean)
    if youngest < UNIT_ROWS:
        _learn_unit(levels, rows, now)
    outer = now
    wide = high > low
    if np.count_nonzero(wide):
        outer = np.where(wide, _furthest(levels, low, high), now)
    _learn_levels(levels, now, outer, _RATES if youngest >= SETTLED_ROWS else _young_rates(rows))
    return Features(levels, _point(levels, outer))


def _relative(levels: Floats, value: Floats) -> Floats:
    """Return the values less the first, in units."""
    relative = (value - levels[:, ORIGIN]) / levels[:, UNIT]
    return np.minimum(np.maximum(relative, -VALUE_MAX), VALUE_MAX)


def _furthest(levels: Floats, low: Floats, high: Floats) -> Floats:
    below, above, level = _relative(levels, low), _relative(levels, high), levels[:, LEVEL]
    return np.where(above - level >= level - below, above, below)


def _start(levels: Floats, rows: Int64s, value: Floats) -> None:
    """Set origin and first unit where nothing was seen, and fix the unit where enough was."""
    first, ready = rows == 0, rows == UNIT_ROWS
    size = np.abs(value)
    levels[:, ORIGIN] = np.where(first, value, levels[:, ORIGIN])
    levels[:, UNIT] = np.where(first & (size > 0.0), np.minimum(size, UNIT_MAX), levels[:, UNIT])
    # The smallest step stands in for the noise of a quantised series, whose steps are mostly zero.
    quantum = np.where(np.isfinite(levels[:, QUANTUM]), levels[:, QUANTUM], 0.0)
    noise = np.maximum(levels[:, NOISE], quantum)
    least = np.where(noise > 0.0, RELATIVE_UNIT_MIN, RELATIVE_UNIT_STILL)
    noise = np.maximum(noise, least * (size / levels[:, UNIT]))
    noise = np.where(ready, np.where(noise > 0.0, noise, ABSOLUTE_UNIT), 1.0)
    unit = np.minimum(levels[:, UNIT] * noise, UNIT_MAX)
    # A unit that cannot be told from zero stays as it is: the series is then in its old, larger one.
    levels[:, UNIT] = np.where(unit > 0.0, unit, levels[:, UNIT])
    scaled = levels[:, NOW:] / np.where(unit > 0.0, noise, 1.0)[:, None]
    levels[:, NOW:] = np.minimum(np.maximum(scaled, -VALUE_MAX), VALUE_MAX)


def _learn_unit(levels: Floats, rows: Int64s, now: Floats) -> None:
    step = np.abs(now - levels[:, NOW])
    learning = (rows > 0) & (rows < UNIT_ROWS)
    smaller = learning & (step > 0.0) & (step < levels[:, QUANTUM])
    levels[:, QUANTUM] = np.where(smaller, step, levels[:, QUANTUM])
    gain = np.where(learning, 1.0 / np.maximum(rows, 1), 0.0)
    levels[:, NOISE] += gain * (step - levels[:, NOISE])


def _young_rates(rows: Int64s) -> Floats:
    """Return rates of plain averages, until those of the exponential ones are larger."""
    return np.asarray(np.maximum(_RATES, (1.0 / (rows + 1.0))[:, None]))


def _learn_levels(levels: Floats, now: Floats, outer: Floats, rates: Floats) -> None:
    """Move the averages towards the mean, and the spread towards the distance from the level."""
    target = np.empty((len(now), len(_RATES)))
    target[:] = now[:, None]
    target[:, -1] = np.abs(outer - levels[:, LEVEL])
    averages = levels[:, MEAN_0 : SPREAD + 1]
    target -= averages
    target *= rates
    averages += target
    levels[:, NOW] = now


def _point(levels: Floats, outer: Floats) -> NDArray[np.float32]:
    point = np.empty((len(levels), 2, FEATURES), np.float32)
    features = point[:, 0]
    features[:, 0] = outer
    features[:, 1] = outer - levels[:, MEAN_0]
    features[:, 2:VALUE_FEATURES] = levels[:, MEAN_0:SLOW] - levels[:, LEVEL:SPREAD]
    features[:, 5] = levels[:, LEVEL]
    features[:, 6] = np.log(levels[:, SPREAD] + 1.0)
    np.negative(features, out=point[:, 1])
    return point
