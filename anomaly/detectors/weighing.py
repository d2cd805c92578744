"""What the novelty of settled memories amounts to: evidence, the band that was expected, the parts of a score."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from anomaly.detectors import features, novelty
from tocsin.core.columns import Bools, Floats, Int64s

NOVELTY_UNIT: Final = 0.003
"""Distance, in ranges, that counts as one step of novelty in a series seen long."""

DOUBT_ROWS: Final = 40.0
"""A range known from n rows is doubted by ``(DOUBT_ROWS / n) ** 2`` of itself."""

SEASON_WEIGHT: Final = 0.4
BAND_SPREADS: Final = 4.0
BAND_UNITS_MIN: Final = 2.0
"""Half width of the expected band: mean distances from the level, and at least so many noise units."""

PARTS: Final = ("level", "spike", "spread", "season")


def terms_of(remembered: NDArray[np.float32], season: Floats | None, rows: Int64s, warming: Bools) -> Floats:
    """Return the evidence of both memories and both profiles; shape (n, 4).

    Args:
        remembered: shape (n, 2), distance from both memories.
        season: shape (n, 2), from both profiles; None without any.
        rows: shape (n,), rows before this one.
        warming: shape (n,), where there is no evidence yet.
    """
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


def band_of(before: Floats, after: Floats, expected: Floats | None, warming: Bools) -> tuple[Floats, Floats]:
    """Return the ends of what was expected before the row, in the metric's unit; NaN while warming up.

    Args:
        before: shape (n, features.LEVELS), before the row.
        after: The same after it.
        expected: shape (n,), what the season expected, NaN where nothing; None without any.
        warming: shape (n,).
    """
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


def parts_of(terms: Floats, new: novelty.Novelty, evidence: Floats, score: Floats) -> dict[str, Floats]:
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
