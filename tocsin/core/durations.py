"""Durations as people write them: a whole number and a unit, ``250ms``, ``30s``, ``5m``, ``2h``, ``7d``."""

import re
from typing import Final

from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

UNITS_MS: Final = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
DURATION_MS_MAX: Final = 3_660 * DAY_MS
DURATION_REGEX: Final = r"^(0|[1-9][0-9]*)(ms|s|m|h|d)$"
EXAMPLES: Final = "250ms, 30s, 5m, 2h or 7d"

_DURATION: Final = re.compile(r"(0|[1-9][0-9]*)(ms|s|m|h|d)")
_BARE_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]*)?")


def parse_duration_ms(text: str) -> int:
    """Return the duration in milliseconds, from 0 to ten years.

    Raises:
        ValueError: It has no unit, is not a duration, or is too long; the message is for people.

    >>> parse_duration_ms("5m")
    300000
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(_refusal(text))
    digits, unit = match.groups()
    if len(digits) > 15 or int(digits) * UNITS_MS[unit] > DURATION_MS_MAX:
        raise ValueError(f"must be at most {format_duration(DURATION_MS_MAX)}, got {text[:40]}")
    return int(digits) * UNITS_MS[unit]


def _refusal(text: str) -> str:
    if _BARE_NUMBER.fullmatch(text):
        return f"must carry its unit, such as {EXAMPLES}, got the bare number {text[:40]}"
    return f"must be a whole number and a unit, such as {EXAMPLES}, got {text[:40]!r}"


def format_duration(duration_ms: int) -> str:
    """Return the duration in the largest unit that divides it, so that parsing gives it back.

    >>> format_duration(300_000), format_duration(90_000), format_duration(0)
    ('5m', '90s', '0s')
    """
    if duration_ms == 0:
        return "0s"
    unit = max((unit for unit, size in UNITS_MS.items() if duration_ms % size == 0), key=UNITS_MS.__getitem__)
    return f"{duration_ms // UNITS_MS[unit]}{unit}"
