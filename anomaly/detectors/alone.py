"""One settled series as plain numbers: the arithmetic of the columns without what arrays of one element cost.

A call on columns costs the same for one series as for fifty. Where a batch brings a single one, most of that is
spent on making arrays. Here a series is opened once and its state changes in place. Every result is the same to
the bit; the suite of all detectors holds that by scoring the same series alone and among many.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import Observations, Scores, State
from anomaly.detectors import features
from anomaly.detectors.alone_memories import Memories
from anomaly.detectors.alone_profiles import Profiles
from anomaly.detectors.alone_record import Record
from anomaly.detectors.weighing import BAND_SPREADS, BAND_UNITS_MIN, NOVELTY_UNIT, PARTS, SEASON_WEIGHT

_RATES: Final = features.MEAN_RATES
_NOT_WARMING: Final = np.zeros(1, np.bool_)
_NOTHING: Final = np.zeros(1)
_NO_PARTS: Final = (0.0,) * len(PARTS)
_NO_GAPS: Final = (0.0,) * features.FEATURES


class Judged(NamedTuple):
    """What is said of one row; as ``contract.Scores``, of one series that is not warming up.

    Attributes:
        score: How anomalous the window is; at least 0.
        alert: The score where it passes, else 0.
        low: Lower end of what was expected, in the metric's unit.
        high: Upper end.
        parts: The score divided among ``weighing.PARTS``.
    """

    score: float
    alert: float
    low: float
    high: float
    parts: tuple[float, ...]


class Series:
    """A series whose state is open: it changes with every row."""

    __slots__ = ("_levels", "_memories", "_profiles", "_record", "_rows")

    def __init__(self, state: State) -> None:
        """Open the state of one series that is past ``features.SETTLED_ROWS``; its columns are left unchanged."""
        self._rows = int(state["rows"][0])
        self._levels: list[float] = state["levels"][0].tolist()
        self._memories = Memories(state)
        self._profiles = Profiles(state)
        self._record = Record(state)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the state as it is now, in memory that the next row changes."""
        return {
            "rows": np.array([self._rows]),
            "levels": np.array([self._levels]),
            **self._memories.columns(),
            **self._profiles.columns(),
            **self._record.columns(),
        }

    def judge(self, start_ms: int, mean: float, low: float, high: float) -> Judged:
        """Judge one window, then learn from it.

        Args:
            start_ms: Its start, UTC epoch milliseconds.
            mean: Mean of its readings, in the metric's unit.
            low: The smallest reading.
            high: The largest.
        """
        rows, before = self._rows, self._levels
        after, point = _observed(before, mean, low, high)
        gaps = self._memories.remember(rows, point)
        distance, expected = self._profiles.compare(start_ms, after[features.NOW], before[features.SLOW])
        self._rows, self._levels = rows + 1, after
        unit = after[features.UNIT]
        middle = after[features.ORIGIN] + (before[features.LEVEL] if expected is None else expected) * unit
        half = BAND_SPREADS * before[features.SPREAD]
        half = (half if half > BAND_UNITS_MIN else BAND_UNITS_MIN) * unit
        if gaps is None and not any(distance):
            self._record.weigh(rows, 0.0)
            return Judged(0.0, 0.0, middle - half, middle + half, _NO_PARTS)
        terms = _terms(gaps or _NO_GAPS, distance)
        by_value, by_level, by_day, by_week = terms
        evidence = by_value + by_level + (by_day + by_week)
        surprise, passed = self._record.weigh(rows, evidence)
        parts = _parts(terms, gaps, evidence, surprise) if evidence > 0.0 else _NO_PARTS
        return Judged(surprise, surprise if passed else 0.0, middle - half, middle + half, parts)


def score(state: State, seen: Observations) -> tuple[Scores, dict[str, NDArray[Any]]]:
    """Judge the one observation, then learn from it; as ``Adaptive.score`` does.

    Args:
        state: Columns of one series that is past ``features.SETTLED_ROWS``; left unchanged.
        seen: One window.
    """
    series = Series(state)
    said = series.judge(seen.start_ms.item(), seen.mean.item(), seen.min.item(), seen.max.item())
    score = np.array([said.score]) if said.score > 0.0 else _NOTHING
    alert = score if said.alert > 0.0 else _NOTHING
    parts = (
        {name: np.array([part]) for name, part in zip(PARTS, said.parts, strict=True)}
        if said.score > 0.0
        else dict.fromkeys(PARTS, _NOTHING)
    )
    return Scores(score, alert, _NOT_WARMING, np.array([said.low]), np.array([said.high]), parts), series.columns()


def _observed(before: list[float], mean: float, low: float, high: float) -> tuple[list[float], list[float]]:
    """Return levels after the row, and the features followed by the features negated; see ``features.observe``."""
    origin, unit, quantum, noise, _, fast, level, slower, slow, spread = before
    now = outer = _relative(mean, origin, unit)
    if high > low:
        below, above = _relative(low, origin, unit), _relative(high, origin, unit)
        outer = above if above - level >= level - below else below
    spread += (abs(outer - level) - spread) * features.SPREAD_RATE
    of_fast, of_level, of_slower, of_slow = _RATES
    fast += (now - fast) * of_fast
    level += (now - level) * of_level
    slower += (now - slower) * of_slower
    slow += (now - slow) * of_slow
    first, second, third, fourth = outer - fast, fast - level, level - slower, slower - slow
    width = float(np.log(spread + 1.0))
    after = [origin, unit, quantum, noise, now, fast, level, slower, slow, spread]
    return after, [
        *(outer, first, second, third, fourth, level, width),
        *(-outer, -first, -second, -third, -fourth, -level, -width),
    ]


def _relative(value: float, origin: float, unit: float) -> float:
    relative = (value - origin) / unit
    return min(max(relative, -features.VALUE_MAX), features.VALUE_MAX)


def _terms(gaps: list[float] | tuple[float, ...], season: list[float]) -> list[float]:
    """Return the evidence of both memories and both profiles; see ``weighing.terms_of``."""
    value, fast, second, third, slow, level, spread = gaps
    outside = [value + fast + second + third + slow, level + spread, *(away / NOVELTY_UNIT for away in season)]
    by_value, by_level, by_day, by_week = np.log([distance + 1.0 for distance in outside]).tolist()
    return [by_value, by_level, by_day * SEASON_WEIGHT, by_week * SEASON_WEIGHT]


def _parts(terms: list[float], gaps: list[float] | None, evidence: float, score: float) -> tuple[float, ...]:
    """Return the score divided among the parts; see ``weighing.parts_of``."""
    share = score / evidence
    by_value, by_level, by_day, by_week = terms
    season = share * (by_day + by_week)
    if gaps is None:
        return 0.0, 0.0, 0.0, season
    value, fast, second, third, slow, level, spread = gaps
    slow, fast = value + third + slow, fast + second
    by_value = share * by_value / max(slow + fast, 1e-300)
    by_level = share * by_level / max(level + spread, 1e-300)
    return by_value * slow + by_level * level, by_value * fast, by_level * spread, season
