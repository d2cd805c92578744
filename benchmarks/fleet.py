"""Devices in key groups of their own, folded batch by batch: the state stands, and only the step is timed."""

from typing import Final

import numpy as np

from benchmarks.folding import PLAN, SHARD
from benchmarks.workload import INTERVAL_MS, METRICS, START_MS
from processors.batch import GroupBatch
from processors.geometry import geometry_of
from processors.state import Group
from processors.step import Live, live, step
from tocsin.core.clock import cpu_s
from tocsin.core.formats.json_readings import decode_records
from tocsin.core.plan.book import PlanBook

MESSAGES: Final = 1_000
"""Of a batch; each brings five readings."""

ROUNDS_BEFORE: Final = 3
"""How often each device is heard before anything is timed."""

VALUES: Final = ",".join(f'"{name}":{20 + place}.125' for place, name in enumerate(METRICS))
TAIL: Final = f',"metrics":{{{VALUES}}}}}'.encode()


class Fleet:
    """So many key groups of so many devices, each heard in turn every five seconds.

    Attributes:
        groups: How many groups.
        readings: How many were folded so far.
    """

    def __init__(self, groups: int, devices: int) -> None:
        """Fold every device some times, so that all series stand.

        Args:
            groups: How many groups.
            devices: Devices of each.
        """
        self.groups = groups
        self.readings = 0
        self._devices = devices
        self._plans = PlanBook(PLAN)
        self._states = [live(Group.empty(group, geometry_of(PLAN)), self._plans) for group in range(groups)]
        self._keys = [[f"demo#g{group}-{device}" for device in range(devices)] for group in range(groups)]
        self._heads = [[f'{{"device":"{key[5:]}","ts":'.encode() for key in keys] for keys in self._keys]
        self._sent = [0] * groups
        self._turn = 0
        self.step_ns(groups * max(1, -(-devices * ROUNDS_BEFORE // MESSAGES)))

    def step_ns(self, batches: int) -> float:
        """Fold so many batches, a group after the other; return nanoseconds of CPU a reading, decoding included."""
        took_s = 0.0
        for _ in range(batches):
            group = self._turn % self.groups
            keys, datas, arrivals, sequences = self._records(group)
            begun_s = cpu_s()
            messages, refused = decode_records(keys, datas, arrivals, PLAN.bounds)
            batch = GroupBatch(SHARD, sequences, messages, tuple(refused), (), keys, datas)
            self._states[group] = step(self._states[group], batch, self._plans).state
            took_s += cpu_s() - begun_s
            self._turn += 1
        self.readings += batches * MESSAGES * len(METRICS)
        return took_s / (batches * MESSAGES * len(METRICS)) * 1e9

    def state(self, group: int) -> Live:
        """Return the state of a group."""
        return self._states[group]

    def _records(
        self, group: int
    ) -> tuple[list[str], list[bytes], np.ndarray[tuple[int], np.dtype[np.int64]], list[str]]:
        first = self._sent[group]
        self._sent[group] += MESSAGES
        own_keys, heads = self._keys[group], self._heads[group]
        keys, datas, arrivals = [], [], []
        for number in range(first, first + MESSAGES):  # only the time is new: making them costs less than folding them
            turn, device = divmod(number, self._devices)
            at_ms = START_MS + turn * INTERVAL_MS + device * INTERVAL_MS // self._devices
            keys.append(own_keys[device])
            datas.append(b"%b%d%b" % (heads[device], at_ms, TAIL))
            arrivals.append(at_ms)
        sequences = [str(number + 1) for number in range(first, first + MESSAGES)]
        return keys, datas, np.array(arrivals, np.int64), sequences


def folded(devices: int) -> Live:
    """Return the state of one group whose devices have two slices open: the largest that it is in quiet times."""
    fleet = Fleet(1, devices)
    fleet.step_ns(max(1, devices * 20 // MESSAGES))  # a minute and a half
    return fleet.state(0)
