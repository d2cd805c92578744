"""Flatline: a metric that used to move stands still for longer than it ever usually does.

How long a metric usually stands still is learned, because a coarse sensor in a calm room repeats a value for
an hour and is healthy: each movement ends a standstill, and their robust mean is kept. A metric that never
moved is never judged.
"""

from dataclasses import dataclass
from typing import Any, Final

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

RESTS_MIN: Final = 2
"""Long standstills at one value that make it a place of rest; one from the very beginning is as good."""

RESTS_MAX: Final = 5
"""Up to where they are counted: so many long standstills elsewhere, and the place of rest is forgotten."""

REST_FACTOR: Final = 3.0
"""How many times the longest rest there is unusual."""


@dataclass(frozen=True, slots=True)
class Stills:
    """Movement of n series as one rule sees it.

    Attributes:
        since_ms: shape (n,), event time since when there was no movement.
        low: shape (n,), smallest value since then; NaN before the first window.
        high: shape (n,), largest value since then.
        usual_ms: shape (n,), learned time between movements.
        moves: shape (n,), int32, movements learned from, counted up to a limit.
        rest: shape (n,), value of the place of rest, or of what may become it; NaN before the first long standstill.
        rest_ms: shape (n,), longest standstill there.
        rests: shape (n,), int32, long standstills there less those elsewhere since.
    """

    since_ms: Int64s
    low: Floats
    high: Floats
    usual_ms: Floats
    moves: Int32s
    rest: Floats
    rest_ms: Floats
    rests: Int32s


def judge(rule: FlatlineRule, windows: Observations, stills: Stills) -> tuple[Verdicts, Stills]:
    """Tell which series stand still for too long, and learn how long they usually do.

    Breached after ``flat_ms`` and ten usual standstills without movement, at its place of rest after three of the
    longest rests as well; cleared by a movement.
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
    at_rest = (stills.rests >= RESTS_MIN) & _is_at(stills.rest, windows.min, windows.max, rule.tolerance)
    limit_ms = np.where(at_rest, np.maximum(limit_ms, REST_FACTOR * stills.rest_ms), limit_ms)
    breached = ~moved & ~at_constant & (stills.moves >= MOVES_MIN) & (still_ms >= limit_ms)
    restarts = begins | moved
    after = Stills(
        since_ms=np.where(restarts, turned_ms, stills.since_ms),
        low=np.where(restarts, np.where(moves_inside, windows.last, windows.min), low),
        high=np.where(restarts, np.where(moves_inside, windows.last, windows.max), high),
        usual_ms=usual_ms,
        moves=moves,
        **_learn_rest(rule, stills, still_ms, moved),
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


def _learn_rest(rule: FlatlineRule, stills: Stills, still_ms: Int64s, moved: Bools) -> dict[str, Any]:
    """Return the columns of the place of rest after the standstills that end here: the value of most long ones."""
    ended = moved & (still_ms >= rule.flat_ms)
    there = _is_at(stills.rest, stills.low, stills.high, rule.tolerance)
    votes = np.where(stills.moves == 0, RESTS_MIN, 1)
    rests = stills.rests + np.where(there, votes, -votes)
    taken = ended & (stills.rests <= 0)
    rests = np.where(taken, votes, np.clip(rests, 0, RESTS_MAX))
    longest_ms = np.where(taken, still_ms, np.where(there, np.maximum(stills.rest_ms, still_ms), stills.rest_ms))
    return {
        "rest": np.where(taken, stills.low, stills.rest),
        "rest_ms": np.where(ended, longest_ms, stills.rest_ms),
        "rests": np.where(ended, rests, stills.rests).astype(np.int32),
    }


def _is_at(value: Floats | float, low: Floats, high: Floats, tolerance: float) -> Bools:
    """Tell where all values between low and high are at the value."""
    return np.asarray((low >= value - tolerance) & (high <= value + tolerance))


def _at_constant(rule: FlatlineRule, low: Floats, high: Floats) -> Bools:
    """Tell where all values are at one at which standing still is normal."""
    at = np.zeros(len(low), np.bool_)
    for constant in rule.constants:
        at |= _is_at(constant, low, high, rule.tolerance)
    return at
