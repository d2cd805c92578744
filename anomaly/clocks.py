"""Clocks: devices that report as usual, with times that are off."""

import numpy as np

from anomaly.detectors.missing import arrival_ms
from anomaly.fold import Fold
from anomaly.lifecycle import UNSET_MS
from anomaly.verdicts import Verdicts, constants, verdict_of
from tocsin.core.columns import Int64s
from tocsin.core.plan.model import QualityRule

STEADY_TICKS = 3
"""For so many ticks a clock must be off: a backlog that is being worked in looks so for one or two."""


def judge_clocks(fold: Fold, rule: QualityRule, rows: Int64s, off_ms: Int64s) -> Verdicts:
    """Tell whose times are off: behind by more than what a backlog explains, or ahead of time itself.

    What was held back comes faster than time passes, so its age shrinks; that of a wrong clock stays.

    Args:
        fold: The fold; its devices have what was known at the tick before.
        rule: How far off is told.
        rows: shape (n,), devices that reported since the tick before.
        off_ms: shape (n,), how far each is behind now; negative where it is ahead.
    """
    before_ms = fold.state.devices["off_ms"][rows]
    catches_up = before_ms - off_ms > fold.plan.timing.tick_ms // 2
    breached = (np.abs(off_ms) > rule.tolerance_ms) & ~catches_up
    value = np.abs(off_ms).astype(np.float64)
    way = np.where(off_ms > 0, 1.0, np.nan)
    return Verdicts(
        verdict=verdict_of(breached, ~breached),
        value=value,
        threshold=constants(len(rows), float(rule.tolerance_ms)),
        low=constants(len(rows), 0.0),
        high=constants(len(rows), float(rule.tolerance_ms)),
        parts={"clock_behind": way, "clock_ahead": np.where(off_ms < 0, 1.0, np.nan)},
    )


def offsets(fold: Fold, rows: Int64s) -> Int64s:
    """Return shape (n,): how far the newest reading of each device is behind what its window explains; 0 if unknown."""
    devices = fold.state.devices
    seen_ms, last_ms = devices["seen_ms"][rows], devices["last_ms"][rows]
    known = (seen_ms != UNSET_MS) & (last_ms != UNSET_MS)
    age_ms = np.where(known, seen_ms, 0) - np.where(known, last_ms, 0)
    explained_ms = arrival_ms(fold.plan.timing, devices["size_ms"][rows]) + fold.plan.timing.tick_ms
    return np.asarray(np.where(known, np.where(age_ms < 0, age_ms, np.maximum(age_ms - explained_ms, 0)), 0))
