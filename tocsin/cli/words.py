"""Values as people read them in a terminal: instants, durations, counts, small drawn series."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

BARS: Final = "▁▂▃▄▅▆▇█"


def time_of_day(instant_ms: int) -> str:
    """Return hours and minutes, UTC.

    >>> time_of_day(60_000)
    '00:01'
    """
    return datetime.fromtimestamp(instant_ms / 1_000, UTC).strftime("%H:%M")


def date_and_time(instant_ms: int) -> str:
    """Return date, hours and minutes, UTC.

    >>> date_and_time(0)
    '1970-01-01 00:00'
    """
    return datetime.fromtimestamp(instant_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M")


def span(duration_ms: float) -> str:
    """Return a duration in its two largest units.

    >>> span(90_000), span(7_500_000), span(400)
    ('1 min 30 s', '2 h 5 min', '0 s')
    """
    seconds = round(duration_ms / 1_000)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return f"{seconds // 60} min {seconds % 60} s" if seconds % 60 else f"{seconds // 60} min"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Return the newest ``width`` values as bars from the smallest to the largest; a gap stays a gap.

    >>> sparkline([1.0, 2.0, None, 3.0], 4)
    '▁▅ █'
    """
    shown = values[-width:]
    known = [value for value in shown if value is not None]
    if not known:
        return " " * len(shown)
    low, high = min(known), max(known)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(" " if value is None else BARS[round((value - low) * scale)] for value in shown)
