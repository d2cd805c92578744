"""Streams for tests of the processors: messages and ticks, as records of a log and for the oracle."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from processors.batch import GroupBatch
from processors.geometry import geometry_of
from processors.state import Group, encode_group
from processors.step import PANES_LANE, Live, live, step
from tests.processors.oracle import Oracle
from tocsin.core.columns import PaneBatch
from tocsin.core.formats.json_readings import decode_records
from tocsin.core.formats.pane_bytes import decode_panes
from tocsin.core.keys import HASH_END
from tocsin.core.machine import Entry
from tocsin.core.messages import Tick
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Bounds, MetricPlan, Plan, Timing, Window

EPOCH_MS = 1_795_428_000_000
SHARD = "shardId-000000000000"
WIDE = Bounds(skew_ms=10**12, age_ms_max=10**12)


@dataclass(frozen=True)
class Message:
    """One message; ``seq`` None means that the device does not count."""

    device: str
    time_ms: int
    metrics: tuple[tuple[str, float], ...]
    seq: int | None = None

    def data(self) -> bytes:
        """Return the bytes on the wire."""
        values = ",".join(f'"{name}":{value!r}' for name, value in self.metrics)
        counter = "" if self.seq is None else f'"seq":{self.seq},'
        return f'{{"device":"{self.device}","ts":{EPOCH_MS + self.time_ms},{counter}"metrics":{{{values}}}}}'.encode()

    def identity(self) -> object:
        """Return what makes two messages the same."""
        return ("seq", self.seq) if self.seq is not None else (self.time_ms, frozenset(self.metrics))


Item = Message | int
"""A message, or a tick's instant in milliseconds after the epoch of the tests."""


def plan_of(
    windows: dict[str, list[tuple[int, int]]], *, bound_ms: int = 30_000, idle_ms: int = 120_000, **others: object
) -> Plan:
    """Return a plan with the windows of each metric pattern."""
    metrics = tuple(
        MetricPlan(match=match, windows=tuple(Window(size, hop) for size, hop in sizes))
        for match, sizes in windows.items()
    )
    timing = Timing(out_of_orderness_ms=bound_ms, idle_ms=idle_ms)
    return Plan(**{"metrics": metrics, "timing": timing, "groups": 1, "bounds": WIDE} | others)  # type: ignore[arg-type]


def batch_of(items: Sequence[Item], first: int, *, bounds: Bounds = WIDE, plan_hash: str = "") -> GroupBatch:
    """Return the items as one delivery whose sequence numbers begin at ``first``."""
    places = [place for place, item in enumerate(items) if isinstance(item, Message)]
    found = [items[place] for place in places]
    keys = [f"demo#{item.device}" for item in found if isinstance(item, Message)]
    datas = [item.data() for item in found if isinstance(item, Message)]
    arrivals = np.full(len(found), EPOCH_MS, np.int64)
    messages, refused = decode_records(keys, datas, arrivals, bounds)
    record = np.array(places, np.int32)[messages.record] if places else messages.record
    all_keys, all_datas = [""] * len(items), [b""] * len(items)
    for place, key, data in zip(places, keys, datas, strict=True):
        all_keys[place], all_datas[place] = key, data
    ticks = tuple(
        (place, Tick(EPOCH_MS + item, plan_hash, 0, HASH_END))
        for place, item in enumerate(items)
        if not isinstance(item, Message)
    )
    assert not refused
    sequences = [str(first + place) for place in range(len(items))]
    replaced = type(messages)(
        messages.devices,
        messages.metrics,
        record,
        messages.index,
        messages.device,
        messages.time_ms,
        messages.identity,
        messages.counted,
        messages.start,
        messages.metric,
        messages.value,
    )
    return GroupBatch(SHARD, sequences, replaced, (), ticks, all_keys, all_datas)


def play(plan: Plan, items: Sequence[Item], cuts: Sequence[int] = ()) -> tuple[Live, list[Entry]]:
    """Fold the items in batches that end at the cuts; return the state and all entries."""
    plans = PlanBook(plan)
    state = live(Group.empty(0, geometry_of(plan)), plans)
    entries: list[Entry] = []
    borders = [0, *sorted(set(cuts) & set(range(1, len(items)))), len(items)]
    for begin, end in pairwise(borders):
        outcome = step(state, batch_of(items[begin:end], begin), plans)
        state = outcome.state
        entries += outcome.emitted
    return state, entries


def pane_batches(entries: Sequence[Entry]) -> list[PaneBatch]:
    """Return the batches of panes among the entries."""
    return [decode_panes(entry.data) for entry in entries if entry.lane == PANES_LANE]


def pane_rows(entries: Sequence[Entry]) -> list[tuple[object, ...]]:
    """Return every pane as plain values, in order: device, metric, kind, size, start, revision, then numbers."""
    rows: list[tuple[object, ...]] = []
    for batch in pane_batches(entries):
        panes = batch.panes
        for i in range(len(panes)):
            numbers = tuple(
                getattr(panes, name)[i].tolist()
                for name in ("count", "sum", "mean", "m2", "min", "max", "first", "last", "first_ms", "last_ms")
            )
            rows.append(
                (
                    panes.devices[panes.device[i]],
                    panes.metrics[panes.metric[i]],
                    int(panes.kind[i]),
                    int(panes.size_ms[i]),
                    int(panes.start_ms[i]),
                    int(panes.revision[i]),
                    *numbers,
                    repr(panes.quantiles[i].tolist()),
                    repr(float(panes.limit[i])),
                    panes.rules[panes.rule[i]] if panes.rule[i] >= 0 else "",
                    panes.positions[panes.position[i]] if panes.position[i] >= 0 else "",
                )
            )
    return rows


def columns_of(state: Live) -> bytes:
    """Return the state's bytes without what may depend on batch borders: number, fence and counters stay in."""
    group = state.group.copy()
    group.number = 0
    return encode_group(group, state.geometry)


def oracle_of(plan: Plan, items: Sequence[Item]) -> Oracle:
    """Return the oracle after the items."""
    windows = {part.match: [(w.size_ms, w.hop_ms) for w in part.windows] for part in plan.metrics}
    timing = plan.timing
    oracle = Oracle(windows, timing.out_of_orderness_ms + timing.lateness_ms, timing.idle_ms)
    for item in items:
        if isinstance(item, Message):
            oracle.message(f"demo#{item.device}", EPOCH_MS + item.time_ms, item.identity(), dict(item.metrics))
        else:
            oracle.tick(EPOCH_MS + item)
    return oracle
