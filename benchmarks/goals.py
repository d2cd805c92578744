"""Goals of the hot path beside what a run reached: the table at the end of ``python -m benchmarks.hot_path``."""

import json
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.fleet import Fleet
from benchmarks.folding import step_alone, step_and_encode
from benchmarks.table import print_table
from benchmarks.workload import make_workload

ROOT: Final = Path(__file__).resolve().parents[1]
ENVIRONMENTS: Final = (".venv-peers-stream", ".venv-peers-flink")
KINDS: Final = {1: "one metric", 5: "five metrics"}
PER_SECOND: Final = {
    "step": {1: 1_800_000, 5: 4_000_000},
    "step, state to bytes": {1: 1_200_000, 5: 1_200_000},
    "step, committed to memory": {1: 1_000_000, 5: 1_000_000},
    "step, committed to durable file": {1: 300_000, 5: 300_000},
    "whole chain to alerts": {1: 200_000, 5: 200_000},
}
LOOP_TIMES: Final = 1.5
PEER_TIMES: Final[dict[str, float | None]] = {
    "apache-flink": 25,
    "pathway": 33,
    "quixstreams": 33,
    "bytewax": 60,
    "polars": None,
    "duckdb": None,
}
"""How many times as fast as each the safe step is to be; None: measured without a goal."""

FEW: Final = 500
FEW_SHARE: Final = 0.8
LIVE_SERIES: Final = 100_000
LIVE_PER_SECOND: Final = 800_000
_MANY: Final = 1_000
_LIVE_BATCHES: Final = 40
_METRICS: Final = 5
_PEERS_WAIT_S: Final = 900


@dataclass(frozen=True, slots=True)
class Row:
    """A goal, or what has none.

    Attributes:
        what: What it is of.
        goal: Readings a second, or a ratio; None without one.
        reached: The same of this run; None where it was not measured.
        is_ratio: Whether both are ratios.
    """

    what: str
    goal: float | None
    reached: float | None
    is_ratio: bool = False

    def cells(self) -> tuple[str, str, str, str]:
        """Return the row of a table."""
        share = f"{self.reached / self.goal:.2f}" if self.goal and self.reached else ""
        reached = "not installed" if self.reached is None else self._shown(self.reached)
        return self.what, "" if self.goal is None else self._shown(self.goal), reached, share

    def _shown(self, number: float) -> str:
        return f"{number:,.2f} ×" if self.is_ratio else f"{number:,.0f}/s"


def rows_of(rates: Mapping[int, Mapping[str, float]], loop: str) -> list[Row]:
    """Return the goals that the usual batches answer.

    Args:
        rates: Metrics a message to readings per second of each contender.
        loop: Name of the dictionary loop.
    """
    rows = [
        Row(f"{what}, {KINDS[metrics]}", goal, rates[metrics][what])
        for what, goals in PER_SECOND.items()
        for metrics, goal in goals.items()
    ]
    safe = "step, state to bytes"
    return rows + [
        Row(f"{safe}: times the loop, {KINDS[metrics]}", LOOP_TIMES, found[safe] / found[loop], is_ratio=True)
        for metrics, found in rates.items()
    ]


def rows_of_few(readings: int, runs: int) -> list[Row]:
    """Return how fast batches of 500 of so many devices are folded, relative to 1,000 of 1,000."""
    rows = []
    for metrics, kind in KINDS.items():
        works = {few: make_workload(readings, devices=few, metrics_per_message=metrics) for few in (FEW, _MANY)}
        rates: dict[int, list[float]] = {few: [] for few in works}
        for _ in range(runs):
            for few, work in works.items():
                begun_s = time.process_time()
                step_alone(work, few)
                rates[few].append(work.readings / (time.process_time() - begun_s))
        share = median(rates[FEW]) / median(rates[_MANY])
        rows.append(
            Row(f"{FEW} records of {FEW} devices, of {_MANY:,}'s rate, {kind}", FEW_SHARE, share, is_ratio=True)
        )
    return rows


def rows_of_live() -> list[Row]:
    """Return how fast the step is with many series in state: in groups of 1,000 devices, and all in one."""
    devices = LIVE_SERIES // _METRICS
    fleets = {"in key groups of 1,000 devices": Fleet(devices // _MANY, _MANY), "in one key group": Fleet(1, devices)}
    return [
        Row(f"step, {LIVE_SERIES:,} live series {where}", LIVE_PER_SECOND, 1e9 / fleet.step_ns(_LIVE_BATCHES))
        for where, fleet in fleets.items()
    ]


def rows_of_peers(readings: int) -> list[Row]:
    """Return how many times as fast as each of the other engines the safe step is, on the same messages."""
    rows = []
    for metrics, kind in KINDS.items():
        peers = peer_rates(readings, metrics)
        work = make_workload(readings, metrics_per_message=metrics)
        begun_s = time.process_time()
        step_and_encode(work, _MANY)
        ours = work.readings / (time.process_time() - begun_s)
        rows += [
            Row(f"times {peer}, {kind}", goal, ours / peers[peer] if peer in peers else None, is_ratio=True)
            for peer, goal in PEER_TIMES.items()
        ]
    return rows


def peer_rates(readings: int, metrics: int) -> dict[str, float]:
    """Return readings per second of processor of each engine whose environment is there (``make peers-stream``)."""
    pythons = [ROOT / name / "bin" / "python" for name in ENVIRONMENTS]
    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages.jsonl"
        path.write_bytes(b"\n".join(make_workload(readings, metrics_per_message=metrics).datas) + b"\n")
        for python in filter(Path.exists, pythons):
            command = [str(python), "-m", "benchmarks.stream_peers", str(path), "--json", "--batch", str(_MANY)]
            told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=_PEERS_WAIT_S)
            if told.returncode:
                print(f"{python}: {told.stderr.strip().splitlines()[-1:]}")
                continue
            rates |= {one["peer"]: one["readings_per_s"] for one in json.loads(told.stdout.splitlines()[-1])}
    return rates


def print_goals(rows: Sequence[Row]) -> None:
    """Print the table."""
    print_table("goals", ("what", "goal", "reached", "ratio"), [row.cells() for row in rows])
