"""The default detector: novelty against what this one series has done, scored by how rare it is.

Four steps, each a module: ``features`` puts the series into units of its own noise, ``novelty`` measures the
distance to everything remembered, ``seasonal`` to the same time of earlier days, ``rarity`` turns the evidence
into a surprise. ``docs/detection.md`` has the mathematics, the sources and the measured figures.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import Observations, Scores, State
from anomaly.detectors import features, novelty, rarity, seasonal
from tocsin.core.columns import Bools, Floats, Int64s

WARM_ROWS: Final = 30
"""Rows of a series before it is judged."""

NOVELTY_UNIT: Final = 0.005
"""Distance, in ranges, that counts as one step of novelty in a series seen long."""

DOUBT_ROWS: Final = 60.0
"""A range known from n rows is doubted by ``(DOUBT_ROWS / n) ** 2`` of itself."""

SEASON_WEIGHT: Final = 0.4
BAND_SPREADS: Final = 4.0
"""Half width of the expected band, in mean deviations."""


class Adaptive:
    """Scores series with no setting for any of them."""

    name = "adaptive"
    version = 1

    def initial(self, series: int) -> dict[str, NDArray[Any]]:
        """Return the state of that many series that have seen nothing."""
        return {
            "rows": np.zeros(series, np.int64),
            "levels": features.initial_levels(series),
            **novelty.initial_memory(series),
            **seasonal.initial_season(series),
            **rarity.initial_rarity(series),
        }

    def score(self, state: State, observations: Observations) -> tuple[Scores, dict[str, NDArray[Any]]]:
        """Judge one observation a series, then learn from it.

        Args:
            state: Columns of exactly the n series observed; left unchanged.
            observations: One window a series; its mean is judged, and how far its readings lie apart.
        """
        with np.errstate(over="ignore", under="ignore"):
            return _score(_begun(state), observations)


def _begun(state: State) -> State:
    """Return the state with empty memories where the noise unit has just become known.

    What was remembered before is in another unit; and a memory begun earlier would hold ranges that are
    inflated for ever.
    """
    begins = state["rows"] == features.UNIT_ROWS
    if not begins.any():
        return state
    series = len(begins)
    empty = {**novelty.initial_memory(series), **seasonal.initial_season(series)}
    cleared = {
        name: np.where(begins.reshape(-1, *[1] * (column.ndim - 1)), column, state[name])
        for name, column in empty.items()
    }
    return {**state, **cleared}


def _score(state: State, seen: Observations) -> tuple[Scores, dict[str, NDArray[Any]]]:
    rows, before = state["rows"], state["levels"]
    levels, point = features.observe(before, rows, seen.mean, seen.max - seen.min)
    new = novelty.remember(state["bounds"], state["boxes"], state["used"], rows, point)
    season = seasonal.compare(
        state["profile"],
        state["visits"],
        state["season"],
        before_ms=state["start_ms"],
        start_ms=seen.start_ms,
        value=levels[:, features.NOW],
        slow=before[:, features.MEANS.stop - 1],
    )
    warming = rows < WARM_ROWS
    terms = _terms(new.distance, season.distance, rows, warming)
    evidence = terms[:, 0] + terms[:, 1] + terms[:, 2] + terms[:, 3]
    rare = rarity.weigh(state["peaks"], state["passes"], rows, evidence)
    score = np.where(evidence > 0.0, rare.surprise, 0.0)
    low, high = _band(before, levels, season.expected, warming)
    parts = _parts(terms, new, evidence, score)
    scores = Scores(score, np.where(rare.passed, score, 0.0), warming, low, high, parts)
    return scores, {
        "rows": rows + 1,
        "levels": levels,
        "bounds": new.bounds,
        "boxes": new.boxes,
        "used": new.used,
        "profile": season.profile,
        "visits": season.visits,
        "season": season.season,
        "start_ms": seen.start_ms,
        "peaks": rare.peaks,
        "passes": rare.passes,
    }


def _terms(remembered: Floats, season: Floats, rows: Int64s, warming: Bools) -> Floats:
    """Return the evidence of both memories and both profiles; shape (n, 4)."""
    doubt = DOUBT_ROWS / (rows + 1.0)
    unit = NOVELTY_UNIT + doubt * doubt
    distance = np.empty((len(rows), 4))
    distance[:, :2] = remembered / unit[:, None]
    distance[:, 2:] = season / NOVELTY_UNIT
    terms = np.log(1.0 + distance)
    terms[:, 2:] *= SEASON_WEIGHT
    terms *= ~warming[:, None]
    return terms


def _band(before: Floats, after: Floats, expected: Floats, warming: Bools) -> tuple[Floats, Floats]:
    """Return the ends of what was expected before the row, in the metric's unit."""
    unit = after[:, features.UNIT]
    usual = np.where(np.isnan(expected), before[:, features.LEVEL], expected)
    middle = after[:, features.ORIGIN] + usual * unit
    half = BAND_SPREADS * np.maximum(before[:, features.SPREAD], 0.5) * unit
    return np.where(warming, np.nan, middle - half), np.where(warming, np.nan, middle + half)


def _parts(terms: Floats, new: novelty.Novelty, evidence: Floats, score: Floats) -> dict[str, Floats]:
    """Return the score divided among level, spike, spread and season, as their evidence is."""
    if not evidence.any():
        nothing = np.zeros(len(evidence))
        return {"level": nothing, "spike": nothing, "spread": nothing, "season": nothing}
    gaps = new.gaps.astype(np.float64)
    share = score / np.where(evidence > 0.0, evidence, 1.0)
    total = np.where(new.distance > 0.0, new.distance, 1.0)
    by_value = share * terms[:, 0] / total[:, 0]
    by_level = share * terms[:, 1] / total[:, 1]
    return {
        "level": by_value * (gaps[:, 0] + gaps[:, 3] + gaps[:, 4]) + by_level * gaps[:, 5],
        "spike": by_value * (gaps[:, 1] + gaps[:, 2]),
        "spread": by_level * gaps[:, 6],
        "season": share * (terms[:, 2] + terms[:, 3]),
    }
