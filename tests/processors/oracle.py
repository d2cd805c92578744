"""An independent reference of the processors: one reading at a time, plain dictionaries, no columns.

Written from the design, not from the code: a message is looked at when it comes, under the horizon
that its device has at that moment.
"""

from dataclasses import dataclass, field
from fractions import Fraction

NEVER_MS = -(1 << 62)


@dataclass
class Window:
    """All readings of one window, in the order of arrival."""

    readings: list[tuple[int, float]] = field(default_factory=list)

    def stats(self) -> dict[str, float]:
        """Return exact statistics (rational arithmetic, rounded once)."""
        values = [Fraction(value) for _, value in self.readings]
        mean = sum(values) / len(values)
        first = min(self.readings, key=lambda reading: reading[0])
        last = max(enumerate(self.readings), key=lambda pair: (pair[1][0], pair[0]))[1]
        return {
            "count": len(values),
            "sum": float(sum(values)),
            "mean": float(mean),
            "m2": float(sum((value - mean) ** 2 for value in values)),
            "min": float(min(values)),
            "max": float(max(values)),
            "first": first[1],
            "last": last[1],
            "first_ms": first[0],
            "last_ms": last[0],
        }


@dataclass
class Device:
    """One device's clock and what it has sent."""

    max_ms: int = NEVER_MS
    horizon_ms: int = NEVER_MS
    opened_ms: int = NEVER_MS
    identities: dict[int, set[object]] = field(default_factory=dict)
    slices: dict[tuple[str, int], Window] = field(default_factory=dict)
    windows: dict[tuple[str, int, int], Window] = field(default_factory=dict)


@dataclass
class Oracle:
    """Windows and accounts of a stream of messages and ticks.

    Attributes:
        windows: metric to list of (size, hop); slices are the smallest hop.
        bound_ms: Out-of-orderness plus lateness.
        idle_ms: Idle bound.
    """

    windows: dict[str, list[tuple[int, int]]]
    bound_ms: int
    idle_ms: int
    tick_ms: int = NEVER_MS
    devices: dict[str, Device] = field(default_factory=dict)
    panes: list[tuple[str, str, int, int, dict[str, float]]] = field(default_factory=list)
    messages: int = 0
    duplicates: int = 0
    late: list[tuple[str, str, int, float]] = field(default_factory=list)
    readings: int = 0

    def slice_ms(self, metric: str) -> int:
        """Return the metric's slice."""
        return min(hop for _, hop in self.windows[metric])

    def message(self, device: str, time_ms: int, identity: object, metrics: dict[str, float]) -> None:
        """Take one message."""
        state = self.devices.setdefault(device, Device())
        slot_ms = max(self.slice_ms(metric) for metric in self.windows)
        slot = time_ms // slot_ms
        slot_is_open = (slot + 1) * slot_ms > state.horizon_ms
        if slot_is_open and identity in state.identities.get(slot, set()):
            self.duplicates += 1
            return
        self.messages += 1
        before_ms = state.horizon_ms
        state.max_ms = max(state.max_ms, time_ms)
        self._advance(device, max(state.horizon_ms, state.max_ms - self.bound_ms))
        if slot_is_open:
            state.identities.setdefault(slot, set()).add(identity)
        for metric, value in metrics.items():
            number = time_ms // self.slice_ms(metric)
            if (number + 1) * self.slice_ms(metric) <= before_ms:
                self.late.append((device, metric, time_ms, value))
                continue
            if (metric, number) not in state.slices:
                state.opened_ms = self.tick_ms
            state.slices.setdefault((metric, number), Window()).readings.append((time_ms, value))
            self.readings += 1

    def tick(self, tick_ms: int) -> None:
        """Take a tick."""
        self.tick_ms = max(self.tick_ms, tick_ms)
        last_end_ms = self.tick_ms - self.idle_ms
        for device, state in self.devices.items():
            if state.opened_ms > last_end_ms:
                continue
            ends = [(number + 1) * self.slice_ms(metric) for metric, number in state.slices]
            ends += [start + size for (_, size, start) in state.windows]
            ends += [start + size for metric, number in state.slices for start, size in self._holding(metric, number)]
            due = [end for end in ends if state.horizon_ms < end <= last_end_ms]
            if due:
                self._advance(device, max(due))

    def _holding(self, metric: str, number: int) -> list[tuple[int, int]]:
        """Return (start, size) of every window that holds the slice."""
        slice_start = number * self.slice_ms(metric)
        found = []
        for size, hop in self.windows[metric]:
            newest = slice_start // hop * hop
            found += [(start, size) for start in range(newest - size + hop, newest + 1, hop)]
        return found

    def _advance(self, device: str, horizon_ms: int) -> None:
        state = self.devices[device]
        if horizon_ms <= state.horizon_ms:
            return
        state.horizon_ms = horizon_ms
        for metric, number in sorted(state.slices):
            if (number + 1) * self.slice_ms(metric) <= horizon_ms:
                closed = state.slices.pop((metric, number))
                for start, size in self._holding(metric, number):
                    window = state.windows.setdefault((metric, size, start), Window())
                    window.readings += closed.readings
        for metric, size, start in sorted(state.windows):
            if start + size <= horizon_ms:
                window = state.windows.pop((metric, size, start))
                self.panes.append((device, metric, size, start, window.stats()))
