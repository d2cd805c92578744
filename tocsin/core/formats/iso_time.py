"""Instants as people and devices write them: ISO 8601 with date, seconds and zone, to milliseconds.

The text is read as its minute and the rest (``:SS.fffZ``); both repeat, so both are remembered.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from tocsin.core.clock import MINUTE_MS

REMEMBERED_MAX: Final = 1 << 17
NOT_A_TIME: Final = -1
MINUTE_CHARS: Final = len("2026-11-23T10:00")
_MINUTE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
_REST: Final = re.compile(
    r":(?P<second>[0-5][0-9])(?:\.(?P<fraction>[0-9]{1,9}))?"
    r"(?:Z|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):(?P<minutes>[0-5][0-9]))"
)
_INVALID: Final = -(1 << 60)  # so far below that no other part makes the sum valid, and two still fit int64


def iso_ms(text: str) -> int:
    """Return the instant, UTC epoch milliseconds; digits past the millisecond are cut off.

    -1 where the text is no such instant, or one before 1970. Leap seconds (``:60``) are not accepted.

    >>> iso_ms("2026-11-23T10:00:00.250Z")
    1795428000250
    >>> iso_ms("2026-11-23T11:00:00.250999+01:00")
    1795428000250
    >>> iso_ms("yesterday")
    -1
    """
    return max(NOT_A_TIME, _minutes[text[:MINUTE_CHARS]] + _rests[text[MINUTE_CHARS:]])


def instants_ms(stamps: Sequence[int | str]) -> list[int]:
    """Return each stamp as UTC epoch milliseconds: texts as ``iso_ms`` reads them, invalid ones below 0."""
    minutes, rests = _minutes, _rests
    return [
        minutes[stamp[:MINUTE_CHARS]] + rests[stamp[MINUTE_CHARS:]] if isinstance(stamp, str) else stamp
        for stamp in stamps
    ]


def minute_ms(text: str) -> int:
    """Return the instant of ``2026-11-23T10:00``, UTC epoch milliseconds, far below 0 where there is none."""
    return _minutes[text]


class _Remembered(dict[str, int]):
    """A part of a text to its milliseconds; what is invalid is not remembered."""

    def __init__(self, read: Callable[[str], int]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> int:
        found = self._read(text)
        if found != _INVALID:
            if len(self) >= REMEMBERED_MAX:
                self.clear()
            self[text] = found
        return found


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


_minutes: Final = _Remembered(_minute_ms)
_rests: Final = _Remembered(_rest_ms)
