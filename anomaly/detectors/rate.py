"""Rate of change: a value that rises or falls faster than the plan allows."""

from typing import Final

import numpy as np

from anomaly.contract import Observations
from anomaly.verdicts import Verdicts, constants, verdict_of
from tocsin.core.clock import SECOND_MS
from tocsin.core.columns import Floats, Int64s
from tocsin.core.plan.model import RateRule

SPAN_MS_MIN: Final = SECOND_MS
"""Shortest time over which a rate per second is taken; noise between two readings at once is not a rate."""


def judge(rule: RateRule, windows: Observations, last: Floats, last_ms: Int64s) -> Verdicts:
    """Compare the change within each window, and since the window before, with the fastest allowed.

    A window in which nothing can be compared (one reading, and none before) is neither breached nor clear.

    Args:
        rule: The fastest rise and fall.
        windows: One window a series.
        last: shape (n,), last value of the series before the window; NaN where there is none.
        last_ms: shape (n,), event time of that value.
    """
    within = _rate(windows.last - windows.first, windows.last_ms - windows.first_ms)
    since = _rate(windows.last - last, np.where(np.isnan(last), 0, windows.last_ms - last_ms))
    rise, fall = np.fmax(within, since), np.fmax(-within, -since)  # fmax passes NaN over
    rise_max = np.inf if rule.rise_per_s is None else rule.rise_per_s
    fall_max = np.inf if rule.fall_per_s is None else rule.fall_per_s
    back = 1.0 - rule.hysteresis
    falls = fall - fall_max > rise - rise_max
    known = ~np.isnan(rise)
    threshold = np.where(falls, -fall_max, rise_max)
    cleared = (rise <= rise_max * back) & (fall <= fall_max * back)
    return Verdicts(
        verdict=verdict_of((rise > rise_max) | (fall > fall_max), cleared),
        value=np.where(known, np.where(falls, -fall, rise), 0.0),
        threshold=np.where(np.isfinite(threshold), threshold, np.nan),
        low=constants(len(windows), None if rule.fall_per_s is None else -rule.fall_per_s),
        high=constants(len(windows), rule.rise_per_s),
    )


def _rate(change: Floats, span_ms: Int64s) -> Floats:
    """Return the change per second; NaN over too short a span."""
    return np.where(span_ms >= SPAN_MS_MIN, change / np.maximum(span_ms, SPAN_MS_MIN) * SECOND_MS, np.nan)
