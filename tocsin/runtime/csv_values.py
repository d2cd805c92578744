"""What the cells of a table mean: instants, numbers, and names of metrics."""

import math
import re
from datetime import UTC, datetime, tzinfo
from typing import Final

TIME_MS_END: Final = 4_102_444_800_000
"""The year 2100; what lies beyond it, or before 1970, is no time of a measurement."""
EPOCH_MS_FROM: Final = 100_000_000_000
"""Plain numbers from here on are epoch milliseconds, below it seconds (1973 against 5138)."""
NAME_CHARACTERS_MAX: Final = 64
EMPTY_CELLS: Final = frozenset({"", "-", "na", "n/a", "nan", "null", "none", "nil", "?"})

_number: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_foreign: Final = re.compile(r"[^A-Za-z0-9_.-]+")


def instant_ms(cell: str, zone: tzinfo) -> int:
    """Return the instant of a cell, UTC epoch milliseconds.

    Epoch seconds or milliseconds, ISO 8601, or ``YYYY-MM-DD hh:mm:ss`` with or without fractions.

    Args:
        cell: The text.
        zone: Where a time without an offset was written down.

    Raises:
        ValueError: The cell is no instant, or one outside of 1970 to 2100.
    """
    text = cell.strip()
    return _within(_epoch_ms(text) if _number.fullmatch(text) else _written_ms(text, zone), text)


def formatted_ms(cell: str, time_format: str, zone: tzinfo) -> int:
    """Return the instant of a cell that is written in a format of its own, UTC epoch milliseconds.

    Args:
        cell: The text.
        time_format: As ``datetime.strptime`` has it, e.g. ``%d/%m/%Y %H:%M:%S``.
        zone: Where a time without an offset was written down.

    Raises:
        ValueError: The cell is not written so, or is an instant outside of 1970 to 2100.
    """
    text = cell.strip()
    try:
        moment = datetime.strptime(text, time_format)  # noqa: DTZ007  the zone is given to it below
    except ValueError as error:
        raise ValueError(f"time must be written as {time_format}, got {text[:40]!r}") from error
    return _within(_epoch_of(moment, zone), text)


def _within(found_ms: int, text: str) -> int:
    if not 0 <= found_ms < TIME_MS_END:
        raise ValueError(f"time must lie in 1970 to 2100, got {text[:40]!r}")
    return found_ms


def _epoch_ms(text: str) -> int:
    number = float(text)
    if not abs(number) < TIME_MS_END:
        raise ValueError(f"time must lie in 1970 to 2100, got {text[:40]!r}")
    return round(number if abs(number) >= EPOCH_MS_FROM else number * 1_000)


def _written_ms(text: str, zone: tzinfo) -> int:
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError as error:
        raise ValueError(f"time cannot be read: {text[:40]!r}") from error
    return _epoch_of(moment, zone)


def _epoch_of(moment: datetime, zone: tzinfo) -> int:
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def number(cell: str, *, decimal: str = ".") -> float | None:
    """Return the finite number of a cell, or None where it holds none.

    >>> number(" 1.5 "), number("n/a"), number("inf"), number("1,5", decimal=",")
    (1.5, None, None, 1.5)

    Args:
        cell: The text.
        decimal: The sign before the fraction.
    """
    text = cell.strip().replace(decimal, ".") if decimal != "." else cell.strip()
    if not _number.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def is_empty(cell: str) -> bool:
    """Tell whether the cell says that there is no value."""
    return cell.strip().lower() in EMPTY_CELLS


def metric_name(text: str) -> str:
    """Return a valid name for a metric, empty where nothing of the text may stand in one.

    >>> metric_name("Flow (l/min)"), metric_name("°")
    ('Flow_l_min', '')
    """
    return _foreign.sub("_", text.strip()).strip("_")[:NAME_CHARACTERS_MAX]


def metric_names(headings: list[str]) -> list[str]:
    """Return a valid and distinct name for each heading.

    >>> metric_names(["Flow (l/min)", "flow", "", "flow"])
    ['Flow_l_min', 'flow', 'column_3', 'flow_2']
    """
    names: list[str] = []
    for place, heading in enumerate(headings, start=1):
        cleaned = metric_name(heading) or f"column_{place}"
        name, copy = cleaned, 1
        while name in names:
            copy += 1
            mark = f"_{copy}"
            name = cleaned[: NAME_CHARACTERS_MAX - len(mark)] + mark
        names.append(name)
    return names
