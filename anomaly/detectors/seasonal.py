"""Daily and weekly shape: what the same time of an earlier day was like.

Two profiles: half-hours of the day, and hours of the day apart for weekdays and weekends, in UTC. A profile
speaks only where it explains the series clearly better than a slow average does; without that gate it costs
two to seven points on the Numenta benchmark, because most series have no daily shape.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Floats, Int64s

HALF_HOUR_MS: Final = 1_800_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
CELLS: Final = 48
PROFILES: Final = 2

PROFILE_RATE: Final = 0.1
ERROR_RATE: Final = 0.003
RANGE_LEAK: Final = 3e-4
"""Share of its width that the range of residuals loses a row."""

GATE: Final = 0.7
"""Largest error, relative to that of the slow average, of a profile that is believed."""

GATE_ROWS: Final = 100
"""Residuals after which a profile can be believed."""

WIDTH_MIN: Final = 1.0
RESIDUAL_MAX: Final = 1e30
NOVELTY_MAX: Final = 10.0

ERROR, SLOW_ERROR, SEEN, KNOWN, LOW, HIGH = range(6)
"""Rows of ``season``: mean error of the profile and of the slow average, residuals seen, whether the present
cell was filled before this visit, range of the residuals."""

_CELL_MS: Final = np.array([HALF_HOUR_MS, HOUR_MS])


class Season(NamedTuple):
    """How far a value leaves its seasonal profiles, and the profiles after it.

    Attributes:
        distance: shape (n, PROFILES), beyond the range of residuals, in ranges; 0 where not believed.
        expected: shape (n,), value the better profile expected, in noise units; NaN where none is believed.
        profile: shape (n, PROFILES, CELLS), float32, usual value of each cell.
        visits: shape (n, PROFILES, CELLS), uint8, rows each cell has learned from, at most 255.
        season: shape (n, 6, PROFILES), the rows named in this module.
    """

    distance: Floats
    expected: Floats
    profile: NDArray[np.float32]
    visits: NDArray[np.uint8]
    season: Floats


def initial_season(series: int) -> dict[str, NDArray[Any]]:
    """Return empty profiles, as the columns ``profile``, ``visits``, ``season`` and ``start_ms``."""
    return {
        "profile": np.zeros((series, PROFILES, CELLS), np.float32),
        "visits": np.zeros((series, PROFILES, CELLS), np.uint8),
        "season": np.zeros((series, 6, PROFILES)),
        "start_ms": np.full(series, -1, np.int64),
    }


def compare(
    profile: NDArray[np.float32],
    visits: NDArray[np.uint8],
    season: Floats,
    *,
    before_ms: Int64s,
    start_ms: Int64s,
    value: Floats,
    slow: Floats,
) -> Season:
    """Return how far the values leave their profiles, and learn them.

    Args:
        profile: As in ``Season``, before the row; left unchanged, like all.
        visits: As in ``Season``.
        season: As in ``Season``.
        before_ms: shape (n,), start of the row before, UTC epoch milliseconds; -1 for none.
        start_ms: shape (n,), start of the row.
        value: shape (n,), in noise units.
        slow: shape (n,), slow average before the row, in noise units.
    """
    place = _places(start_ms)
    usual = profile.reshape(-1)[place].astype(np.float64)
    filled = visits.reshape(-1)[place]
    season = season.copy()
    arrived = (start_ms[:, None] // _CELL_MS) != (before_ms[:, None] // _CELL_MS)
    known = np.where(arrived, filled > 0, season[:, KNOWN] > 0.0)
    season[:, KNOWN] = known
    away = value[:, None] - usual
    residual = np.minimum(np.maximum(away, -RESIDUAL_MAX), RESIDUAL_MAX)
    _learn_errors(season, known, np.abs(residual), np.minimum(np.abs(value - slow), RESIDUAL_MAX))
    beyond = _leave_range(season, known, residual)
    believed = (season[:, ERROR] < GATE * season[:, SLOW_ERROR]) & (season[:, SEEN] > GATE_ROWS)
    expected = _expected(season, believed & known, usual)
    profile, visits = profile.copy(), visits.copy()
    gain = np.maximum(PROFILE_RATE, 1.0 / (filled + 1.0))
    profile.reshape(-1)[place] = np.minimum(np.maximum(usual + gain * away, -RESIDUAL_MAX), RESIDUAL_MAX)
    visits.reshape(-1)[place] = np.minimum(filled, 254) + 1
    return Season(np.where(believed, beyond, 0.0), expected, profile, visits, season)


def _places(start_ms: Int64s) -> Int64s:
    """Return where the present cells stand in the flat profiles; shape (n, PROFILES)."""
    day, time_ms = np.divmod(start_ms, DAY_MS)
    place = np.empty((len(start_ms), PROFILES), np.int64)
    place[:, 0] = time_ms // HALF_HOUR_MS
    # The epoch began on a Thursday, so days 2 and 3 of each seven are Saturday and Sunday.
    place[:, 1] = CELLS + time_ms // HOUR_MS + 24 * ((day + 3) % 7 >= 5)
    place += (np.arange(len(start_ms)) * (PROFILES * CELLS))[:, None]
    return place


def _learn_errors(season: Floats, known: NDArray[np.bool_], error: Floats, slow_error: Floats) -> None:
    season[:, SEEN] += known
    gain = known * np.maximum(ERROR_RATE, 1.0 / np.maximum(season[:, SEEN], 1.0))
    season[:, ERROR] += gain * (error - season[:, ERROR])
    season[:, SLOW_ERROR] += gain * (slow_error[:, None] - season[:, SLOW_ERROR])


def _leave_range(season: Floats, known: NDArray[np.bool_], residual: Floats) -> Floats:
    """Return how many widths the residuals lie outside their range so far, then widen it."""
    low, high = season[:, LOW], season[:, HIGH]
    width = np.maximum(high - low, WIDTH_MIN)
    first = season[:, SEEN] <= 1.0
    beyond = np.maximum(np.maximum(residual - high, low - residual), 0.0) / width
    leak = RANGE_LEAK * width
    low_next = np.where(first, residual, np.minimum(low + leak, residual))
    high_next = np.where(first, residual, np.maximum(high - leak, residual))
    season[:, LOW] = np.where(known, low_next, low)
    season[:, HIGH] = np.where(known, high_next, high)
    return np.where(known & ~first, np.minimum(beyond, NOVELTY_MAX), 0.0)


def _expected(season: Floats, believed: NDArray[np.bool_], usual: Floats) -> Floats:
    if not believed.any():
        return np.full(len(usual), np.nan)
    second = believed[:, 1] & (~believed[:, 0] | (season[:, ERROR, 1] < season[:, ERROR, 0]))
    chosen = np.where(second, usual[:, 1], usual[:, 0])
    return np.where(believed[:, 0] | believed[:, 1], chosen, np.nan)
