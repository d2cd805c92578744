"""The budgets: cold start of each handler, state per device and per series, memory of a long replay."""

import os
import subprocess
import sys
from statistics import median
from typing import Final

import numpy as np

from benchmarks.table import print_table

HANDLERS: Final = {
    "ingest.handler": 250,
    "processors.handler": 250,
    "anomaly.handler": 350,
    "alerts.handler": 250,
    "tocsin.api.handler": 250,
}
RUNS: Final = 5

_TIME_IMPORT = (
    "import time, sys; begun = time.process_time(); import {module}; print((time.process_time() - begun) * 1e3)"
)
_FORBIDDEN: Final = ("pydantic", "scipy", "yaml", "boto3")
_LIST_IMPORTS = "import sys, {module}; print(*[name for name in {forbidden} if name in sys.modules])"


def _run(code: str) -> str:
    # A function of this size has one core; with more, idle threads of the linear algebra count as CPU time.
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout.strip()


def import_rows() -> list[tuple[str, str, str, str]]:
    """Return handler, CPU milliseconds of its import (median), budget, and forbidden imports found."""
    alone = median(float(_run(_TIME_IMPORT.format(module="numpy"))) for _ in range(RUNS))
    rows = [("numpy alone, for comparison", f"{alone:.0f}", "", "")]
    for module, budget_ms in HANDLERS.items():
        took = median(float(_run(_TIME_IMPORT.format(module=module))) for _ in range(RUNS))
        found = _run(_LIST_IMPORTS.format(module=module, forbidden=_FORBIDDEN)) or "none"
        rows.append((module, f"{took:.0f}", f"{budget_ms}", found))
    return rows


def processors_bytes_per_device(devices: int = 1_000) -> float:
    """Return bytes of stored state a device: five metrics, two open slices, a message every five seconds."""
    from benchmarks import folding
    from benchmarks.workload import make_workload
    from processors.geometry import geometry_of
    from processors.state import Group, encode_group
    from processors.step import live, step
    from tocsin.core.plan.book import PlanBook

    plans = PlanBook(folding.PLAN)
    state = live(Group.empty(0, geometry_of(folding.PLAN)), plans)
    work = make_workload(devices * 5 * 30, devices=devices, metrics_per_message=5)
    largest = 0
    for batch in folding.deliveries(work, 1_000):
        state = step(state, batch, plans).state
        largest = max(largest, len(encode_group(state.group, state.geometry)))
    return largest / devices


def detector_bytes_per_series(series: int = 100) -> float:
    """Return bytes of the adaptive detector's columns a series."""
    from anomaly.detectors.adaptive import Adaptive

    columns = Adaptive().initial(series)
    return sum(np.asarray(column).nbytes for column in columns.values()) / series


def main() -> None:
    """Print the tables."""
    print_table("Import of each handler, CPU ms", ("handler", "ms", "budget", "forbidden imports"), import_rows())
    state = [
        ("processors, a device of five metrics", f"{processors_bytes_per_device():,.0f}", "1,200"),
        ("adaptive detector, a series", f"{detector_bytes_per_series():,.0f}", "8,192"),
    ]
    print_table("State, bytes", ("what", "bytes", "budget"), state)


if __name__ == "__main__":
    main()
