"""Peers: how far each device is from the middle of its cohort, in robust deviations of the cohort.

What all members go through together (weather, load, a tariff) moves the median with them and tells nothing; what only
one goes through stands out, however slowly it came.

The deviation is the median distance from the median (MAD), so that it takes half of the members to hide one: F. R.
Hampel, *The influence curve and its role in robust estimation* (1974). 1.4826 makes it a standard deviation of normal
noise, the factors for few members are those of C. Croux and P. J. Rousseeuw, *Time-efficient algorithms for two highly
robust estimators of scale* (1992). Where more than half of the members agree to the digit the MAD is 0, and the mean
distance of the nearest three quarters takes its place. (B. Iglewicz and D. Hoaglin, *How to detect and handle
outliers*, 1993, take the mean of all; but of n members that agree but for one, that one is then never further than
n / 1.25.)
"""

from typing import Final

import numpy as np

from anomaly.contract import Observations
from anomaly.verdicts import Verdicts, constants, verdict_of
from tocsin.core.columns import Floats, Int64s
from tocsin.core.plan.model import PeersRule

NORMAL: Final = 1.4826
"""MAD to standard deviation, of normal noise."""

NORMAL_MEAN: Final = 1.2533
"""Mean distance from the median to standard deviation, likewise."""

FEW: Final = np.array([1.0, 1.0, 1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107])
"""By what the MAD of so many members is too small; of more it is n / (n - 0.8)."""

NEAREST: Final = 0.75
"""Share of the members, the nearest, whose mean distance counts where the MAD is 0."""

FLOOR: Final = 1e-3
"""Smallest deviation, as a share of the median."""

BACK: Final = 0.75
"""Share of the distance that is told, inside of which a device is back among its peers."""


def judge(rule: PeersRule, windows: Observations, cohort: Int64s) -> Verdicts:
    """Tell which windows are far from those of their cohort; in too small a cohort none is judged.

    Cost: two sorts of the windows.

    Args:
        rule: How far, and among how many.
        windows: n windows over the same time.
        cohort: shape (n,), number of the cohort and metric of each, from 0 without gaps.
    """
    value = windows.mean
    members = np.bincount(cohort)[cohort]
    median = medians(value, cohort)[cohort]
    distance = np.abs(value - median)
    scale = _scales(distance, cohort)[cohort]
    scale = np.maximum(scale, FLOOR * np.abs(median) + np.finfo(np.float64).tiny)
    reach = np.maximum(rule.threshold * scale, rule.tolerance)
    is_known = members >= rule.members_min
    score = distance / scale
    above = value > median
    return Verdicts(
        verdict=verdict_of(is_known & (distance > reach), is_known & (distance <= BACK * reach)),
        value=value,
        threshold=constants(len(value), rule.threshold),
        low=median - reach,
        high=median + reach,
        score=score,
        parts={
            "above_peers": np.where(above, score, np.nan),
            "below_peers": np.where(above, np.nan, score),
            "members": members.astype(np.float64),
        },
    )


def medians(values: Floats, cohort: Int64s) -> Floats:
    """Return the median of each cohort, whatever the order of its members.

    >>> medians(np.array([5.0, 1.0, 9.0, 2.0]), np.array([0, 1, 0, 1]))
    array([7. , 1.5])
    """
    ordered = values[np.lexsort((values, cohort))]
    count = np.bincount(cohort)
    begin = np.cumsum(count) - count
    low, high = ordered[begin + (count - 1) // 2], ordered[begin + count // 2]
    return np.asarray(np.where(low == high, low, low / 2 + high / 2))


def _scales(distance: Floats, cohort: Int64s) -> Floats:
    """Return the robust standard deviation of each cohort, from its members' distances from its median."""
    count = np.bincount(cohort)
    few = np.where(count < len(FEW), FEW[np.minimum(count, len(FEW) - 1)], count / np.maximum(count - 0.8, 0.2))
    middle = medians(distance, cohort)
    # Sorted, so that a sum does not depend on the order in which the members came.
    order = np.lexsort((distance, cohort))
    nearest = np.ceil(NEAREST * count)
    rank = np.arange(len(order)) - (np.cumsum(count) - count)[cohort[order]]
    near = np.where(rank < nearest[cohort[order]], distance[order], 0.0)
    mean = np.bincount(cohort[order], weights=near) / nearest
    return np.asarray(np.where(middle > 0, NORMAL * few * middle, NORMAL_MEAN * mean))
