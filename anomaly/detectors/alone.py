"""One settled series as plain numbers: the arithmetic of the columns without what arrays of one element cost.

A call on columns costs the same for one series as for fifty. Where a batch brings a single one, most of that is
spent on making arrays, so this takes a quarter of the time. Every result is the same to the bit; the suite of all
detectors holds that by scoring the same series alone and among many.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import Observations, Scores, State
from anomaly.detectors import features, novelty, rarity, seasonal
from anomaly.detectors.weighing import (
    BAND_SPREADS,
    BAND_UNITS_MIN,
    NOVELTY_UNIT,
    PARTS,
    SEASON_WEIGHT,
    parts_of,
    weighed_gaps,
)
from tocsin.core.columns import Floats

_RATES: Final = features.MEAN_RATES
_GAINS: Final = seasonal.GAINS.tolist()
_CELLS: Final = seasonal.cells().tolist()
_SPANS: Final = seasonal.CELL_HALF_HOURS.tolist()
_HALF_HOUR_MS: Final = seasonal.HALF_HOUR_MS.item()
_ERROR_RATE: Final = seasonal.ERROR_RATE.item()
_LEAK: Final = seasonal.RANGE_LEAK.item()
_GATE: Final = seasonal.GATE.item()
_GATE_ROWS: Final = seasonal.GATE_ROWS.item()
_WIDTH_MIN: Final = seasonal.WIDTH_MIN.item()
_NOVELTY_MAX: Final = seasonal.NOVELTY_MAX.item()
_NOT_WARMING: Final = np.zeros(1, np.bool_)
_NOTHING: Final = np.zeros(1)
_NO_GAPS: Final = np.zeros((0, features.FEATURES))


class _Season(NamedTuple):
    distance: list[float]
    expected: float | None
    columns: dict[str, NDArray[Any]]


def score(state: State, seen: Observations) -> tuple[Scores, dict[str, NDArray[Any]]]:
    """Judge the one observation, then learn from it; as ``Adaptive.score`` does.

    Args:
        state: Columns of one series that is past ``features.SETTLED_ROWS``; left unchanged.
        seen: One window.
    """
    rows, before = int(state["rows"][0]), state["levels"][0].tolist()
    after, point = _observed(before, seen.mean.item(), seen.min.item(), seen.max.item())
    new = novelty.remember(state["bounds"], state["boxes"], state["used"], state["rows"], point)
    season = _compared(state, seen.start_ms.item(), after[features.NOW], before[features.SLOW])
    weighed = weighed_gaps(new, state["rows"]) if len(new.found) else _NO_GAPS
    terms, evidence = _evidence(weighed, season.distance)
    surprise, passed, record = _weighed(state, rows, evidence)
    low, high = _band(before, after, season.expected)
    score = np.array([surprise])
    alert = score if passed else _NOTHING
    parts = (
        parts_of(terms, new.found, weighed, np.array([evidence]), score)
        if terms is not None
        else dict.fromkeys(PARTS, _NOTHING)
    )
    scores = Scores(score, alert, _NOT_WARMING, np.array([low]), np.array([high]), parts)
    memory = {"bounds": new.bounds, "boxes": new.boxes, "used": new.used}
    columns = {"rows": np.array([rows + 1]), "levels": np.array([after]), **memory, **season.columns, **record}
    return scores, columns


def _observed(before: list[float], mean: float, low: float, high: float) -> tuple[list[float], NDArray[np.float32]]:
    """Return levels and point after the row; see ``features.observe``."""
    level = before[features.LEVEL]
    now = outer = _relative(before, mean)
    if high > low:
        below, above = _relative(before, low), _relative(before, high)
        outer = above if above - level >= level - below else below
    means = [
        mean + (now - mean) * rate for mean, rate in zip(before[features.MEAN_0 : features.SPREAD], _RATES, strict=True)
    ]
    spread = before[features.SPREAD]
    spread += (abs(outer - level) - spread) * features.SPREAD_RATE
    fast, level, slower, slow = means
    bands = [outer, outer - fast, fast - level, level - slower, slower - slow, level, float(np.log(spread + 1.0))]
    point = np.array([bands, [-band for band in bands]], np.float32)
    return [*before[: features.NOW], now, *means, spread], point[None]


def _relative(levels: list[float], value: float) -> float:
    relative = (value - levels[features.ORIGIN]) / levels[features.UNIT]
    return min(max(relative, -features.VALUE_MAX), features.VALUE_MAX)


def _compared(state: State, start_ms: int, value: float, slow: float) -> _Season:
    """Return how far the value leaves the profiles, and learn it; see ``seasonal.compare``."""
    half_hour, came = start_ms // _HALF_HOUR_MS, state["half_hour"].item()
    profile, visits, season = state["profile"].copy(), state["visits"].copy(), state["season"][0].tolist()
    flat, filled = profile.reshape(-1), visits.reshape(-1)
    distance, least_error, expected = [0.0, 0.0], np.inf, None
    for place, cell in enumerate(_CELLS[half_hour % len(_CELLS)]):
        usual, rows = flat[cell].item(), filled[cell].item()
        if came // _SPANS[place] != half_hour // _SPANS[place]:
            season[seasonal.KNOWN][place] = float(rows > 0)
        away = value - usual
        outside = _learned(season, place, away, value - slow) if season[seasonal.KNOWN][place] > 0.0 else None
        if outside is not None:
            distance[place] = outside
            if season[seasonal.ERROR][place] < least_error:
                least_error, expected = season[seasonal.ERROR][place], usual
        flat[cell], filled[cell] = usual + _GAINS[rows] * away, min(rows + 1, seasonal.LEARNED_ROWS)
    columns = {"profile": profile, "visits": visits, "season": np.array([season], np.float32)}
    return _Season(distance, expected, {**columns, "half_hour": np.array([half_hour])})


def _learned(season: list[list[float]], place: int, away: float, slow_away: float) -> float | None:
    """Learn a residual of one profile, in place; return how far outside it was, None where not believed."""
    error, slow_error, seen, _, lows, highs = season
    low, high = lows[place], highs[place]
    width = max(-(low + high), _WIDTH_MIN)
    outside = min(max(low - away, high + away, 0.0) / width, _NOVELTY_MAX)
    error[place] += (abs(away) - error[place]) * _ERROR_RATE
    slow_error[place] += (abs(slow_away) - slow_error[place]) * _ERROR_RATE
    seen[place] += 1.0
    lows[place], highs[place] = min(low + _LEAK * width, away), min(high + _LEAK * width, -away)
    believed = error[place] < _GATE * slow_error[place] and seen[place] > _GATE_ROWS
    return outside if believed else None


def _evidence(weighed: Floats, season: list[float]) -> tuple[Floats | None, float]:
    """Return shape (1, 4), the terms, None where all are 0; and their sum. See ``weighing.terms_of``."""
    if not len(weighed) and not any(season):
        return None, 0.0
    value, fast, second, third, slow, level, spread = weighed[0].tolist() if len(weighed) else [0.0] * 7
    outside = [value + fast + second + third + slow, level + spread, *(away / NOVELTY_UNIT for away in season)]
    terms = np.log([distance + 1.0 for distance in outside])
    terms[2:] *= SEASON_WEIGHT
    by_value, by_level, by_day, by_week = terms.tolist()
    return terms[None], by_value + by_level + (by_day + by_week)


def _weighed(state: State, rows: int, evidence: float) -> tuple[float, bool, dict[str, NDArray[Any]]]:
    """Return surprise, whether the row passed, and the record after it; see ``rarity.weigh``."""
    peaks, passes = state["peaks"], state["passes"] * rarity.KEPT
    block_rows = min(rows // rarity.ROWS_PER_BLOCK_ROW + 1, rarity.BLOCK_ROWS_MAX)
    block, begins = rows // block_rows % rarity.BLOCKS, rows % block_rows == 0
    before = peaks
    if begins or evidence > 0.0:
        peaks = peaks.copy()
    if begins:
        peaks[0, block] = 0.0
    if not evidence > 0.0:
        return 0.0, False, {"peaks": peaks, "passes": passes}
    level = int(min(evidence / rarity.BIN_WIDTH, rarity.BINS - 1.0))
    stronger = passes[0, level].item()
    credit = min(evidence / rarity.CREDIT_EVIDENCE, 1.0)
    odds = (rows + 1.0 + rarity.BORROWED_ROWS * credit) / (1.0 + stronger)
    surprise = max(float(np.log10(odds)), 0.0) + rarity.EVIDENCE_WEIGHT * evidence
    passed = evidence > before[0].max().item()
    if passed:
        passes[0, : level + 1] += np.float32(1.0)
    peaks[0, block] = max(peaks[0, block].item(), evidence)
    return surprise, passed, {"peaks": peaks, "passes": passes}


def _band(before: list[float], after: list[float], expected: float | None) -> tuple[float, float]:
    """Return the ends of what was expected; see ``weighing.band_of``."""
    unit = after[features.UNIT]
    middle = after[features.ORIGIN] + (before[features.LEVEL] if expected is None else expected) * unit
    half = max(BAND_SPREADS * before[features.SPREAD], BAND_UNITS_MIN) * unit
    return middle - half, middle + half
