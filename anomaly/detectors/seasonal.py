"""Daily and weekly shape: what the same time of an earlier day was like.

Two profiles: half-hours of the day, and hours of the day apart for weekdays and weekends, in UTC. A profile
speaks only where it explains the series clearly better than a slow average does; without that gate it costs
two to seven points on the Numenta benchmark, because most series have no daily shape.
"""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Bools, Int64s

Singles = NDArray[np.float32]
UInt8s = NDArray[np.uint8]

HALF_HOUR_MS: Final = 1_800_000
CELLS: Final = 48
PROFILES: Final = 2

LEARNED_ROWS: Final = 10
"""Rows of a cell that weigh the same; later ones weigh a tenth each."""

ERROR_RATE: Final = np.float32(0.003)
RANGE_LEAK: Final = np.float32(3e-4)
"""Share of its width that the range of residuals loses a row, at both ends."""

GATE: Final = np.float32(0.7)
"""Largest error, relative to that of the slow average, of a profile that is believed."""

GATE_ROWS: Final = 100.0
"""Residuals after which a profile can be believed."""

WIDTH_MIN: Final = np.float32(1.0)
NOVELTY_MAX: Final = np.float32(10.0)
EMPTY: Final = np.float32(1e37)

ERROR, SLOW_ERROR, SEEN, KNOWN, LOW, HIGH = range(6)
"""Rows of ``season``: mean error of the profile and of the slow average, residuals seen, whether the present
cell was filled before this visit, least residual, and least negated residual."""

_GAINS: Final = (1.0 / np.array([*range(1, LEARNED_ROWS + 1), LEARNED_ROWS])).astype(np.float32)
_ONE: Final = np.float32(1.0)
_CELL_HALF_HOURS: Final = np.array([1, 2])


class Season(NamedTuple):
    """How far a value leaves its seasonal profiles, and the profiles after it.

    Attributes:
        distance: shape (n, PROFILES), float32, beyond the range of residuals, in ranges; 0 where not believed.
            None where no profile is believed.
        expected: shape (n,), float32, value that the better profile expected, in noise units, NaN where none is
            believed. None where no profile is believed.
        profile: shape (n, PROFILES, CELLS), float32, usual value of each cell.
        visits: shape (n, PROFILES, CELLS), uint8, rows each cell has learned from, up to ``LEARNED_ROWS``.
        season: shape (n, 6, PROFILES), float32, the rows named in this module.
        half_hour: shape (n,), int64, half-hours from the epoch to the row.
    """

    distance: Singles | None
    expected: Singles | None
    profile: Singles
    visits: UInt8s
    season: Singles
    half_hour: Int64s


def initial_season(series: int) -> dict[str, NDArray[Any]]:
    """Return empty profiles, as the columns ``profile``, ``visits``, ``season`` and ``half_hour``."""
    season = np.zeros((series, 6, PROFILES), np.float32)
    season[:, LOW:] = EMPTY
    return {
        "profile": np.zeros((series, PROFILES, CELLS), np.float32),
        "visits": np.zeros((series, PROFILES, CELLS), np.uint8),
        "season": season,
        "half_hour": np.full(series, -1, np.int64),
    }


def compare(before: Season, start_ms: Int64s, value: Singles, slow: Singles) -> Season:
    """Return how far the values leave their profiles, and learn them.

    Args:
        before: What was known before the row; left unchanged.
        start_ms: shape (n,), start of the row, UTC epoch milliseconds.
        value: shape (n,), in noise units.
        slow: shape (n,), slow average before the row, in noise units.
    """
    half_hour = start_ms // HALF_HOUR_MS
    place = _cells()[half_hour % len(_cells())] + _offsets(len(value))
    usual = before.profile.reshape(-1)[place]
    filled = before.visits.reshape(-1)[place]
    season = before.season.copy()
    _arrive(season, before.half_hour, half_hour, filled)
    known = season[:, KNOWN] > 0.0
    away = value[:, None] - usual
    distance, expected = None, None
    learning = np.count_nonzero(known)
    if learning:
        where = True if learning == known.size else known
        believed = _learn_errors(season, known, where, away, value - slow)
        if np.count_nonzero(believed):
            distance = _beyond(season, away) * believed
            expected = _expected(season, believed, usual)
        _widen(season, where, away)
    profile = before.profile.copy()
    profile.reshape(-1)[place] = usual + _GAINS[filled] * away
    visits = _visited(before.visits, place, filled)
    return Season(distance, expected, profile, visits, season, half_hour)


