"""Drift: a metric's level leaves what it was, slowly or at once, and stays away.

A cumulative sum of deviations from a learned level, forgiving ``slack`` of them a window (Page, 1954). One window
counts for at most ``CLIP`` deviations, so a spike, however high, is no drift. The level is learned while nothing is
afoot; what lasts longer than ``learn_ms`` is taken for the new level in the end. Where windows follow each other
closely (a slow process, a daily wave), deviations are counted in units that are as much larger as their sums are.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from anomaly.contract import Observations
from anomaly.lifecycle import UNSET_MS
from anomaly.verdicts import Verdicts, constants, verdict_of
from tocsin.core.columns import Floats, Int32s, Int64s
from tocsin.core.plan.model import DriftRule

WINDOWS_MIN: Final = 30
"""Windows that must have been seen before a level means anything."""

CLIP: Final = 4.0
"""Deviations for which one window counts at most."""

SUM_MAX: Final = 2.0
"""The sum grows to so many thresholds, so that it comes back in bounded time."""

CLEAR: Final = 0.5
"""Share of the threshold below which an alert clears."""

AFOOT: Final = 0.2
"""Share of the threshold from which on the level is learned slowly."""

SLOW: Final = 0.1
FLOOR: Final = 1e-3
"""Smallest deviation, as a share of the level: a metric without noise still has a last digit."""

PHI_MAX: Final = 0.98
"""Beyond that a process wanders, and no level is its own."""

NORMAL: Final = float(np.sqrt(np.pi / 2))
"""Standard deviation of a normal distribution over its mean absolute deviation."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What is known of the level of n series.

    Attributes:
        level: shape (n,), learned mean of the windows; NaN before the first.
        deviation: shape (n,), learned mean absolute deviation from it.
        off: shape (n,), deviation of the newest window.
        echo: shape (n,), learned mean product of deviations that followed each other.
        rise: shape (n,), sum of deviations upwards.
        fall: shape (n,), sum of deviations downwards.
        since_ms: shape (n,), start of the window with which the present sum began.
        moves: shape (n,), int32, windows learned from, counted up to a limit.
    """

    level: Floats
    deviation: Floats
    off: Floats
    echo: Floats
    rise: Floats
    fall: Floats
    since_ms: Int64s
    moves: Int32s


def judge(rule: DriftRule, windows: Observations, known: Levels) -> tuple[Verdicts, Levels]:
    """Tell whose level has gone, and learn.

    Breached where a sum reaches the threshold; cleared where both are below half of it. The value told is the
    window's mean, its score the larger sum, in deviations.
    """
    begins = np.isnan(known.level)
    level = np.where(begins, windows.mean, known.level)
    spread = np.maximum(_spread(known), FLOOR * np.abs(level) + np.finfo(np.float64).tiny)
    is_warm = known.moves >= WINDOWS_MIN
    with np.errstate(over="ignore"):  # what is infinitely far away counts as CLIP
        away = np.where(is_warm, np.clip((windows.mean - level) / spread, -CLIP, CLIP), 0.0)
    most = SUM_MAX * rule.threshold
    rise = np.clip(known.rise + away - rule.slack, 0.0, most)
    fall = np.clip(known.fall - away - rule.slack, 0.0, most)
    strength = np.maximum(rise, fall)
    began = (np.maximum(known.rise, known.fall) == 0) | (known.since_ms == UNSET_MS)
    since_ms = np.where(began, windows.start_ms, known.since_ms)
    is_afoot = (strength >= AFOOT * rule.threshold) & (windows.end_ms - since_ms <= rule.learn_ms)
    gain = np.where(is_afoot, SLOW, 1.0) / (np.minimum(known.moves, _count_max(rule, windows) - 1) + 1)
    most_off = np.where(is_warm, CLIP * spread, np.inf)
    after = _learned(known, level, np.clip(windows.mean - level, -most_off, most_off), gain)
    verdicts = Verdicts(
        verdict=verdict_of(is_warm & (strength >= rule.threshold), strength < CLEAR * rule.threshold),
        value=windows.mean,
        threshold=constants(len(windows), rule.threshold),
        low=np.where(is_warm, level - 3 * spread, np.nan),
        high=np.where(is_warm, level + 3 * spread, np.nan),
        score=strength,
        parts={"rise": rise, "fall": fall},
    )
    return verdicts, Levels(*after, rise, fall, since_ms, np.minimum(known.moves + 1, _count_max(rule, windows)))


def _spread(known: Levels) -> Floats:
    """Return the standard deviation that sums of deviations have a window, shape (n,).

    That of an autoregressive process of first order is larger than its windows' by sqrt((1 + phi) / (1 - phi)).
    """
    sigma = NORMAL * known.deviation
    phi = np.clip(known.echo / np.maximum(sigma**2, np.finfo(np.float64).tiny), 0.0, PHI_MAX)
    return np.asarray(sigma * np.sqrt((1 + phi) / (1 - phi)))


def _learned(known: Levels, level: Floats, off: Floats, gain: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return level, deviation, newest deviation and echo after the windows.

    Args:
        known: Before.
        level: shape (n,), the same with that of series that begin.
        off: shape (n,), deviations of the windows, cut to what counts.
        gain: shape (n,), how much of the windows is learned.
    """
    deviation = known.deviation + gain * (np.abs(off) - known.deviation)
    return level + gain * off, deviation, off, known.echo + gain * (off * known.off - known.echo)


def _count_max(rule: DriftRule, windows: Observations) -> Int32s:
    """Return how many windows the level looks back on, shape (n,)."""
    count = rule.learn_ms // np.maximum(windows.end_ms - windows.start_ms, 1)
    return np.asarray(np.maximum(count, WINDOWS_MIN), np.int32)
