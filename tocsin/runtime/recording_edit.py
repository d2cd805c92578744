"""Recordings cut, merged and moved in time: from records to records, in memory that does not grow."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from heapq import merge
from operator import attrgetter

import msgspec

from tocsin.core.clock import iso
from tocsin.core.errors import DamagedError, UsageError
from tocsin.core.formats.iso_time import iso_ms
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.ticks import decode_tick, encode_tick
from tocsin.core.keys import TICK_KEY
from tocsin.runtime.recorded_messages import rewritten


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a recording is meant.

    Attributes:
        start_ms: Only what arrived at or after this; None means from the beginning.
        end_ms: Only what arrived before this; None means to the end.
        devices: Shell patterns of which a device's id, or ``tenant#device``, must match one; empty means all.
    """

    start_ms: int | None = None
    end_ms: int | None = None
    devices: tuple[str, ...] = ()

    def has(self, record: Recorded) -> bool:
        """Tell whether the record belongs to it; ticks belong to all devices."""
        if self.start_ms is not None and record.arrival_ms < self.start_ms:
            return False
        if self.end_ms is not None and record.arrival_ms >= self.end_ms:
            return False
        key = record.partition_key
        names = (key, key.partition("#")[2])
        is_wanted = any(fnmatchcase(name, pattern) for name in names for pattern in self.devices)
        return is_wanted or not self.devices or key == TICK_KEY


def cut(records: Iterable[Recorded], part: Part) -> Iterator[Recorded]:
    """Yield the records of the part, in order."""
    return (record for record in records if part.has(record))


def merged(recordings: Sequence[Iterable[Recorded]]) -> Iterator[Recorded]:
    """Yield the records of all by arrival, equal arrivals in the order of the recordings; without ticks.

    Ticks of several logs would name each instant several times, so a replay makes its own.
    """
    every = merge(*recordings, key=attrgetter("arrival_ms"))
    return (record for record in every if record.partition_key != TICK_KEY)


def merged_header(headers: Sequence[Header]) -> Header:
    """Return the header of what is merged.

    Raises:
        UsageError: Their arrivals do not mean the same.
    """
    clocks = sorted({header.clock for header in headers})
    if len(clocks) > 1:
        raise UsageError(f"recordings must have the same clock to be merged, got {', '.join(clocks)}")
    plans = {header.plan for header in headers}
    return Header(
        source="merged: " + "; ".join(header.source for header in headers),
        clock=clocks[0],
        plan=plans.pop() if len(plans) == 1 else "",
        shards=max(header.shards for header in headers),
    )


def shifted(records: Iterable[Recorded], by_ms: int, on_left: Callable[[], None]) -> Iterator[Recorded]:
    """Yield the records that much later, arrivals, ticks and the times within messages alike.

    Args:
        records: In order.
        by_ms: Milliseconds; negative means earlier.
        on_left: Called for each record whose messages cannot be read, and which keeps its bytes.
    """
    for record in records:
        arrival_ms = record.arrival_ms + by_ms
        if arrival_ms < 0:
            raise UsageError(f"recording must not begin before 1970, {iso(record.arrival_ms)} would")
        data = _shifted_tick(record.data, by_ms) if record.partition_key == TICK_KEY else _shifted(record.data, by_ms)
        if data is None:
            on_left()
        yield msgspec.structs.replace(record, arrival_ms=arrival_ms, data=record.data if data is None else data)


def _shifted_tick(data: bytes, by_ms: int) -> bytes | None:
    try:
        tick = decode_tick(data)
    except DamagedError:
        return None
    return encode_tick(replace(tick, tick_ms=tick.tick_ms + by_ms))


def _shifted(data: bytes, by_ms: int) -> bytes | None:
    def later(message: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
        stamp = msgspec.json.decode(message["ts"])
        if isinstance(stamp, str):
            at_ms = iso_ms(stamp)
            if at_ms < 0:
                raise ValueError("time must be ISO 8601")
            return {**message, "ts": msgspec.Raw(msgspec.json.encode(iso(at_ms + by_ms)))}
        if isinstance(stamp, bool) or not isinstance(stamp, int):
            raise ValueError("time must be text or a whole number")  # noqa: TRY004  bad data, no bug
        return {**message, "ts": msgspec.Raw(str(stamp + by_ms).encode())}

    return rewritten(data, later)
