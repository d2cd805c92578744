"""One deterministic workload: readings of many devices, some out of order, some twice, some malformed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tocsin.core.columns import Int64s
from tocsin.core.ports import LogRecord

START_MS = 1_795_428_000_000
METRICS = ("temperature_celsius", "pressure_bar", "flow_lpm", "current_ampere", "vibration_mmps")
INTERVAL_MS = 5_000
DISORDER_MS = 20_000


@dataclass(frozen=True, slots=True)
class Workload:
    """Records in the order of arrival.

    Attributes:
        keys: Partition keys.
        datas: JSON messages.
        arrivals_ms: When each arrives.
        readings: Readings in all of them that are valid, copies included.
        arrivals: shape (n,), the same as columns, as events are read.
        sequences: Sequence number of each.
    """

    keys: list[str]
    datas: list[bytes]
    arrivals_ms: list[int]
    readings: int
    arrivals: Int64s = field(init=False)
    sequences: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arrivals", np.array(self.arrivals_ms, np.int64))
        object.__setattr__(self, "sequences", [str(place) for place in range(1, len(self.keys) + 1)])

    def records(self) -> Sequence[LogRecord]:
        """Return the records as they are put on a log."""
        return [LogRecord(key, data) for key, data in zip(self.keys, self.datas, strict=True)]


FLUSH_MS = 60_000


def clustered(work: Workload) -> Workload:
    """Return the same messages as gateways bring them: what a device sent in a minute comes at once."""
    order = sorted(range(len(work.keys)), key=lambda place: (work.arrivals_ms[place] // FLUSH_MS, work.keys[place]))
    flushed_ms = [(arrival_ms // FLUSH_MS + 1) * FLUSH_MS for arrival_ms in work.arrivals_ms]
    return Workload(
        [work.keys[place] for place in order],
        [work.datas[place] for place in order],
        [flushed_ms[place] for place in order],
        work.readings,
    )


def make_workload(readings: int, *, devices: int = 1_000, metrics_per_message: int = 1, seed: int = 1) -> Workload:
    """Return about that many readings: 5 % out of order up to 20 s, 0.5 % copies, 0.1 % malformed.

    Args:
        readings: How many.
        devices: How many devices take turns, each with five metrics every five seconds.
        metrics_per_message: 1 or 5.
        seed: Of the disorder.
    """
    chance = random.Random(seed)  # noqa: S311  a workload, no secret
    turns = 5 // metrics_per_message
    records: list[tuple[int, str, bytes]] = []
    for number in range(readings // metrics_per_message):
        turn, device = divmod(number, devices)
        event_ms = START_MS + turn * INTERVAL_MS // turns + device * INTERVAL_MS // turns // devices
        arrival_ms = event_ms + (chance.randrange(1, DISORDER_MS) if chance.random() < 0.05 else 0)
        names = METRICS if metrics_per_message == 5 else (METRICS[turn % 5],)
        values = ",".join(f'"{name}":{20 + chance.random() * 10:.4f}' for name in names)
        text = f'{{"device":"device-{device:05d}","ts":{event_ms},"metrics":{{{values}}}}}'
        data = (text[:-2] if chance.random() < 0.001 else text).encode()
        records.append((arrival_ms, f"demo#device-{device:05d}", data))
        if chance.random() < 0.005:
            records.append((arrival_ms + chance.randrange(DISORDER_MS), f"demo#device-{device:05d}", data))
    records.sort(key=lambda record: record[0])
    valid = sum(data.endswith(b"}}") for _, _, data in records)
    return Workload(
        [key for _, key, _ in records],
        [data for _, _, data in records],
        [arrival for arrival, _, _ in records],
        valid * metrics_per_message,
    )
