"""How far a healthy metric goes once in a long while: the tail of its excursions, fitted and extrapolated.

Peaks over a threshold follow a generalised Pareto distribution; a return level is what is exceeded once in a return
period. Source: Coles, "An Introduction to Statistical Modeling of Extreme Values" (2001), chapter 4.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

SHARE: Final = 0.95
"""Blocks above this quantile are peaks."""
PEAKS_MIN: Final = 30
"""Fewer peaks say nothing of the tail."""
SHAPE_MAX: Final = 0.3
"""A heavier tail than this is taken for one: a few outliers must not send a limit to the stars."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The fitted upper tail of a metric; that of the lower one is of its negative.

    Attributes:
        threshold: Above which peaks were fitted, in the metric's unit.
        shape: Of the distribution; below 0 the tail ends.
        scale: Likewise, in the metric's unit.
        rate: Share of the blocks that are peaks.
        peaks: How many there were.
        level: Exceeded once in the return period.
    """

    threshold: float
    shape: float
    scale: float
    rate: float
    peaks: int
    level: float


def block_maxima(values: Floats, block: int) -> Floats:
    """Return the largest of every ``block`` values, so that peaks in a row count once."""
    count = len(values) // block
    return np.asarray(values[: count * block].reshape(count, block).max(axis=1))


def upper_tail(maxima: Floats, *, blocks_in_period: float) -> Tail | None:
    """Return the tail of the blocks' maxima, or None where there are too few peaks or no spread among them.

    Args:
        maxima: shape (n,), of healthy devices.
        blocks_in_period: How many blocks of one device a return period has.
    """
    threshold = float(np.quantile(maxima, SHARE)) if len(maxima) else 0.0
    excess = maxima[maxima > threshold] - threshold
    if len(excess) < PEAKS_MIN or np.ptp(excess) == 0:
        return None
    shape, _, scale = stats.genpareto.fit(excess, floc=0.0)
    shape = float(min(max(shape, -0.5), SHAPE_MAX))
    scale = float(scale)
    rate = len(excess) / len(maxima)
    level = threshold + float(stats.genpareto.isf(min(1.0, 1.0 / (rate * blocks_in_period)), shape, scale=scale))
    return Tail(threshold, shape, scale, rate, len(excess), level)
