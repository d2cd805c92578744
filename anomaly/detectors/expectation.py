"""The band that the adaptive detector expects, over many windows of one series at once.

The detector's band needs its levels and its season, and neither what it remembers as novel nor how rare that is.
Without those the recurrences run over time instead of over series: two microseconds a window where scoring takes
forty. What it says of a window is what the detector says that has seen the same windows; a test holds that.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

import numpy as np

from anomaly.detectors import features, seasonal
from anomaly.detectors.adaptive import WARM_ROWS
from anomaly.detectors.weighing import BAND_SPREADS, BAND_UNITS_MIN
from tocsin.core.columns import Floats, Int64s

YOUNG_ROWS: Final = features.UNIT_ROWS + 1
"""Rows after which origin and unit stay as they are."""

_GAINS: Final = seasonal.GAINS.tolist()
_ERROR_RATE: Final = seasonal.ERROR_RATE.item()
_GATE: Final = seasonal.GATE.item()
_GATE_ROWS: Final = seasonal.GATE_ROWS.item()


class Band(NamedTuple):
    """Ends of what was expected of each window before it came.

    Attributes:
        low: shape (n,), in the metric's unit; NaN while warming up.
        high: shape (n,).
    """

    low: Floats
    high: Floats


class _Past(NamedTuple):
    """What was known before each row, shape (n,), in units: level, slow average, spread; and the value of the row."""

    level: Floats
    slow: Floats
    spread: Floats
    now: Floats


def expected_band(start_ms: Int64s, mean: Floats, low: Floats, high: Floats) -> Band:
    """Return what the detector expects of each window after it has seen those before it, and nothing else.

    Args:
        start_ms: shape (n,), starts of the windows, ascending.
        mean: shape (n,), their means.
        low: shape (n,), their smallest readings.
        high: shape (n,), their largest.
    """
    unknown = np.full(len(mean), np.nan)
    if len(mean) <= WARM_ROWS:
        return Band(unknown, unknown)
    with np.errstate(over="ignore", under="ignore"):
        levels = _young(mean, low, high)
        rows = slice(YOUNG_ROWS, None)
        past = _past(levels, mean[rows], low[rows], high[rows])
        season = _season(start_ms[YOUNG_ROWS - 1 :], past, levels)
        usual = np.where(np.isnan(season), past.level, season)
        unit = levels[features.UNIT]
        middle = levels[features.ORIGIN] + usual * unit
        half = np.maximum(BAND_SPREADS * past.spread, BAND_UNITS_MIN) * unit
    warm = slice(WARM_ROWS - YOUNG_ROWS, None)
    begin = unknown[:WARM_ROWS]
    return Band(np.concatenate([begin, (middle - half)[warm]]), np.concatenate([begin, (middle + half)[warm]]))


def _young(mean: Floats, low: Floats, high: Floats) -> Floats:
    """Return the levels after the rows from which the unit is learned; shape (features.LEVELS,)."""
    levels = features.initial_levels(1)
    for row in range(YOUNG_ROWS):
        here = slice(row, row + 1)
        rows = np.array([row], np.int64)
        levels = features.observe(levels, rows, mean[here], low[here], high[here], youngest=row).levels
    return np.asarray(levels[0])


def _past(levels: Floats, mean: Floats, low: Floats, high: Floats) -> _Past:
    young = 1.0 / (np.arange(YOUNG_ROWS, YOUNG_ROWS + len(mean)) + 1.0)
    now = _relative(levels, mean)
    _, level_rate, _, slow_rate = features.MEAN_RATES
    level = _averages(levels[features.LEVEL], now, np.maximum(level_rate, young))
    slow = _averages(levels[features.SLOW], now, np.maximum(slow_rate, young))
    below, above = _relative(levels, low), _relative(levels, high)
    outer = np.where(high > low, np.where(above - level >= level - below, above, below), now)
    spread = _averages(levels[features.SPREAD], np.abs(outer - level), np.maximum(features.SPREAD_RATE, young))
    return _Past(level, slow, spread, now)


def _relative(levels: Floats, value: Floats) -> Floats:
    relative = (value - levels[features.ORIGIN]) / levels[features.UNIT]
    return np.asarray(np.minimum(np.maximum(relative, -features.VALUE_MAX), features.VALUE_MAX))


def _averages(begin: float, targets: Floats, rates: Floats) -> Floats:
    """Return shape (n,): the average before each target, moved to each by its rate."""
    moved = accumulate(
        zip(targets.tolist(), rates.tolist(), strict=True),
        lambda average, to: average + (to[0] - average) * to[1],
        initial=float(begin),
    )
    return np.fromiter(moved, np.float64, len(targets) + 1)[:-1]


def _season(start_ms: Int64s, past: _Past, levels: Floats) -> Floats:
    """Return what the better profile that is believed expects of each row but the first; NaN where none is.

    Args:
        start_ms: shape (n + 1,): the season is learned from the row with which the unit is fixed.
        past: Of the n rows after it.
        levels: After that row.
    """
    value = [float(levels[features.NOW]), *past.now.tolist()]
    away = np.abs(past.now - past.slow)
    slow_away = [0.0, *away.tolist()]  # no cell is known at the first row, so this one is not looked at
    half_hour = start_ms // seasonal.HALF_HOUR_MS
    cells = seasonal.cells()[half_hour % (7 * seasonal.CELLS)]
    found, least = np.full(len(value), np.nan), np.full(len(value), np.inf)
    for profile, half_hours in enumerate(seasonal.CELL_HALF_HOURS.tolist()):
        is_entered = np.diff(half_hour // half_hours, prepend=-1) != 0
        said = _profile(cells[:, profile].tolist(), is_entered.tolist(), value, slow_away)
        usual, error = np.array(list(said)).T
        is_better = error < least
        found[is_better], least[is_better] = usual[is_better], error[is_better]
    return found[1:]


def _profile(
    cells: Sequence[int], is_entered: Sequence[bool], values: Sequence[float], slow_away: Sequence[float]
) -> Iterator[tuple[float, float]]:
    """Yield what the profile expects of each row, and its mean error there, infinite where it is not believed."""
    profile, visits = [0.0] * (2 * seasonal.CELLS), [0] * (2 * seasonal.CELLS)
    error = slow_error = 0.0
    seen, is_known = 0, False
    for cell, enters, value, slow in zip(cells, is_entered, values, slow_away, strict=True):
        usual, rows = profile[cell], visits[cell]
        away = value - usual
        is_known = rows > 0 if enters else is_known
        if is_known:
            error += (abs(away) - error) * _ERROR_RATE
            slow_error += (slow - slow_error) * _ERROR_RATE
            seen += 1
        is_believed = is_known and seen > _GATE_ROWS and error < _GATE * slow_error
        yield usual, error if is_believed else np.inf
        profile[cell], visits[cell] = usual + _GAINS[rows] * away, min(rows + 1, seasonal.LEARNED_ROWS)
