"""The default detector: novelty against what this one series has done, scored by how rare it is.

Four steps, each a module: ``features`` puts the series into units of its own noise, ``novelty`` measures the
distance to everything remembered, ``seasonal`` to the same time of earlier days, ``rarity`` turns the evidence
into a surprise. ``docs/detection.md`` has the mathematics, the sources and the measured figures.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import Observations, Scores, State
from anomaly.detectors import alone, features, novelty, rarity, seasonal
from anomaly.detectors.weighing import band_of, parts_of, terms_of, weighed_gaps

WARM_ROWS: Final = 30
"""Rows of a series before it is judged."""


class Adaptive:
    """Scores series with no setting for any of them."""

    name = "adaptive"
    version = 2

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
        rows = state["rows"]
        with np.errstate(over="ignore", under="ignore"):
            if len(rows) == 1 and rows[0] >= features.SETTLED_ROWS:
                return alone.score(state, observations)
            return _score(state, observations)


def _score(state: State, seen: Observations) -> tuple[Scores, dict[str, NDArray[Any]]]:
    rows, before = state["rows"], state["levels"]
    youngest = int(np.minimum.reduce(rows, initial=features.SETTLED_ROWS))
    if youngest <= features.UNIT_ROWS:
        state = _begun(state)
    levels, point = features.observe(before, rows, seen.mean, seen.min, seen.max, youngest=youngest)
    new = novelty.remember(state["bounds"], state["boxes"], state["used"], rows, point)
    season = seasonal.compare(_season(state), seen.start_ms, levels[:, features.NOW], before[:, features.SLOW])
    warming = rows < WARM_ROWS
    weighed = weighed_gaps(new, rows)
    terms = terms_of(new.found, weighed, season.distance, warming)
    evidence = terms[:, 0] + terms[:, 1] + (terms[:, 2] + terms[:, 3])
    rare = rarity.weigh(state["peaks"], state["passes"], rows, evidence)
    low, high = band_of(before, levels, season.expected, warming)
    parts = parts_of(terms, new.found, weighed, evidence, rare.surprise)
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