@lru_cache(maxsize=1)
def _cells() -> Int64s:
    """Return the two cells of each half-hour of a week that begins with the epoch, a Thursday."""
    half_hour = np.arange(7 * CELLS)
    weekend = np.isin(half_hour // CELLS, [2, 3])
    hour = half_hour % CELLS // 2
    return np.stack([half_hour % CELLS, CELLS + hour + 24 * weekend], axis=1)


@lru_cache(maxsize=16)
def _offsets(series: int) -> Int64s:
    return (np.arange(series) * (PROFILES * CELLS))[:, None]


def _arrive(season: Singles, before: Int64s, half_hour: Int64s, filled: UInt8s) -> None:
    """Note, where a cell is entered, whether it was filled on an earlier visit."""
    if not np.count_nonzero(before != half_hour):
        return
    arrived = before[:, None] // _CELL_HALF_HOURS != half_hour[:, None] // _CELL_HALF_HOURS
    np.copyto(season[:, KNOWN], filled > 0, where=arrived)


def _learn_errors(season: Singles, known: Bools, where: Bools | bool, away: Singles, slow_away: Singles) -> Bools:
    """Learn both mean errors where known; return which profiles are known and believed."""
    # Both begin at zero and share their weights, so the bias of a short memory cancels in the comparison.
    error, slow_error, seen = season[:, ERROR], season[:, SLOW_ERROR], season[:, SEEN]
    np.add(seen, _ONE, out=seen, where=where)
    np.add(error, (np.abs(away) - error) * ERROR_RATE, out=error, where=where)
    slow_step = (np.abs(slow_away)[:, None] - slow_error) * ERROR_RATE
    np.add(slow_error, slow_step, out=slow_error, where=where)
    better = error < GATE * slow_error
    if not np.count_nonzero(better):
        return better
    return np.asarray(better & (seen > GATE_ROWS) & known)


def _beyond(season: Singles, away: Singles) -> Singles:
    """Return how many widths the residuals lie outside their range so far."""
    outside = np.maximum(season[:, LOW] - away, season[:, HIGH] + away)
    return np.asarray(np.minimum(np.maximum(outside, 0.0) / _width(season), NOVELTY_MAX))


def _width(season: Singles) -> Singles:
    return np.asarray(np.maximum(-(season[:, LOW] + season[:, HIGH]), WIDTH_MIN))


def _widen(season: Singles, where: Bools | bool, away: Singles) -> None:
    """Let the range of residuals leak, and widen it to hold the new ones."""
    low, high = season[:, LOW], season[:, HIGH]
    leak = RANGE_LEAK * _width(season)
    np.minimum(low + leak, away, out=low, where=where)
    np.minimum(high + leak, -away, out=high, where=where)


def _expected(season: Singles, believed: Bools, usual: Singles) -> Singles:
    second = believed[:, 1] & (~believed[:, 0] | (season[:, ERROR, 1] < season[:, ERROR, 0]))
    chosen = np.where(second, usual[:, 1], usual[:, 0])
    return np.where(believed[:, 0] | believed[:, 1], chosen, np.float32(np.nan))


def _visited(visits: UInt8s, place: Int64s, filled: UInt8s) -> UInt8s:
    if not np.count_nonzero(filled != LEARNED_ROWS):
        return visits
    visits = visits.copy()
    visits.reshape(-1)[place] = np.minimum(filled + np.uint8(1), np.uint8(LEARNED_ROWS))
    return visits
