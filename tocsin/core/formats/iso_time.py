"""Instants as people and devices write them: ISO 8601 with date, seconds and zone, to milliseconds.

The text is read as its minute and the rest (``:SS.fffZ``); both repeat, so both are remembered.
"""

import re
from datetime import datetime
from typing import Final

from tocsin.core.clock import MINUTE_MS

REMEMBERED_MAX: Final = 1 << 17
TEXT_MAX: Final = 40
NOT_A_TIME: Final = -1
_MINUTE_CHARS: Final = len("2026-11-23T10:00")
_MINUTE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
_REST: Final = re.compile(
    r":(?P<second>[0-5][0-9])(?:\.(?P<fraction>[0-9]{1,9}))?"
    r"(?:Z|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):(?P<minutes>[0-5][0-9]))"
)
_INVALID: Final = -(1 << 62)  # so far below that no other part makes the sum valid


def iso_ms(text: str) -> int:
    """Return the instant, UTC epoch milliseconds; digits past the millisecond are cut off.

    Negative where the text is no such instant, or one before 1970. Leap seconds (``:60``) are not accepted.

    >>> iso_ms("2026-11-23T10:00:00.250Z")
    1795428000250
    >>> iso_ms("2026-11-23T11:00:00.250999+01:00")
    1795428000250
    >>> iso_ms("yesterday")
    -1
    """
    if len(text) > TEXT_MAX:
        return NOT_A_TIME
    return max(NOT_A_TIME, _minutes[text[:_MINUTE_CHARS]] + _rests[text[_MINUTE_CHARS:]])


class _Minutes(dict[str, int]):
    """``2026-11-23T10:00`` to milliseconds, read as UTC."""

    def __missing__(self, text: str) -> int:
        if len(self) >= REMEMBERED_MAX:
            self.clear()
        self[text] = found = _minute_ms(text)
        return found


class _Rests(dict[str, int]):
    """``:SS.fff`` and zone to milliseconds."""

    def __missing__(self, text: str) -> int:
        if len(self) >= REMEMBERED_MAX:
            self.clear()
        self[text] = found = _rest_ms(text)
        return found


_minutes: Final = _Minutes()
_rests: Final = _Rests()


def _minute_ms(text: str) -> int:
    if not _MINUTE.fullmatch(text):
        return _INVALID
    try:
        return int(datetime.fromisoformat(f"{text}:00+00:00").timestamp()) * 1_000
    except ValueError:  # such as the 30th of February
        return _INVALID


def _rest_ms(text: str) -> int:
    match = _REST.fullmatch(text)
    if not match:
        return _INVALID
    within_ms = int(match["second"]) * 1_000 + int(f"{match['fraction'] or '0':0<3.3}")
    if not match["sign"]:
        return within_ms
    offset_ms = (int(match["hours"]) * 60 + int(match["minutes"])) * MINUTE_MS
    return within_ms - offset_ms if match["sign"] == "+" else within_ms + offset_ms
