"""Daily and weekly shape: what the same time of an earlier day was like.

Two profiles: half-hours of the day, and hours of the day apart for weekdays and weekends, in UTC. A profile
speaks only where it explains the series clearly better than a slow average does; without that gate it costs
two to seven points on the Numenta benchmark, because most series have no daily shape.
"""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Bools, Floats, Int64s

Singles = NDArray[np.float32]
UInt8s = NDArray[np.uint8]

HALF_HOUR_MS: Final = np.array(1_800_000)
CELLS: Final = 48
PROFILES: Final = 2

LEARNED_ROWS: Final = 10
"""Rows of a cell that weigh the same; later ones weigh a tenth each."""

# Arrays of no dimension and not Python numbers: with few series those cost more than the arithmetic.
ERROR_RATE: Final = np.array(0.003)
RANGE_LEAK: Final = np.array(3e-4)
"""Share of its width that the range of residuals loses a row, at both ends."""

GATE: Final = np.array(0.7)
"""Largest error, relative to that of the slow average, of a profile that is believed."""

GATE_ROWS: Final = np.array(100.0)
"""Residuals after which a profile can be believed."""

WIDTH_MIN: Final = np.array(1.0)
NOVELTY_MAX: Final = np.array(10.0)
EMPTY: Final = np.float32(1e37)

ERROR, SLOW_ERROR, SEEN, KNOWN, LOW, HIGH = range(6)
"""Rows of ``season``: mean error of the profile and of the slow average, residuals seen, whether the present
cell was filled before this visit, least residual, and least negated residual."""

_ERRORS: Final = slice(ERROR, SLOW_ERROR + 1)
_ENDS: Final = slice(LOW, HIGH + 1)
GAINS: Final = 1.0 / np.array([*range(1, LEARNED_ROWS + 1), LEARNED_ROWS])
"""Weight of a row in its cell, by the rows that the cell has learned from."""

_ZERO: Final = np.array(0.0)
_ONE: Final = np.array(1.0)
_VISIT: Final = np.array(1, np.uint8)
_FULL: Final = np.array(LEARNED_ROWS, np.uint8)
_WEEK: Final = np.array(7 * CELLS)
CELL_HALF_HOURS: Final = np.array([1, 2])


class Season(NamedTuple):
    """How far a value leaves its seasonal profiles, and the profiles after it.

    Attributes:
        distance: shape (n, PROFILES), beyond the range of residuals, in ranges; 0 where not believed.
            None where no profile is believed.
        expected: shape (n,), value that the better profile expected, in noise units, NaN where none is
            believed. None where no profile is believed.
        profile: shape (n, PROFILES, CELLS), float32, usual value of each cell.
        visits: shape (n, PROFILES, CELLS), uint8, rows each cell has learned from, up to ``LEARNED_ROWS``.
        season: shape (n, 6, PROFILES), float32, the rows named in this module.
        half_hour: shape (n,), int64, half-hours from the epoch to the row.
    """

    distance: Floats | None
    expected: Floats | None
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


def compare(before: Season, start_ms: Int64s, value: Floats, slow: Floats) -> Season:
    """Return how far the values leave their profiles, and learn them.

    Args:
        before: What was known before the row; left unchanged.
        start_ms: shape (n,), start of the row, UTC epoch milliseconds.
        value: shape (n,), in noise units.
        slow: shape (n,), slow average before the row, in noise units.
    """
    half_hour = start_ms // HALF_HOUR_MS
    place = cells()[half_hour % _WEEK] + _offsets(len(value))
    usual = before.profile.reshape(-1)[place]
    filled = before.visits.reshape(-1)[place]
    season = before.season.astype(np.float64)
    _arrive(season, before.half_hour, half_hour, filled)
    away = value[:, None] - usual
    distance, expected = None, None
    if np.count_nonzero(season[:, KNOWN]):
        believed, outside = _learn(season, away, value - slow)
        if np.count_nonzero(believed):
            distance = outside * believed
            expected = _expected(season, believed, usual)
    profile = before.profile.copy()
    profile.reshape(-1)[place] = usual + GAINS[filled] * away
    visits = _visited(before.visits, place, filled)
    return Season(distance, expected, profile, visits, season.astype(np.float32), half_hour)


@lru_cache(maxsize=1)
def cells() -> Int64s:
    """Return the cells of each half-hour of a week that begins with the epoch, a Thursday; shape (336, PROFILES)."""
    half_hour = np.arange(7 * CELLS)
    weekend = np.isin(half_hour // CELLS, [2, 3])
    hour = half_hour % CELLS // 2
    return np.stack([half_hour % CELLS, CELLS + hour + 24 * weekend], axis=1)


@lru_cache(maxsize=16)
def _offsets(series: int) -> Int64s:
    return (np.arange(series) * (PROFILES * CELLS))[:, None]


def _arrive(season: Floats, before: Int64s, half_hour: Int64s, filled: UInt8s) -> None:
    """Note, where a cell is entered, whether it was filled on an earlier visit."""
    if not np.count_nonzero(before != half_hour):
        return
    arrived = before[:, None] // CELL_HALF_HOURS != half_hour[:, None] // CELL_HALF_HOURS
    np.copyto(season[:, KNOWN], filled > 0, where=arrived)


def _learn(season: Floats, away: Floats, slow_away: Floats) -> tuple[Bools, Floats]:
    """Learn errors and range of the residuals where the cell is known, in place.

    Returns:
        Which profiles are known and believed, and how many widths each residual lay outside its range before.
    """
    known = season[:, KNOWN] > _ZERO
    residuals = np.empty((len(away), 2, PROFILES))
    residuals[:, 0], residuals[:, 1] = away, slow_away[:, None]
    ends, signed = season[:, _ENDS], np.stack((away, -away), axis=1)
    width = np.maximum(-(ends[:, 0] + ends[:, 1]), WIDTH_MIN)
    outside = _beyond(ends - signed, width)
    # Both errors begin at zero and share their weights, so the bias of a short memory cancels in the comparison.
    learned = season.copy()
    learned[:, _ERRORS] += (np.abs(residuals) - season[:, _ERRORS]) * ERROR_RATE
    learned[:, SEEN] += _ONE
    # The range leaks, and is widened to hold the new residuals.
    learned[:, _ENDS] = np.minimum(ends + (RANGE_LEAK * width)[:, None], signed)
    if np.count_nonzero(known) == known.size:
        season[:] = learned
    else:
        np.copyto(season, learned, where=known[:, None])
    better = season[:, ERROR] < GATE * season[:, SLOW_ERROR]
    return better & (season[:, SEEN] > GATE_ROWS) & known, outside


def _beyond(beyond: Floats, width: Floats) -> Floats:
    outside = np.maximum(np.maximum(beyond[:, 0], beyond[:, 1]), _ZERO)
    return np.asarray(np.minimum(outside / width, NOVELTY_MAX))


def _expected(season: Floats, believed: Bools, usual: Singles) -> Floats:
    second = believed[:, 1] & (~believed[:, 0] | (season[:, ERROR, 1] < season[:, ERROR, 0]))
    chosen = np.where(second, usual[:, 1], usual[:, 0])
    return np.where(believed[:, 0] | believed[:, 1], chosen, np.nan)


def _visited(visits: UInt8s, place: Int64s, filled: UInt8s) -> UInt8s:
    if not np.count_nonzero(filled != _FULL):
        return visits
    visits = visits.copy()
    visits.reshape(-1)[place] = np.minimum(filled + _VISIT, _FULL)
    return visits
