"""When a schedule falls: ``rate(...)``, ``cron(...)`` and ``at(...)``.

Source: EventBridge Scheduler User Guide, "Schedule types in EventBridge Scheduler". Of cron, ``W`` is not known here.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from tocsin.core.errors import ConfigError

_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON: Final = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_AT: Final = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_UNITS_MS: Final = {"minute": MINUTE_MS, "hour": HOUR_MS, "day": DAY_MS}
_MONTHS: Final = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS: Final = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)}
YEARS_MAX: Final = 5
"""How far ahead a next instant is looked for."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so often after the beginning."""

    every_ms: int

    def next_ms(self, begun_ms: int, after_ms: int) -> int | None:
        """Return the first instant after ``after_ms`` of a schedule that began at ``begun_ms``."""
        return begun_ms + ((after_ms - begun_ms) // self.every_ms + 1) * self.every_ms


@dataclass(frozen=True, slots=True)
class At:
    """Once."""

    at_ms: int

    def next_ms(self, begun_ms: int, after_ms: int) -> int | None:  # noqa: ARG002  the shape of a schedule
        """Return the instant, if it is after ``after_ms``; else None."""
        return self.at_ms if self.at_ms > after_ms else None


@dataclass(frozen=True, slots=True)
class Cron:
    """At the minutes that six fields name, in a time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]
    zone: tzinfo

    def next_ms(self, begun_ms: int, after_ms: int) -> int | None:  # noqa: ARG002  the shape of a schedule
        """Return the first instant after ``after_ms``, or None where there is none in ``YEARS_MAX`` years."""
        day = datetime.fromtimestamp(after_ms / 1_000, self.zone).date()
        for _ in range(366 * YEARS_MAX):
            if self._has(day):
                for instant_ms in self._instants(day):
                    if instant_ms > after_ms:
                        return instant_ms
            day += timedelta(days=1)
        return None

    def _has(self, day: date) -> bool:
        if day.month not in self.months or day.year not in self.years:
            return False
        return _day_fits(self.days, day) and _weekday_fits(self.weekdays, day)

    def _instants(self, day: date) -> Iterator[int]:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
                yield round(moment.timestamp() * 1_000)


Timing = Rate | At | Cron


def parse_schedule(expression: str, zone: str = "UTC") -> Timing:
    """Return when the schedule falls.

    Args:
        expression: As declared.
        zone: IANA name of the time zone of cron and at.

    Raises:
        ConfigError: The expression is none of the three.
    """
    where = UTC if zone == "UTC" else ZoneInfo(zone)
    if found := _RATE.fullmatch(expression):
        return Rate(int(found[1]) * _UNITS_MS[found[2]])
    if found := _AT.fullmatch(expression):
        return At(round(datetime.fromisoformat(found[1]).replace(tzinfo=where).timestamp() * 1_000))
    if found := _CRON.fullmatch(expression):
        minutes, hours, days, months, weekdays, years = found.groups()
        try:
            return Cron(
                _numbers(minutes, 0, 59),
                _numbers(hours, 0, 23),
                days,
                _numbers(months, 1, 12, _MONTHS),
                weekdays,
                _numbers(years, 1970, 2199),
                where,
            )
        except ValueError as error:
            raise ConfigError(f"schedule {expression}: {error}") from error
    raise ConfigError(f"schedule must be rate(...), cron(...) or at(...), got {expression[:80]!r}")


def _numbers(field: str, least: int, most: int, names: dict[str, int] | None = None) -> frozenset[int]:
    """Return the numbers that a field names: ``*``, ``?``, lists, ranges and steps."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, is_range, last = span.partition("-")
        if span in {"*", "?"}:
            start, end = least, most
        else:
            start = _number(first, names)
            end = _number(last, names) if is_range else (most if step else start)
        if not least <= start <= end <= most:
            raise ValueError(f"field must lie in {least} to {most}, got {part!r}")
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, names: dict[str, int] | None) -> int:
    return names[text.upper()] if names and text.upper() in names else int(text)


def _day_fits(field: str, day: date) -> bool:
    if field == "L":
        return day.day == calendar.monthrange(day.year, day.month)[1]
    return day.day in _numbers(field, 1, 31)


def _weekday_fits(field: str, day: date) -> bool:
    weekday = day.isoweekday() % 7 + 1
    if "#" in field:
        name, _, turn = field.partition("#")
        return weekday == _number(name, _DAYS) and (day.day - 1) // 7 + 1 == int(turn)
    if field.endswith("L"):
        wanted = _number(field[:-1], _DAYS) if len(field) > 1 else 7
        return weekday == wanted and day.day + 7 > calendar.monthrange(day.year, day.month)[1]
    return weekday in _numbers(field, 1, 7, _DAYS)
