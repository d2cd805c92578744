"""Contenders of the hot path up to the commit: limits, the plain loop, the step with more and more around it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.workload import Workload
from processors.batch import GroupBatch
from processors.geometry import geometry_of
from processors.stage import Processors
from processors.state import Group, encode_group
from processors.step import Live, live, step
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.columns import PaneBatch, PaneColumns
from tocsin.core.formats.json_message import Message
from tocsin.core.formats.json_readings import decode_records
from tocsin.core.machine import Machine
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import MetricPlan, Plan, Window

PLAN = Plan(metrics=(MetricPlan("*", (Window(60_000, 60_000),)),), groups=1)
SHARD = "shardId-000000000000"


class _Message(msgspec.Struct, gc=False):
    device: str
    ts: int
    metrics: dict[str, float]


def copied(work: Workload, batch: int) -> object:
    """Copy the bytes of each batch, and nothing else."""
    return sum(len(b"".join(work.datas[begin : begin + batch])) for begin in range(0, len(work.datas), batch))


def decode_plainly(work: Workload, batch: int) -> object:
    """Decode the messages to objects, and nothing else."""
    decode = msgspec.json.Decoder(Message).decode
    messages = 0
    for begin in range(0, len(work.datas), batch):
        for data in work.datas[begin : begin + batch]:
            try:
                decode(data)
            except msgspec.MsgspecError:
                continue
            messages += 1
    return messages


def dictionary_loop(work: Workload, batch: int) -> object:
    """Window with a dictionary and no safety: no duplicates, no late rule, no state to save."""
    decode = msgspec.json.Decoder(_Message).decode
    windows: dict[tuple[str, str, int], list[float]] = {}
    closed = 0
    newest_ms = 0
    for begin in range(0, len(work.datas), batch):
        for data in work.datas[begin : begin + batch]:
            try:
                message = decode(data)
            except msgspec.MsgspecError:
                continue
            start_ms = message.ts // 60_000
            newest_ms = max(newest_ms, message.ts)
            for metric, value in message.metrics.items():
                key = (message.device, metric, start_ms)
                row = windows.get(key)
                if row is None:
                    windows[key] = [1, value, value * value, value, value, value]
                    continue
                row[0] += 1
                row[1] += value
                row[2] += value * value
                row[3] = min(row[3], value)
                row[4] = max(row[4], value)
                row[5] = value
        due = [key for key in windows if (key[2] + 1) * 60_000 + 30_000 <= newest_ms] if begin % 50_000 == 0 else []
        for key in due:
            del windows[key]
            closed += 1
    return closed


def decode_alone(work: Workload, batch: int) -> object:
    """Decode to columns, and nothing else."""
    return sum(len(one.messages) for one in deliveries(work, batch))


def deliveries(work: Workload, batch: int) -> Iterator[GroupBatch]:
    """Yield the workload in batches, decoded."""
    for begin in range(0, len(work.datas), batch):
        here = slice(begin, begin + batch)
        keys, datas = work.keys[here], work.datas[here]
        messages, refused = decode_records(keys, datas, work.arrivals[here], PLAN.bounds)
        yield GroupBatch(SHARD, work.sequences[here], messages, tuple(refused), (), keys, datas)


def step_alone(work: Workload, batch: int) -> object:
    """Decode, validate and fold, with fence, duplicates, watermark, late and rejected aside."""
    plans = PlanBook(PLAN)
    state = live(Group.empty(0, geometry_of(PLAN)), plans)
    for one in deliveries(work, batch):
        state = step(state, one, plans).state
    return _accounted(state, work)


def panes_of(work: Workload, batch: int) -> list[PaneColumns]:
    """Return the panes that the step emits."""
    plans = PlanBook(PLAN)
    state = live(Group.empty(0, geometry_of(PLAN)), plans)
    panes: list[PaneColumns] = []
    for one in deliveries(work, batch):
        done = step(state, one, plans)
        state = done.state
        panes += [entry.value.panes for entry in done.emitted if isinstance(entry.value, PaneBatch)]
    return panes


def step_and_encode(work: Workload, batch: int) -> object:
    """The same, and the state to bytes after each batch."""
    plans = PlanBook(PLAN)
    state = live(Group.empty(0, geometry_of(PLAN)), plans)
    for one in deliveries(work, batch):
        state = step(state, one, plans).state
        encode_group(state.group, state.geometry)
    return _accounted(state, work)


def committed(work: Workload, batch: int, path: Path | None) -> object:
    """The same, committed and published: state, windows, panes and what went aside."""
    with open_embedded(path, now_ms=lambda: work.arrivals_ms[0]) as embedded:
        machine: Machine[Live, GroupBatch] = Machine(
            Processors(embedded.backend, PlanBook(PLAN)), embedded.backend.state
        )
        for one in deliveries(work, batch):
            failures = machine.run({0: one})
            assert not failures, failures
        state = machine.held_state(0)
        assert state is not None
        return _accounted(state, work)


def committed_to_memory(work: Workload, batch: int) -> object:
    """Committed and published in memory."""
    return committed(work, batch, None)


def committed_to_file(work: Workload, batch: int) -> object:
    """Committed and published to a durable file, synced at each commit."""
    with tempfile.TemporaryDirectory() as folder:
        return committed(work, batch, Path(folder) / "tocsin.db")


def _accounted(state: Live, work: Workload) -> object:
    account = state.group.shards[SHARD]
    assert account.messages + account.duplicates + account.rejected == len(work.datas)
    return account
