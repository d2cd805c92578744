"""The readings of a recording by device and metric, in memory that does not grow with its length."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tocsin.core.formats.iso_time import instants_ms
from tocsin.core.formats.json_message import Message
from tocsin.core.formats.json_split import split_messages
from tocsin.core.formats.recording import Recorded
from tocsin.core.keys import TICK_KEY, split_key

KEPT_MAX: Final = 100_000
"""Readings kept of one series; where there are more, every second one is dropped, again and again."""

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
SeriesKey = tuple[str, str, str]
"""Tenant, device and metric."""

_decoder: Final = msgspec.json.Decoder(Message)


@dataclass(slots=True)
class Series:
    """Readings of one metric of one device.

    Attributes:
        stride: One in so many readings is kept.
        seen: How many there were.
        gaps_ms: Times between readings that followed each other, of all readings, as a small sample.
        still_ms: How long the value stood still before it moved, likewise.
    """

    stride: int = 1
    seen: int = 0
    gaps_ms: list[int] = field(default_factory=list)
    still_ms: list[int] = field(default_factory=list)
    _time_ms: list[int] = field(default_factory=list)
    _value: list[float] = field(default_factory=list)
    _last_ms: int | None = None
    _last: float = float("nan")
    _moved_ms: int = 0

    def add(self, time_ms: int, value: float) -> None:
        """Take the next reading; one that is not newer than the one before is let be."""
        if self._last_ms is not None and time_ms <= self._last_ms:
            return
        if self._last_ms is not None:
            _sample(self.gaps_ms, time_ms - self._last_ms)
        if value != self._last:
            if self._last_ms is not None:
                _sample(self.still_ms, time_ms - self._moved_ms)
            self._moved_ms = time_ms
        self._last_ms, self._last = time_ms, value
        if self.seen % self.stride == 0:
            self._time_ms.append(time_ms)
            self._value.append(value)
            if len(self._value) >= KEPT_MAX:
                del self._time_ms[1::2], self._value[1::2]
                self.stride *= 2
        self.seen += 1

    @property
    def time_ms(self) -> Int64s:
        """Event times of what is kept, shape (n,), ascending."""
        return np.array(self._time_ms, np.int64)

    @property
    def value(self) -> Floats:
        """What is kept, shape (n,)."""
        return np.array(self._value, np.float64)


def _sample(kept: list[int], value: int) -> None:
    kept.append(value)
    if len(kept) >= KEPT_MAX:
        del kept[::2]


def gather(records: Iterable[Recorded]) -> tuple[dict[SeriesKey, Series], int]:
    """Return the series of the records, and how many messages could not be read."""
    found: dict[SeriesKey, Series] = {}
    broken = 0
    for record in records:
        if record.partition_key == TICK_KEY:
            continue
        for part in split_messages(record.data):
            try:
                message = _decoder.decode(part)
                tenant, _ = split_key(record.partition_key)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                broken += 1
                continue
            (time_ms,) = instants_ms([message.ts])
            broken += time_ms < 0
            for metric, value in message.metrics.items() if time_ms >= 0 else ():
                found.setdefault((tenant, message.device, metric), Series()).add(time_ms, value)
    return found, broken
