"""What must come out, worked out from the log alone: one message at a time, plain Python, no columns.

Written from the design. It is told in which order the stretches of the shards were folded into each group;
which readings count, and into which windows, it finds out by itself. Values are quarters, so sums are exact.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import md5
from typing import Any, Final

NEVER_MS: Final = -(1 << 62)
SKEW_MS: Final = 300_000
AGE_MS_MAX: Final = 31 * 86_400_000


@dataclass
class Account:
    """What one shard brought to one group."""

    messages: int = 0
    duplicates: int = 0
    rejected: int = 0
    readings: int = 0
    late: int = 0

    def counters(self) -> tuple[int, ...]:
        return (self.messages, self.duplicates, self.rejected, self.readings, self.late)


@dataclass
class Device:
    """One device's clock, what it has sent, and what is open."""

    max_ms: int = NEVER_MS
    horizon_ms: int = NEVER_MS
    opened_ms: int = NEVER_MS
    identities: dict[int, set[object]] = field(default_factory=dict)
    slices: dict[tuple[str, int], list[tuple[int, float]]] = field(default_factory=dict)
    windows: dict[tuple[str, int, int], list[tuple[int, float]]] = field(default_factory=dict)


@cache
def hash_of(key: str) -> int:
    """Return the number that places a key among shards and groups."""
    return int(md5(key.encode(), usedforsecurity=False).hexdigest(), 16)


def stats_of(readings: list[tuple[int, float]]) -> dict[str, float]:
    """Return the statistics of readings in the order in which they were folded."""
    values = [value for _, value in readings]
    mean = sum(values) / len(values)
    first = min(range(len(readings)), key=lambda place: (readings[place][0], place))
    last = max(range(len(readings)), key=lambda place: (readings[place][0], place))
    return {
        "count": len(values),
        "sum": sum(values),
        "mean": mean,
        "variance": sum((value - mean) ** 2 for value in values) / len(values),
        "min": min(values),
        "max": max(values),
        "first": readings[first][1],
        "last": readings[last][1],
    }


@dataclass
class Oracle:
    """The truth about one key group.

    Attributes:
        sizes: Metric to (size, hop) of its windows, the smallest first: the slice.
        bound_ms: Out-of-orderness.
        idle_ms: Idle bound.
        correction_ms: How long late readings are worked in.
        revisions: (device, size, start, number from 1) to metric to the one late reading, of closed windows.
        closed: (device, size, start) to metric to readings, of closed windows.
        late: Shard, sequence and metric of each late reading.
        rejected: Shard and sequence of each rejected message.
        accounts: By shard.
        differing: Windows that were closed twice.
    """

    sizes: dict[str, tuple[tuple[int, int], ...]]
    bound_ms: int
    idle_ms: int
    correction_ms: int = 0
    revisions: dict[tuple[str, int, int, int], dict[str, list[tuple[int, float]]]] = field(default_factory=dict)
    ticks: dict[str, int] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    closed: dict[tuple[str, int, int], dict[str, list[tuple[int, float]]]] = field(default_factory=dict)
    late: list[tuple[str, str, str]] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=lambda: defaultdict(Account))
    differing: list[str] = field(default_factory=list)

    def message(self, key: str, said: list[Any], position: tuple[str, str], arrival_ms: int) -> None:
        """Take one message: event time, counter or -1, and metric to value (None: it cannot be read)."""
        time_ms, counter, metrics = said
        account = self.accounts[position[0]]
        if metrics is None or not arrival_ms - AGE_MS_MAX <= time_ms <= arrival_ms + SKEW_MS:
            account.rejected += 1
            self.rejected.append(position)
            return
        device = self.devices.setdefault(key, Device())
        slot_ms = max(sizes[0][1] for sizes in self.sizes.values())
        slot = time_ms // slot_ms
        identity = (time_ms, counter) if counter >= 0 else (time_ms, *sorted(metrics.items()))
        is_open = (slot + 1) * slot_ms > device.horizon_ms - self.correction_ms
        if is_open and identity in device.identities.get(slot, ()):
            account.duplicates += 1
            return
        account.messages += 1
        before_ms = device.horizon_ms
        device.max_ms = max(device.max_ms, time_ms)
        self._advance(key, device, device.max_ms - self.bound_ms)
        if is_open:
            device.identities.setdefault(slot, set()).add(identity)
        for metric, value in metrics.items():
            number = time_ms // self.sizes[metric][0][1]
            end_ms = (number + 1) * self.sizes[metric][0][1]
            if end_ms <= before_ms - self.correction_ms:
                account.late += 1
                self.late.append((*position, metric))
                continue
            account.readings += 1
            if end_ms <= before_ms:
                self._revise(key, device, (metric, number), (time_ms, value))
                continue
            if (metric, number) not in device.slices:
                device.opened_ms = self.ticks.get(position[0], max(self.ticks.values(), default=NEVER_MS))
            device.slices.setdefault((metric, number), []).append((time_ms, value))

    def _revise(self, key: str, device: Device, late: tuple[str, int], reading: tuple[int, float]) -> None:
        """Work a late reading in: a revision of each window that is closed, the others just hold it."""
        metric, number = late
        for size, start in self._holding(metric, number):
            if start + size > device.horizon_ms:
                device.windows.setdefault((metric, size, start), []).append(reading)
                continue
            times = 1
            while metric in self.revisions.get((key, size, start, times), ()):
                times += 1
            self.revisions.setdefault((key, size, start, times), {})[metric] = [reading]

    def tick(self, tick_ms: int, hashes: range, shard: str) -> None:
        """Take a tick; it speaks for the devices that its shard speaks for."""
        self.ticks[shard] = max(self.ticks.get(shard, NEVER_MS), tick_ms)
        last_end_ms = tick_ms - self.idle_ms
        for key, device in self.devices.items():
            if device.opened_ms > last_end_ms or hash_of(key) not in hashes:
                continue
            ends = [start + size for _, size, start in device.windows]
            for metric, number in device.slices:
                ends.append((number + 1) * self.sizes[metric][0][1])
                ends += [start + size for size, start in self._holding(metric, number)]
            due = [end for end in ends if device.horizon_ms < end <= last_end_ms]
            if due:
                self._advance(key, device, max(due))

    def _holding(self, metric: str, number: int) -> list[tuple[int, int]]:
        slice_start = number * self.sizes[metric][0][1]
        return [
            (size, start)
            for size, hop in self.sizes[metric]
            for start in range(slice_start // hop * hop - size + hop, slice_start // hop * hop + 1, hop)
        ]

    def _advance(self, key: str, device: Device, horizon_ms: int) -> None:
        if horizon_ms <= device.horizon_ms:
            return
        device.horizon_ms = horizon_ms
        for metric, number in sorted(device.slices):
            if (number + 1) * self.sizes[metric][0][1] <= horizon_ms:
                readings = device.slices.pop((metric, number))
                for size, start in self._holding(metric, number):
                    device.windows.setdefault((metric, size, start), []).extend(readings)
        for metric, size, start in sorted(device.windows):
            if start + size <= horizon_ms:
                readings = device.windows.pop((metric, size, start))
                window = self.closed.setdefault((key, size, start), {})
                if metric in window:
                    self.differing.append(f"{key} {metric} {size} {start} closed twice")
                window[metric] = readings


def quantiles_of(readings: list[tuple[int, float]], quantiles: Sequence[float]) -> dict[str, float]:
    """Return the readings at the quantiles: that of rank ``floor(q * (n - 1))``."""
    values = sorted(value for _, value in readings)
    return {f"p{100 * quantile:g}": values[int(quantile * (len(values) - 1))] for quantile in quantiles}
