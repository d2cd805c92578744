"""Modes: in what a device is, told by another of its metrics, or by the calendar; rules are switched by them."""

import math
from enum import IntEnum
from functools import lru_cache

import msgspec

from tocsin.core.clock import DAY_MS
from tocsin.core.occurrences import CACHE_MAX, Day, occurrences


class Answer(IntEnum):
    """Whether a device was in a mode throughout a window."""

    OFF = -1
    BETWEEN = 0
    ON = 1


class Mode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    """What a device can be in. One with a metric is told by it, any other by the calendar.

    Attributes:
        name: Unique in the plan.
        metric: Which metric of the device tells; empty for a calendar.
        above: It is on above this, in the metric's unit, or None.
        below: It is on below this, or None; with ``above`` too, between the two.
        days: Days of the week on which an occurrence begins; none means every day.
        from_time: Time of day ``HH:MM`` at which it begins; empty where a metric tells.
        until_time: Time of day at which it ends, of the next day where that is not later than ``from_time``.
        zone: Time zone of the two.
        settle_ms: How long after it began or ended nothing is judged by it.
    """

    name: str
    metric: str = ""
    above: float | None = None
    below: float | None = None
    days: tuple[Day, ...] = ()
    from_time: str = ""
    until_time: str = ""
    zone: str = "UTC"
    settle_ms: int = 0


def metric_answer(mode: Mode, low: float, high: float) -> Answer:
    """Return what a window of the mode's metric says.

    Args:
        mode: Told by a metric.
        low: Smallest reading of the window.
        high: Largest reading.
    """
    above = -math.inf if mode.above is None else mode.above
    below = math.inf if mode.below is None else mode.below
    if above < low and high < below:
        return Answer.ON
    return Answer.OFF if high <= above or low >= below else Answer.BETWEEN


@lru_cache(maxsize=CACHE_MAX)
def calendar_answer(mode: Mode, start_ms: int, end_ms: int) -> Answer:
    """Return whether the window lies in the calendar's hours, settled, or outside of them.

    Args:
        mode: Told by the calendar.
        start_ms: Start of the window, inclusive.
        end_ms: Its end, exclusive.
    """
    spans = _spans(mode, start_ms, end_ms)
    if any(begin + mode.settle_ms <= start_ms and end_ms <= end for begin, end in spans):
        return Answer.ON
    clear = all(end_ms <= begin or start_ms >= end + mode.settle_ms for begin, end in spans)
    return Answer.OFF if clear else Answer.BETWEEN


def _spans(mode: Mode, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """Return the hours near the window, those that touch as one."""
    begin_ms = start_ms - mode.settle_ms
    found = {
        span
        for day in range((end_ms - begin_ms) // DAY_MS + 2)
        for span in occurrences(
            mode.days, mode.from_time, mode.until_time, mode.zone, min(begin_ms + day * DAY_MS, end_ms)
        )
    }
    spans: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if spans and begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((begin, end))
    return spans
