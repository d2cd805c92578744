"""Missing data: silence that is long against the cadence that a device or a metric has shown.

Cadence is the usual longest gap between readings, learned from windows: within one, the mean gap; between
two, from the last reading of one to the first of the next. Silence is judged at ticks only.

A reading is known here only after its window closed, so silence counts from when its window could have
closed: ``arrival_ms`` = window length + out-of-orderness + lateness after the reading. With a factor of at
least 2 this is enough for every regular device: when a window closes its newest reading is at most
``arrival_ms`` plus one gap old, and the next window's arrives before that has grown by another gap.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from anomaly.contract import Observations
from anomaly.detectors.learning import learn_mean
from anomaly.lifecycle import UNSET_MS
from anomaly.verdicts import Verdicts, constants, verdict_of
from tocsin.core.columns import Bools, Floats, Int32s, Int64s
from tocsin.core.plan.bounds import Timing
from tocsin.core.plan.model import MissingRule

GAPS_MIN: Final = 3
"""Gaps that must have been seen before silence means anything."""

NEVER_SEEN: Final = "never_seen"
"""Part of the evidence: the plan names the device, and nothing has ever come from it."""

FIRST_DATA: Final = "first_data"
"""Part of the evidence: the data that ended a silence are the first that ever came."""


@dataclass(frozen=True, slots=True)
class Presence:
    """What is known of when n devices or series report.

    Attributes:
        last_ms: shape (n,), newest event time; ``UNSET_MS`` where nothing came yet.
        cadence_ms: shape (n,), learned gap between readings.
        gaps: shape (n,), int32, gaps learned from, counted up to a limit.
    """

    last_ms: Int64s
    cadence_ms: Floats
    gaps: Int32s


def observe(presence: Presence, windows: Observations) -> Presence:
    """Return the presence after one window each.

    The first window teaches no gap, as a burst's inside says nothing about the time to the next burst;
    neither does one that brings no newer event time.
    """
    is_known = presence.last_ms != UNSET_MS
    newer = windows.last_ms > presence.last_ms
    before = windows.first_ms - presence.last_ms
    within = (windows.last_ms - windows.first_ms) / np.maximum(windows.count - 1, 1)
    gap_ms = np.maximum(before, within)
    cadence_ms, gaps = learn_mean(presence.cadence_ms, presence.gaps, gap_ms, newer & is_known)
    return Presence(np.where(newer, windows.last_ms, presence.last_ms), cadence_ms, gaps)


def judge_devices(
    rule: MissingRule,
    timing: Timing,
    presence: Presence,
    *,
    seen_ms: Int64s,
    size_ms: Int64s,
    tick_ms: int,
    watched_ms: int,
) -> Verdicts:
    """Tell at a tick which devices are silent.

    A device's own clock is believed as long as its panes come within ``floor_ms`` of their event time. Where
    they do not (a wrong clock, a backlog that is being delivered), silence counts from the tick at which
    the newest pane came, plus the time to the next.

    Args:
        rule: How long is too long.
        timing: How long data take to arrive.
        presence: n devices.
        seen_ms: shape (n,), tick in force when the newest pane came.
        size_ms: shape (n,), length of the window that brought the newest event time.
        tick_ms: The tick.
        watched_ms: Silence before it was not watched and does not count.
    """
    is_believed = seen_ms - presence.last_ms <= rule.floor_ms
    allowed_ms = np.where(is_believed, arrival_ms(timing, size_ms), np.maximum(size_ms, timing.tick_ms))
    due_ms = np.where(is_believed, presence.last_ms, seen_ms) + allowed_ms
    verdicts = _judge(rule, presence, overdue_ms=tick_ms - np.maximum(due_ms, watched_ms), allowed_ms=allowed_ms)
    doubted = np.where(is_believed, np.nan, 1.0)
    return replace(verdicts, parts={"device_silent": np.ones(len(doubted)), "clock_doubted": doubted})


def judge_series(
    rule: MissingRule, timing: Timing, presence: Presence, *, size_ms: Int64s, device_ms: Int64s
) -> Verdicts:
    """Tell which metrics are silent though their devices report: all on the device's own clock.

    Args:
        rule: How long is too long.
        timing: How long data take to arrive.
        presence: n series.
        size_ms: shape (n,), length of their windows.
        device_ms: shape (n,), newest event time of anything from their device.
    """
    allowed_ms = arrival_ms(timing, size_ms)
    verdicts = _judge(rule, presence, overdue_ms=device_ms - presence.last_ms - allowed_ms, allowed_ms=allowed_ms)
    return replace(verdicts, parts={"sensor_silent": np.ones(len(verdicts))})


def arrival_ms(timing: Timing, size_ms: Int64s) -> Int64s:
    """Return how long after its event time a reading may come as a pane while newer ones follow."""
    return size_ms + timing.out_of_orderness_ms + timing.lateness_ms


def judge_awaited(rule: MissingRule, *, since_ms: Int64s, tick_ms: int, watched_ms: int) -> Verdicts:
    """Tell at a tick which devices have kept silent for too long since they are awaited, without ever a reading.

    Nobody knows their cadence yet, so the rule's floor stands for it: they have ``factor`` times as long.

    Args:
        rule: How long is too long.
        since_ms: shape (n,), tick since which each is awaited.
        tick_ms: The tick.
        watched_ms: Silence before it was not watched and does not count.
    """
    silent_ms = tick_ms - np.maximum(since_ms, watched_ms)
    limit_ms = constants(len(since_ms), rule.factor * rule.floor_ms)
    breached = silent_ms > limit_ms
    return Verdicts(
        verdict=verdict_of(breached, np.zeros_like(breached)),
        value=silent_ms.astype(np.float64),
        threshold=limit_ms,
        low=constants(len(since_ms), 0.0),
        high=limit_ms,
        parts={NEVER_SEEN: np.ones(len(since_ms))},
    )


def returned(count: int, is_first: Bools | None = None) -> Verdicts:
    """Return of that many subjects that data have come again: no silence.

    Args:
        count: How many.
        is_first: shape (count,), whose first data ever they are; None for nobody's.
    """
    none, unknown = np.zeros(count, np.bool_), constants(count, None)
    parts = {} if is_first is None else {FIRST_DATA: np.where(is_first, 1.0, np.nan)}
    return Verdicts(verdict_of(none, ~none), constants(count, 0.0), unknown, unknown, unknown, parts=parts)


def _judge(rule: MissingRule, presence: Presence, *, overdue_ms: Int64s, allowed_ms: Int64s) -> Verdicts:
    """Tell which are overdue for too long; the value told is the whole silence, the threshold the longest allowed."""
    limit_ms = np.maximum(float(rule.floor_ms), rule.factor * presence.cadence_ms)
    breached: Bools = (presence.gaps >= GAPS_MIN) & (overdue_ms > limit_ms)
    return Verdicts(
        verdict=verdict_of(breached, np.zeros_like(breached)),
        value=np.maximum(overdue_ms + allowed_ms, 0).astype(np.float64),
        threshold=limit_ms + allowed_ms,
        low=constants(len(limit_ms), 0.0),
        high=limit_ms + allowed_ms,
    )
