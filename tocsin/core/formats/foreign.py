"""What formats of others come to: measurements under ids of ours, and the entries that cannot be read."""

import math
import re
from dataclasses import dataclass
from typing import Final

from tocsin.core.clock import DAY_MS

ID_CHARACTERS_MAX: Final = 64
TIME_MS_END: Final = 84_006 * DAY_MS
"""The year 2200; what lies beyond it, or before 1970, is no time of a measurement."""

_foreign: Final = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one device measured at one instant.

    Attributes:
        place: 1-based number of the line or entry that it was read from.
        device: An id.
        time_ms: Event time, UTC epoch milliseconds.
        metrics: Id of each metric to its finite value; at least one.
    """

    place: int
    device: str
    time_ms: int
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Misread:
    """An entry that is left out.

    Attributes:
        place: 1-based number of the line or entry.
        message: The rule and the value, one line.
    """

    place: int
    message: str


def id_from(name: str) -> str:
    """Return the name as an id: what an id cannot have becomes an underscore.

    >>> id_from("urn:dev:ow:10e2073a01080063:"), id_from("température")
    ('urn_dev_ow_10e2073a01080063', 'temp_rature')

    Raises:
        ValueError: Nothing is left of it.
    """
    found = _foreign.sub("_", name).strip("_")[:ID_CHARACTERS_MAX]
    if not found:
        raise ValueError(f"name must have a letter or a digit, got {name[:40]!r}")
    return found


def checked_time_ms(time_ms: float) -> int:
    """Return the instant in whole milliseconds, the fraction cut off.

    Raises:
        ValueError: It lies outside of 1970 to 2200.
    """
    if not 0 <= time_ms < TIME_MS_END:
        raise ValueError(f"time must lie in 1970 to 2200, got {time_ms:.6g} ms")
    return math.floor(time_ms)
