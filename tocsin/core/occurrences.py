"""What comes again and again at a time of day in a time zone, clock changes included."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CACHE_MAX: Final = 4_096


def occurrences(
    days: tuple[Day, ...], from_time: str, until_time: str, zone: str, at_ms: int
) -> Iterator[tuple[int, int]]:
    """Yield the occurrences that begin on the day before the instant, on its day, and on the next, local time.

    Args:
        days: On which days of the week an occurrence begins; none means every day.
        from_time: Time of day ``HH:MM`` at which it begins.
        until_time: Time of day at which it ends, of the next day where that is not later than ``from_time``.
        zone: Time zone of the two.
        at_ms: The instant, UTC epoch milliseconds.
    """
    today = datetime.fromtimestamp(at_ms / 1_000, ZoneInfo(zone)).date()
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        if not days or DAYS[day.weekday()] in days:
            yield _occurrence(day, from_time, until_time, zone)


@lru_cache(maxsize=CACHE_MAX)
def _occurrence(day: date, from_time: str, until_time: str, zone: str) -> tuple[int, int]:
    """Return begin and end of the occurrence that begins on the day.

    Where the clocks change, a time of day comes twice or not at all: then the longer reading counts.
    """
    begin, end = time.fromisoformat(from_time), time.fromisoformat(until_time)
    last = day if end > begin else day + timedelta(days=1)
    return min(_both_ms(day, begin, zone)), max(_both_ms(last, end, zone))


def _both_ms(day: date, at: time, zone: str) -> tuple[int, int]:
    """Return the instant of the time of day, as read before and after a change of the clocks; mostly the same."""
    first, second = (datetime.combine(day, at.replace(fold=fold), ZoneInfo(zone)) for fold in (0, 1))
    return round(first.timestamp() * 1_000), round(second.timestamp() * 1_000)
