"""Limits: a value above or below what the plan allows, with hysteresis on the way back."""

from typing import Final

import numpy as np

from anomaly.contract import Observations
from anomaly.verdicts import Verdicts, constants, verdict_of
from tocsin.core.columns import Floats
from tocsin.core.plan.model import LimitsRule

NO_LIMIT: Final = np.inf


def judge(rule: LimitsRule, windows: Observations) -> Verdicts:
    """Compare the statistic of each window with the limits.

    Breached strictly outside a limit; cleared where the value is at least the hysteresis inside of every
    limit; in between it is neither. The threshold told is the limit that is crossed, else the nearer one.
    """
    statistics: dict[str, Floats] = {
        "mean": windows.mean,
        "min": windows.min,
        "max": windows.max,
        "last": windows.last,
    }
    return compare(rule, statistics[rule.statistic])


def compare(rule: LimitsRule, value: Floats) -> Verdicts:
    """Compare values with the limits, whatever they are statistics of.

    Args:
        rule: The limits.
        value: shape (n,), in the metric's unit.
    """
    above = NO_LIMIT if rule.above is None else rule.above
    below = -NO_LIMIT if rule.below is None else rule.below
    breached = (value > above) | (value < below)
    cleared = (value <= above - rule.hysteresis) & (value >= below + rule.hysteresis)
    nearest = np.where(above - value <= value - below, above, below)
    return Verdicts(
        verdict=verdict_of(breached, cleared),
        value=value,
        threshold=np.where(np.isfinite(nearest), nearest, np.nan),
        low=constants(len(value), rule.below),
        high=constants(len(value), rule.above),
    )
