"""The hot path: JSON bytes to closed windows, with more of the safety on in each row, beside a plain loop."""

import gc
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import msgspec
import numpy as np

from benchmarks.table import print_table
from benchmarks.workload import Workload, make_workload
from processors.batch import GroupBatch
from processors.geometry import geometry_of
from processors.stage import Processors
from processors.state import Group, encode_group
from processors.step import Live, live, step
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import elapsed_s
from tocsin.core.formats.json_readings import decode_records
from tocsin.core.machine import Machine
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import MetricPlan, Plan, Window

PLAN = Plan(metrics=(MetricPlan("*", (Window(60_000, 60_000),)),), groups=1)
SHARD = "shardId-000000000000"
RUNS = 5


class _Message(msgspec.Struct, gc=False):
    device: str
    ts: int
    metrics: dict[str, float]


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
        arrivals = np.array(work.arrivals_ms[here], np.int64)
        messages, refused = decode_records(keys, datas, arrivals, PLAN.bounds)
        sequences = [str(begin + offset) for offset in range(1, len(keys) + 1)]
        yield GroupBatch(SHARD, sequences, messages, tuple(refused), (), keys, datas)


def step_alone(work: Workload, batch: int) -> object:
    """Decode, validate and fold, with fence, duplicates, watermark, late and rejected aside."""
    plans = PlanBook(PLAN)
    state = live(Group.empty(0, geometry_of(PLAN)), plans)
    for one in deliveries(work, batch):
        state = step(state, one, plans).state
    return _accounted(state, work)


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


CONTENDERS: dict[str, Callable[[Workload, int], object]] = {
    "dictionary loop, no safety": dictionary_loop,
    "decode to columns alone": decode_alone,
    "step": step_alone,
    "step, state to bytes": step_and_encode,
    "step, committed to memory": committed_to_memory,
    "step, committed to durable file": committed_to_file,
}


def measure(work: Workload, batch: int, runs: int = RUNS) -> dict[str, float]:
    """Return readings per second of each contender: medians of interleaved runs."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(runs):
        for name, contender in CONTENDERS.items():
            gc.collect()
            begun = elapsed_s()
            contender(work, batch)
            seconds[name].append(elapsed_s() - begun)
    return {name: work.readings / median(times) for name, times in seconds.items()}


def main(readings: int = 200_000) -> None:
    """Print the tables."""
    for metrics, batch in ((1, 1_000), (1, 10_000), (5, 1_000), (5, 10_000)):
        work = make_workload(readings, metrics_per_message=metrics)
        rates = measure(work, batch)
        loop = rates["dictionary loop, no safety"]
        print_table(
            f"{metrics} metric{'s' if metrics > 1 else ''} a message, batches of {batch:,}, {readings:,} readings, "
            "1,000 devices",
            ("what", "readings/s", "× loop"),
            [(name, f"{rate:,.0f}", f"{rate / loop:.2f}") for name, rate in rates.items()],
        )


if __name__ == "__main__":
    main()
