"""A long replay through all stages: readings per second of a processor, and peak memory; in a process of its own each.

Making the records is part of what is timed: about a tenth of it.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.table import print_table

READINGS: Final = 1_000_000
KINDS: Final = ("windows and limits only", "default plan, adaptive detector")


def _records(readings: int) -> "Iterator[object]":
    from benchmarks.workload import INTERVAL_MS, METRICS, START_MS
    from tocsin.core.formats.recording import Recorded

    values = ",".join(f'"{name}":2{place}.5' for place, name in enumerate(METRICS))
    for number in range(readings // len(METRICS)):
        turn, device = divmod(number, 1_000)
        at_ms = START_MS + turn * INTERVAL_MS + device * INTERVAL_MS // 1_000
        text = f'{{"device":"device-{device:05d}","ts":{at_ms},"seq":{turn},"metrics":{{{values}}}}}'
        yield Recorded(at_ms, f"demo#device-{device:05d}", text.encode())


def _replay(kind: str, readings: int) -> None:
    from tocsin.core.formats.recording import Header
    from tocsin.core.plan.model import Plan
    from tocsin.core.plan.source import default_plan
    from tocsin.runtime.replay import replay

    plan = default_plan()
    if kind == KINDS[0]:
        plan = Plan(metrics=plan.metrics, groups=plan.groups)
    begun = time.process_time()
    result = replay(Header(source="benchmark", clock="event"), _records(readings), plan)  # type: ignore[arg-type]
    took_s = time.process_time() - begun
    counts = result.counts
    assert counts is not None
    assert counts.readings + counts.late == readings
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    print(f"{readings / took_s:,.0f} {peak_mb:.0f}")


def main(readings: int = READINGS) -> None:
    """Print the table."""
    rows = []
    for kind in KINDS:
        command = [sys.executable, "-m", "benchmarks.replay", kind, str(readings)]
        root = Path(__file__).resolve().parents[1]
        rate, peak = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root).stdout.split()
        rows.append((kind, rate, peak, "600"))
    print_table(
        f"Replay of {readings:,} readings, 1,000 devices of five metrics, in memory, to alerts",
        ("plan", "readings per CPU second", "peak MB", "budget MB"),
        rows,
    )


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _replay(sys.argv[1], int(sys.argv[2]))
    else:
        main()
