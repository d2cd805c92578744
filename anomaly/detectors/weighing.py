"""What the novelty of settled memories amounts to: evidence, the band that was expected, the parts of a score."""

from typing import Final

import numpy as np

from anomaly.detectors import features, novelty
from tocsin.core.columns import Bools, Floats, Int64s

NOVELTY_UNIT: Final = 0.003
"""Distance, in ranges, that counts as one step of novelty in a series seen long."""

DOUBT_ROWS: Final = 40.0
"""A range known from n rows is doubted by ``(DOUBT_ROWS / n) ** 2`` of itself."""

SLOWNESS_USUAL: Final = 1.3
"""Range of the value over that of its fastest band in noise without memory. The square of what is more multiplies
the doubt of slow features: a series that wanders has shown less of itself in as many rows."""

_SLOW: Final = np.array([0, 2, 3, 4, 5])
_FAST: Final = np.array([1, 6])
"""Features that wander as the series does, and those of single rows: the fastest band and the spread."""

SEASON_WEIGHT: Final = 0.4
BAND_SPREADS: Final = 4.0
BAND_UNITS_MIN: Final = 2.0
"""Half width of the expected band: mean distances from the level, and at least so many noise units."""

PARTS: Final = ("level", "spike", "spread", "season")


def weighed_gaps(new: novelty.Novelty, rows: Int64s) -> Floats:
    """Return how far the points found lie outside along each feature, in steps of novelty; shape (k, FEATURES).

    Args:
        new: The k points, among n.
        rows: shape (n,), rows before this one.
    """
    bounds = new.bounds[new.found]
    span = np.maximum(-(bounds[:, 0, :2] + bounds[:, 1, :2]), novelty.SPAN_MIN[:2]).astype(np.float64)
    slowness = np.maximum(span[:, 0] / (SLOWNESS_USUAL * span[:, 1]), 1.0)
    doubt = DOUBT_ROWS / (rows[new.found] + 1.0)
    doubt *= doubt
    weighed = new.gaps.astype(np.float64)
    weighed[:, _FAST] /= (NOVELTY_UNIT + doubt)[:, None]
    weighed[:, _SLOW] /= (NOVELTY_UNIT + doubt * (slowness * slowness))[:, None]
    return weighed


def terms_of(found: Int64s, weighed: Floats, season: Floats | None, warming: Bools) -> Floats:
    """Return the evidence of both memories and both profiles; shape (n, 4).

    Args:
        found: shape (k,), whose point lay outside a memory.
        weighed: shape (k, FEATURES), by how much, from ``weighed_gaps``.
        season: shape (n, 2), distance from both profiles; None without any.
        warming: shape (n,), where there is no evidence yet.
    """
    terms = np.zeros((len(warming), 4))
    if season is None and not len(found):
        return terms
    # Added one by one: the order of a reduction may depend on how many series there are.
    terms[found, 0] = weighed[:, 0] + weighed[:, 1] + weighed[:, 2] + weighed[:, 3] + weighed[:, 4]
    terms[found, 1] = weighed[:, 5] + weighed[:, 6]
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


def parts_of(terms: Floats, found: Int64s, weighed: Floats, evidence: Floats, score: Floats) -> dict[str, Floats]:
    """Return the score divided among the parts, as their evidence is; arguments as in ``terms_of``."""
    if not np.count_nonzero(evidence):
        return dict.fromkeys(PARTS, evidence)
    parts = {name: np.zeros(len(evidence)) for name in PARTS}
    share = score / np.where(evidence > 0.0, evidence, 1.0)
    parts["season"] = share * (terms[:, 2] + terms[:, 3])
    if len(found):
        level, spike = weighed[:, 0] + weighed[:, 3] + weighed[:, 4], weighed[:, 1] + weighed[:, 2]
        by_value = share[found] * terms[found, 0] / np.maximum(level + spike, 1e-300)
        by_level = share[found] * terms[found, 1] / np.maximum(weighed[:, 5] + weighed[:, 6], 1e-300)
        parts["level"][found] = by_value * level + by_level * weighed[:, 5]
        parts["spike"][found] = by_value * spike
        parts["spread"][found] = by_level * weighed[:, 6]
    return parts
