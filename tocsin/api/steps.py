"""Steps of a series: of one length, or of the calendar in a time zone."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tocsin.api.problems import invalid
from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

UNITS_MS: Final = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
CALENDAR: Final = ("day", "week", "month")
STEP_MS_MAX: Final = 31 * DAY_MS
AUTO_POINTS: Final = 500
AUTO_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 10_080, 44_640)
"""Lengths that are chosen by themselves, minutes; the last is the longest step there is."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Consecutive steps.

    Attributes:
        resolution: As it was asked for, ``auto`` resolved.
        length_ms: Of each, or None for calendar steps.
        borders_ms: Starts of the steps, and the end of the last.
        is_cut: Whether more steps follow within the range.
    """

    resolution: str
    length_ms: int | None
    borders_ms: Sequence[int]
    is_cut: bool


def chosen_resolution(text: str, from_ms: int, until_ms: int, base_ms: int) -> str:
    """Return the resolution, ``auto`` resolved to one that gives at most ``AUTO_POINTS`` where there is one.

    >>> chosen_resolution("auto", 0, 7 * DAY_MS, MINUTE_MS)
    '30m'
    """
    if text != "auto":
        return text
    fitting = [minutes * MINUTE_MS for minutes in AUTO_MINUTES if not minutes * MINUTE_MS % base_ms] or [base_ms]
    length_ms = next((one for one in fitting if (until_ms - from_ms) / one <= AUTO_POINTS), fitting[-1])
    unit = next(name for name in ("d", "h", "m", "s", "ms") if not length_ms % UNITS_MS[name])
    return f"{length_ms // UNITS_MS[unit]}{unit}"


def steps_of(resolution: str, zone: str, from_ms: int, until_ms: int, points_max: int) -> Steps:
    """Return the steps that have any part of the range, at most ``points_max``.

    Raises:
        ProblemError: There is no such resolution or time zone.
    """
    if resolution in CALENDAR:
        borders = _calendar(resolution, _zone(zone), from_ms, until_ms, points_max + 1)
        length_ms = None
    else:
        length_ms = _length_ms(resolution)
        first_ms = from_ms // length_ms * length_ms
        borders = list(range(first_ms, until_ms + length_ms, length_ms)[: points_max + 2])
    is_cut = len(borders) > points_max + 1
    return Steps(resolution, length_ms, borders[: points_max + 1], is_cut)


def _length_ms(text: str) -> int:
    parts = re.fullmatch(r"([0-9]+)(ms|s|m|h|d)", text)
    length_ms = int(parts[1]) * UNITS_MS[parts[2]] if parts else 0
    if not 1 <= length_ms <= STEP_MS_MAX:
        raise invalid("query resolution", f"must be auto, day, week, month, or like 5m, at most 31d, got {text[:40]!r}")
    return length_ms


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise invalid("query zone", f"must be a time zone such as Europe/Berlin, got {name[:64]!r}") from error


def _calendar(step: str, zone: ZoneInfo, from_ms: int, until_ms: int, steps_max: int) -> list[int]:
    """Return midnights at which steps begin, from the step of ``from_ms`` up to the first at or past ``until_ms``."""
    day = _first_day(step, datetime.fromtimestamp(from_ms / 1_000, zone).date())
    borders = [_midnight_ms(day, zone)]
    while borders[-1] < until_ms and len(borders) <= steps_max:
        day = _next_day(step, day)
        borders.append(_midnight_ms(day, zone))
    return borders


def _first_day(step: str, day: date) -> date:
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


def _next_day(step: str, day: date) -> date:
    if step == "month":
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if step == "week" else 1)


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp() * 1_000)


def cut(steps: Steps, end_ms: int) -> Steps:
    """Return the steps that end at or before the instant, at least one."""
    kept = max(2, bisect_right(steps.borders_ms, end_ms))
    if kept >= len(steps.borders_ms):
        return steps
    return Steps(steps.resolution, steps.length_ms, steps.borders_ms[:kept], is_cut=True)
