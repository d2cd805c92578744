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

NOVELTY_UNIT: Final = 0.003
"""Distance, in ranges, that counts as one step of novelty in a series seen long."""

DOUBT_ROWS: Final = 40.0
"""A range known from n rows is doubted by ``(DOUBT_ROWS / n) ** 2`` of itself."""

SEASON_WEIGHT: Final = 0.4
BAND_SPREADS: Final = 4.0
BAND_UNITS_MIN: Final = 2.0
"""Half width of the expected band: mean distances from the level, and at least so many noise units."""

PARTS: Final = ("level", "spike", "spread", "season")


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
            observations: One window a series; its mean, and its reading furthest from the level, are judged.
        """
        with np.errstate(over="ignore", under="ignore"):
            return _score(state, observations)


def _score(state: State, seen: Observations) -> tuple[Scores, dict[str, NDArray[Any]]]:
    rows, before = state["rows"], state["levels"]
    youngest = int(np.minimum.reduce(rows, initial=features.SETTLED_ROWS))
    if youngest <= features.UNIT_ROWS:
        state = _begun(state)
    levels, point = features.observe(before, rows, seen.mean, seen.min, seen.max, youngest=youngest)
    new = novelty.remember(state["bounds"], state["boxes"], state["used"], rows, point)
    now = levels[:, features.NOW].astype(np.float32)
    slow = before[:, features.SLOW].astype(np.float32)
    season = seasonal.compare(_season(state), seen.start_ms, now, slow)
    warming = rows < WARM_ROWS
    terms = _terms(new.distance, season.distance, rows, warming)
    evidence = terms[:, 0] + terms[:, 1] + (terms[:, 2] + terms[:, 3])
    rare = rarity.weigh(state["peaks"], state["passes"], rows, evidence)
    low, high = _band(before, levels, season.expected, warming)
    parts = _parts(terms, new, evidence, rare.surprise)
    alert = rare.surprise * rare.passed
    scores = Scores(rare.surprise, alert, warming, low, high, parts)
    return scores, {
        "rows": rows + 1,
        "levels": levels,
        "bounds": new.bounds,
        "boxes": new.boxes,
        "used": new.used,
        "profile": season.profile,
        "visits": season.visits,
        "season": season.season,
        "half_hour": season.half_hour,
        "peaks": rare.peaks,
        "passes": rare.passes,
    }


def _begun(state: State) -> State:
    """Return the state with empty memories where the noise unit becomes known.

    What was remembered before is in another unit; and a memory begun earlier would hold ranges that are
    inflated for ever.
    """
    begins = state["rows"] == features.UNIT_ROWS
    series = len(begins)
    empty = {**novelty.initial_memory(series), **seasonal.initial_season(series)}
    cleared = {
        name: np.where(begins.reshape(-1, *[1] * (column.ndim - 1)), column, state[name])
        for name, column in empty.items()
    }
    return {**state, **cleared}


def _season(state: State) -> seasonal.Season:
    return seasonal.Season(None, None, state["profile"], state["visits"], state["season"], state["half_hour"])


def _terms(remembered: NDArray[np.float32], season: NDArray[np.float32] | None, rows: Int64s, warming: Bools) -> Floats:
    """Return the evidence of both memories and both profiles; shape (n, 4)."""
    terms = np.zeros((len(rows), 4))
    if season is None and not np.count_nonzero(remembered):
        return terms
    doubt = DOUBT_ROWS / (rows + 1.0)
    terms[:, :2] = remembered
    terms[:, :2] /= (NOVELTY_UNIT + doubt * doubt)[:, None]
    if season is not None:
        terms[:, 2:] = season
        terms[:, 2:] /= NOVELTY_UNIT
    terms += 1.0
    terms = np.log(terms)
    terms[:, 2:] *= SEASON_WEIGHT
    terms[warming] = 0.0
    return terms


def _band(before: Floats, after: Floats, expected: NDArray[np.float32] | None, warming: Bools) -> tuple[Floats, Floats]:
    """Return the ends of what was expected before the row, in the metric's unit."""
    unit = after[:, features.UNIT]
    usual = before[:, features.LEVEL]
    if expected is not None:
        usual = np.where(np.isnan(expected), usual, expected)
    middle = after[:, features.ORIGIN] + usual * unit
    half = np.maximum(BAND_SPREADS * before[:, features.SPREAD], BAND_UNITS_MIN) * unit
    low, high = middle - half, middle + half
    if np.count_nonzero(warming):
        low[warming] = high[warming] = np.nan
    return low, high


def _parts(terms: Floats, new: novelty.Novelty, evidence: Floats, score: Floats) -> dict[str, Floats]:
    """Return the score divided among the parts, as their evidence is."""
    if not np.count_nonzero(evidence):
        return dict.fromkeys(PARTS, evidence)
    parts = {name: np.zeros(len(evidence)) for name in PARTS}
    share = score / np.where(evidence > 0.0, evidence, 1.0)
    parts["season"] = share * (terms[:, 2] + terms[:, 3])
    if len(found := new.found):
        gaps = new.gaps.astype(np.float64)
        level, spike = gaps[:, 0] + gaps[:, 3] + gaps[:, 4], gaps[:, 1] + gaps[:, 2]
        by_value = share[found] * terms[found, 0] / np.maximum(level + spike, 1e-300)
        by_level = share[found] * terms[found, 1] / np.maximum(gaps[:, 5] + gaps[:, 6], 1e-300)
        parts["level"][found] = by_value * level + by_level * gaps[:, 5]
        parts["spike"][found] = by_value * spike
        parts["spread"][found] = by_level * gaps[:, 6]
    return parts
