"""Who delivers: a device that talks to the log, or a gateway that gathers its devices' messages."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from simulator.messages import FOREVER_MS
from simulator.network import Arrivals, Counts, arrivals_of
from simulator.randomness import stream
from simulator.scenario_model import Device, Scenario
from simulator.wire import gateway_body


@dataclass(frozen=True, slots=True)
class Delivery:
    """Bytes that arrive.

    Attributes:
        arrival_ms: When, UTC epoch milliseconds.
        tenant: Whose they are.
        device: Who sends them: the device, or the gateway.
        data: One message; from a gateway, one or more, a line each.
        via: Name of the gateway; empty for a device that talks to the log itself.
        messages: How many messages there are in the data.
    """

    arrival_ms: int
    tenant: str
    device: str
    data: bytes
    via: str = ""
    messages: int = 1


class Source(Protocol):
    """Delivers in order of arrival."""

    name: str

    def take(self, until_ms: int) -> list[Delivery]:
        """Return what arrives before the instant and was not taken yet."""
        ...

    def counted(self) -> Counts:
        """Return what was counted since the last call."""
        ...

    def is_done(self) -> bool:
        """Tell whether nothing will come any more."""
        ...


def sources_of(scenario: Scenario, seed: int, *, part: int = 0, parts: int = 1) -> list[Source]:
    """Return the sources of one part of the scenario, by name; a gateway and its devices stay together.

    Args:
        scenario: What is played.
        seed: Which run of it.
        part: Which part, in ``[0, parts)``.
        parts: Into how many parts the sources are dealt.
    """
    lone = {name: (device,) for name, device in scenario.devices.items() if not device.gateway}
    shared = {
        gateway: tuple(device for device in scenario.devices.values() if device.gateway == gateway)
        for gateway in scenario.gateways
    }
    names = sorted(lone | shared)[part::parts]
    return [
        _Gateway(scenario, name, shared[name], seed) if name in shared else _Lone(scenario, lone[name][0], seed)
        for name in names
    ]


class _Buffer:
    """Arrivals of one device, in order, as far as they are known.

    Holds a block, and whatever an outage holds back.
    """

    def __init__(self, arrivals: Iterator[Arrivals]) -> None:
        self._arrivals = arrivals
        self._known_ms = 0
        self._waiting: list[tuple[int, int, bytes]] = []
        self.counts = Counts()

    def take(self, until_ms: int) -> list[tuple[int, int, bytes]]:
        """Return what arrives before the instant and was not taken yet, in order of arrival."""
        while self._known_ms < until_ms:
            self._learn()
        end = bisect_left(self._waiting, (until_ms,))
        taken = self._waiting[:end]
        del self._waiting[:end]
        return taken

    def _learn(self) -> None:
        block = next(self._arrivals, None)
        if block is None:
            self._known_ms = FOREVER_MS
            return
        self._waiting.extend(block.messages)
        self._waiting.sort()
        self._known_ms = block.next_ms
        self.counts += block.counts

    def is_done(self) -> bool:
        return self._known_ms >= FOREVER_MS and not self._waiting


class _Lone:
    """A device that talks to the log itself."""

    def __init__(self, scenario: Scenario, device: Device, seed: int) -> None:
        self.name = device.name
        self._tenant = scenario.tenant
        self._buffer = _Buffer(arrivals_of(scenario, device, seed))
        self._delivered = 0

    def take(self, until_ms: int) -> list[Delivery]:
        taken = self._buffer.take(until_ms)
        self._delivered += len(taken)
        return [Delivery(arrival_ms, self._tenant, self.name, data) for arrival_ms, _, data in taken]

    def counted(self) -> Counts:
        counts = self._buffer.counts + Counts(delivered=self._delivered)
        self._buffer.counts, self._delivered = Counts(), 0
        return counts

    def is_done(self) -> bool:
        return self._buffer.is_done()


class _Gateway:
    """Gathers its devices' messages and sends them on at every flush."""

    def __init__(self, scenario: Scenario, name: str, devices: Sequence[Device], seed: int) -> None:
        self.name = name
        self._tenant = scenario.tenant
        self._flush_ms = scenario.gateway_flush_ms
        self._messages_max = scenario.gateway_messages_max
        self._phase_ms = int(stream(name, "phase").integers(self._flush_ms))
        self._buffers = [_Buffer(arrivals_of(scenario, device, seed)) for device in devices]
        self._delivered = 0

    def take(self, until_ms: int) -> list[Delivery]:
        last_flush_ms = self._flush_after(until_ms - 1) - self._flush_ms
        gathered = [
            (arrival_ms, place, order, data)
            for place, buffer in enumerate(self._buffers)
            for arrival_ms, order, data in buffer.take(last_flush_ms)
        ]
        gathered.sort()
        self._delivered += len(gathered)
        deliveries: list[Delivery] = []
        for flush_ms, group in groupby(gathered, key=lambda message: self._flush_after(message[0])):
            deliveries += self._bodies(flush_ms, [data for *_, data in group])
        return deliveries

    def _flush_after(self, instant_ms: int) -> int:
        """Return the first flush after the instant."""
        return instant_ms + self._flush_ms - (instant_ms - self._phase_ms) % self._flush_ms

    def _bodies(self, flush_ms: int, messages: Sequence[bytes]) -> list[Delivery]:
        size = self._messages_max
        parts = [messages[start : start + size] for start in range(0, len(messages), size)]
        return [Delivery(flush_ms, self._tenant, self.name, gateway_body(part), self.name, len(part)) for part in parts]

    def counted(self) -> Counts:
        counts = Counts(delivered=self._delivered)
        for buffer in self._buffers:
            counts += buffer.counts
            buffer.counts = Counts()
        self._delivered = 0
        return counts

    def is_done(self) -> bool:
        return all(buffer.is_done() for buffer in self._buffers)
