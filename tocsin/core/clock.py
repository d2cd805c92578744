"""The one module that reads the clock; everything else is handed ``now_ms`` or a ``NowMs``."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

NowMs = Callable[[], int]
"""Returns the present instant as UTC epoch milliseconds."""

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000


def wall_now_ms() -> int:
    """Return the wall clock's present instant, UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000


def elapsed_s() -> float:
    """Return seconds on a clock that only moves forward; for durations, never for instants."""
    return time.perf_counter()


def cpu_s() -> float:
    """Return seconds of processor time that this process has used; what else the machine does is not in it."""
    return time.process_time()


def pause(seconds: float) -> None:
    """Sleep; the only place where the program waits for real time to pass."""
    time.sleep(max(0.0, seconds))


class VirtualClock:
    """A clock that moves only when told, and never back.

    >>> clock = VirtualClock(1_000)
    >>> clock.advance_to(500)
    >>> clock.now_ms()
    1000
    """

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms

    def now_ms(self) -> int:
        """Return the virtual instant, UTC epoch milliseconds."""
        return self._now_ms

    def advance_to(self, instant_ms: int) -> None:
        """Move to the instant; an earlier one changes nothing."""
        self._now_ms = max(self._now_ms, instant_ms)


ISO_SECOND: Final = len("1970-01-01T00:00:00")


def iso(instant_ms: int) -> str:
    """Return the instant in ISO 8601, UTC, to the millisecond where there are any.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    >>> iso(1_250)
    '1970-01-01T00:00:01.250Z'
    """
    moment = datetime.fromtimestamp(instant_ms // 1_000, UTC).isoformat()[:ISO_SECOND]
    return f"{moment}.{instant_ms % 1_000:03d}Z" if instant_ms % 1_000 else f"{moment}Z"
