"""Flatline: a metric that used to move stands still for longer than it ever usually does.

How long a metric usually stands still is learned, because a coarse sensor in a calm room repeats a value for
an hour and is healthy: each movement ends a standstill, and their robust mean is kept. A metric that never
moved is never judged.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from anomaly.contract import Observations
from anomaly.detectors.learning import learn_mean
from anomaly.verdicts import Verdicts, constants, verdict_of
from tocsin.core.columns import Bools, Floats, Int32s, Int64s
from tocsin.core.plan.model import FlatlineRule

MOVES_MIN: Final = 5
"""Movements that must have been seen before standing still means anything."""

USUAL_FACTOR: Final = 10.0
"""How many usual standstills are unusual: with random movement, a chance of e**-10."""


@dataclass(frozen=True, slots=True)
class Stills:
    """Movement of n series as one rule sees it.

    Attributes:
        since_ms: shape (n,), event time since when there was no movement.
        low: shape (n,), smallest value since then; NaN before the first window.
        high: shape (n,), largest value since then.
        usual_ms: shape (n,), learned time between movements.
        moves: shape (n,), int32, movements learned from, counted up to a limit.
    """

    since_ms: Int64s
    low: Floats
    high: Floats
    usual_ms: Floats
    moves: Int32s


def judge(rule: FlatlineRule, windows: Observations, stills: Stills) -> tuple[Verdicts, Stills]:
    """Tell which series stand still for too long, and learn how long they usually do.

    Breached after ``flat_ms`` and ten usual standstills without movement; cleared by a movement.
    The value told is the standstill in milliseconds.
    """
    begins = np.isnan(stills.low)
    low, high = np.fmin(stills.low, windows.min), np.fmax(stills.high, windows.max)
    moved = ~begins & (high - low > rule.tolerance)
    moves_inside = windows.max - windows.min > rule.tolerance
    turned_ms = np.where(moves_inside, windows.last_ms, windows.first_ms)
    still_ms = np.where(moved, turned_ms, windows.last_ms) - np.where(begins, turned_ms, stills.since_ms)
    rested = moved & ~_at_constant(rule, stills.low, stills.high)
    usual_ms, moves = learn_mean(stills.usual_ms, stills.moves, still_ms, rested)
    at_constant = _at_constant(rule, windows.min, windows.max)
    limit_ms = np.maximum(float(rule.flat_ms), USUAL_FACTOR * stills.usual_ms)
    breached = ~moved & ~at_constant & (stills.moves >= MOVES_MIN) & (still_ms >= limit_ms)
    restarts = begins | moved
    after = Stills(
        since_ms=np.where(restarts, turned_ms, stills.since_ms),
        low=np.where(restarts, np.where(moves_inside, windows.last, windows.min), low),
        high=np.where(restarts, np.where(moves_inside, windows.last, windows.max), high),
        usual_ms=usual_ms,
        moves=moves,
    )
    verdicts = Verdicts(
        verdict=verdict_of(breached, moved | at_constant),
        value=np.where(moved, 0.0, still_ms),
        threshold=limit_ms,
        low=constants(len(windows), 0.0),
        high=limit_ms,
        parts={"sensor_flat": np.where(breached, 1.0, np.nan)},
    )
    return verdicts, after


def _at_constant(rule: FlatlineRule, low: Floats, high: Floats) -> Bools:
    """Tell where all values are at one at which standing still is normal."""
    at = np.zeros(len(low), np.bool_)
    for constant in rule.constants:
        at |= (low >= constant - rule.tolerance) & (high <= constant + rule.tolerance)
    return at
