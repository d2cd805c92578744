"""How many requests a caller may make: a bucket of tokens each."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Final

CALLERS_MAX: Final = 10_000
"""Buckets that are kept; who was not here for longest begins anew, with a full one."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What is allowed.

    Attributes:
        per_s: Requests per second, on average.
        burst: Requests at once after a rest.
    """

    per_s: float
    burst: float


@dataclass(frozen=True, slots=True)
class Rates:
    """What is allowed of each sort of route, to each caller.

    Attributes:
        read: Of routes that read.
        write: Of routes by which people act.
        readings: Of bodies of readings.
    """

    read: Rate = Rate(100.0, 400.0)
    write: Rate = Rate(10.0, 50.0)
    readings: Rate = Rate(200.0, 800.0)


class RateLimit:
    """Buckets by caller; usable by any thread."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def wait_s(self, caller: Hashable, now_s: float) -> float:
        """Take a token of the caller's bucket; return 0, or how long until there will be one.

        Args:
            caller: Who asks.
            now_s: On a clock that only moves forward.
        """
        with self._lock:
            tokens, before_s = self._buckets.pop(caller, (self._rate.burst, now_s))
            tokens = min(self._rate.burst, tokens + (now_s - before_s) * self._rate.per_s)
            is_free = tokens >= 1.0
            self._buckets[caller] = (tokens - is_free, now_s)
            if len(self._buckets) > CALLERS_MAX:
                self._buckets.popitem(last=False)
        return 0.0 if is_free else (1.0 - tokens) / self._rate.per_s
