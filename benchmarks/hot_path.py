"""The hot path: JSON bytes to closed windows, with more of the safety on in each row, beside a plain loop.

Run ``python -m benchmarks.hot_path``, ``--all`` for more batches, ``--json`` for one object. At the end stand the goals
beside what was reached, and other engines where ``make peers-stream`` has installed them. Before anything is timed,
the windows are compared with a slow reference. Figures are readings per second of one processor, the durable file's by
the wall clock; medians of runs that take turns. Ratios within one run travel between machines, the rest does not.
"""

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from statistics import median
from typing import Final

from benchmarks.chain import handler_of_event, whole_chain
from benchmarks.folding import (
    committed_to_file,
    committed_to_memory,
    copied,
    decode_alone,
    decode_plainly,
    dictionary_loop,
    panes_of,
    step_alone,
    step_and_encode,
)
from benchmarks.goals import KINDS, Row, print_goals, rows_of, rows_of_few, rows_of_live, rows_of_peers
from benchmarks.reference import differing, reference_windows
from benchmarks.table import print_table
from benchmarks.workload import Workload, clustered, make_workload
from tocsin.core.clock import elapsed_s

RUNS: Final = 5
PEER_READINGS: Final = 50_000
READINGS: Final = 200_000
CHECKED: Final = 60_000
LOOP: Final = "dictionary loop, no safety"

Contender = Callable[[Workload, int], object]
CONTENDERS: Final[dict[str, Contender]] = {
    "limit: copy the bytes": copied,
    "limit: plain msgspec decode": decode_plainly,
    LOOP: dictionary_loop,
    "decode to columns alone": decode_alone,
    "step": step_alone,
    "step, state to bytes": step_and_encode,
    "step, committed to memory": committed_to_memory,
    "step, committed to durable file": committed_to_file,
    "handler, from the event's JSON": handler_of_event,
    "whole chain to alerts": whole_chain,
}
BY_THE_WALL: Final = {"step, committed to durable file"}

Case = tuple[int, int, str]
"""Metrics a message, records a batch, how keys come."""
CASES: Final[tuple[Case, ...]] = (
    *((1, batch, "scattered") for batch in (100, 500, 1_000, 10_000)),
    *((5, batch, "scattered") for batch in (100, 500, 1_000, 10_000)),
    *((metrics, 1_000, "clustered") for metrics in (1, 5)),
)
USUAL: Final[tuple[Case, ...]] = tuple(case for case in CASES if case[1] == 1_000)


def workload_of(case: Case, readings: int) -> Workload:
    """Return the records of a case."""
    metrics, _, keys = case
    work = make_workload(readings, metrics_per_message=metrics)
    return clustered(work) if keys == "clustered" else work


def check(case: Case) -> None:
    """Compare the windows with the reference.

    Raises:
        AssertionError: One differs.
    """
    work = workload_of(case, CHECKED)
    wrong = differing(panes_of(work, case[1]), reference_windows(work))
    assert not wrong, wrong[:3]


def measure(work: Workload, batch: int, runs: int = RUNS) -> dict[str, float]:
    """Return readings per second of each contender: medians of interleaved runs."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(runs):
        for name, contender in CONTENDERS.items():
            gc.collect()
            now = elapsed_s if name in BY_THE_WALL else time.process_time
            begun = now()
            outcome = contender(work, batch)
            # What was made before the clock should have started is not the contender's.
            seconds[name].append(now() - begun - (outcome if isinstance(outcome, float) else 0.0))
    return {name: work.readings / median(times) for name, times in seconds.items()}


def main(arguments: list[str] | None = None) -> None:
    """Print the tables, or one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hot_path", description=__doc__)
    parser.add_argument("--readings", type=int, default=READINGS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--all", action="store_true", help="batches of 100, 500 and 10,000 as well")
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument(
        "--peers", type=int, default=PEER_READINGS, help="readings for other engines, 0 for none of them"
    )
    asked = parser.parse_args(arguments if arguments is not None else [])
    found: dict[Case, dict[str, float]] = {}
    for case in CASES if asked.all else USUAL:
        check(case)
        found[case] = measure(workload_of(case, asked.readings), case[1], asked.runs)
        if not asked.json:
            _print(case, found[case], asked.readings)
    goals = rows_of({metrics: found[metrics, 1_000, "scattered"] for metrics in KINDS}, LOOP)
    goals += rows_of_few(asked.readings, asked.runs) + rows_of_live()
    goals += rows_of_peers(asked.peers) if asked.peers else []
    if asked.json:
        print(json.dumps(_told(found, goals) | {"readings": asked.readings, "runs": asked.runs, "devices": 1_000}))
    else:
        print_goals(goals)


def _told(found: dict[Case, dict[str, float]], goals: list[Row]) -> dict[str, object]:
    cases = [
        {"metrics": metrics, "batch": batch, "keys": keys, "readings_per_s": rates}
        for (metrics, batch, keys), rates in found.items()
    ]
    return {"cases": cases, "goals": [asdict(row) for row in goals]}


def _print(case: Case, rates: dict[str, float], readings: int) -> None:
    metrics, batch, keys = case
    form = f"{metrics} metric{'s' if metrics > 1 else ''} a message"
    print_table(
        f"{form}, batches of {batch:,}, {keys} keys, {readings:,} readings",
        ("what", "readings/s", "× loop"),
        [(name, f"{rate:,.0f}", f"{rate / rates[LOOP]:.2f}") for name, rate in rates.items()],
    )


if __name__ == "__main__":
    main(sys.argv[1:])
