"""The deployed topology, simulated past this machine: which limit comes first, and the lag to ten million devices.

Run ``python -m benchmarks.topology``; ``--svg FOLDER`` draws the lag, ``--json`` prints one object. Devices with five
metrics, a message every 5 s, windows of 60 s. Limits are those of the template, and of AWS as an account has them at
first; what a call takes is its records times the CPU that ``benchmarks.growth`` measures, plus commits whose latency
is drawn from a lognormal distribution: median and 99th percentile below. Shards are alike and independent, so one of
them is simulated, call by call; nothing here measures AWS.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from benchmarks.chart import chart
from benchmarks.table import print_table

DEVICES: Final = (386, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
INTERVAL_S: Final = 5.0
METRICS: Final = 5
WINDOW_S: Final = 5.0
BATCH_MAX: Final = 5_000
BATCH_BYTES_MAX: Final = 6 * 1024 * 1024
RECORD_BYTES: Final = 420
"""Of a message of five metrics in an event, base64 and attributes included."""

SHARD_RECORDS_PER_S: Final = 1_000
CORE: Final = 1_024 / 1_769
"""Share of a core that the template's memory brings."""

READING_CPU_S: Final = 2 * 0.5e-6 / CORE
"""On Lambda: twice what ``benchmarks.growth`` prints for the step, by the share of a core."""

RECORD_CPU_S: Final = 12e-6 / CORE
"""The event's JSON, base64 and attributes, likewise."""

CALL_S: Final = 0.010 / CORE
COMMIT_S: Final = (0.040, 0.250)
"""Median and 99th percentile of a PUT of a state to S3."""

SECONDS: Final = 3_600
"""Simulated of each shard."""

PARTS: Final = 10
"""Of a batch, whose records arrived one after the other."""

LIMITS: Final[tuple[tuple[str, float, str], ...]] = (
    # what, how many devices one unit of it carries, where the figure is from
    ("reserved concurrency of processors, 20", 20 * SHARD_RECORDS_PER_S * INTERVAL_S, "infra/template.yaml"),
    (
        "window writes that the template scales to, 40,000/s at 75 %, windows of a minute",
        40_000 * 0.75 * 60,
        "infra/template.yaml, and a quota of DynamoDB that can be raised",
    ),
    ("shards that the template allows, 64", 64 * SHARD_RECORDS_PER_S * INTERVAL_S, "infra/template.yaml"),
    ("shards of an account, 500", 500 * SHARD_RECORDS_PER_S * INTERVAL_S, "Kinesis, quota that can be raised"),
    (
        "calls at a time of an account, 1,000, by three readers a shard",
        1_000 / 3 * SHARD_RECORDS_PER_S * INTERVAL_S,
        "Lambda, quota that can be raised",
    ),
    ("key groups, 4,096 of 20,000 devices", 4_096 * 20_000.0, "the plan"),
)


@dataclass(frozen=True, slots=True)
class Lag:
    """How one shard fares.

    Attributes:
        records_per_s: That come.
        done_per_s: That are folded.
        busy: Share of the time in which its function runs.
        p50_s: From arrival to commit, median over records.
        p99_s: 99th percentile.
    """

    records_per_s: float
    done_per_s: float
    busy: float
    p50_s: float
    p99_s: float


def shard(records_per_s: float, *, groups: int, seconds: int = SECONDS, seed: int = 1) -> Lag:
    """Simulate the calls of one shard's reader.

    Args:
        records_per_s: That come, evenly.
        groups: Key groups that each call commits, side by side; the slowest counts.
        seconds: How long.
        seed: Of the latencies.
    """
    chance = Random(seed)  # noqa: S311  a simulation
    most = min(BATCH_MAX, BATCH_BYTES_MAX // RECORD_BYTES)
    now_s, done, busy_s = 0.0, 0, 0.0
    waits: list[tuple[float, int]] = []
    while now_s < seconds:
        first_s = done / records_per_s  # arrival of the oldest that waits
        full_s = (done + most) / records_per_s
        begins_s = max(now_s, min(first_s + WINDOW_S, full_s))
        batch = max(1, min(most, int(begins_s * records_per_s) - done))
        took_s = _call_s(batch, groups, chance)
        ends_s = begins_s + took_s
        waits += [(ends_s - (done + batch * part / PARTS) / records_per_s, batch) for part in range(PARTS)]
        done, busy_s, now_s = done + batch, busy_s + took_s, ends_s
    return Lag(records_per_s, done / now_s, busy_s / now_s, _percentile(waits, 0.5), _percentile(waits, 0.99))


def _call_s(records: int, groups: int, chance: Random) -> float:
    median_s, high_s = COMMIT_S
    sigma = math.log(high_s / median_s) / 2.326  # the normal distribution's 99th percentile
    commit_s = max(chance.lognormvariate(math.log(median_s), sigma) for _ in range(groups))
    return CALL_S + records * (RECORD_CPU_S + METRICS * READING_CPU_S) + commit_s


def _percentile(waits: Sequence[tuple[float, int]], share: float) -> float:
    ordered, below = sorted(waits), 0
    wanted = share * sum(records for _, records in waits)
    for wait_s, records in ordered:
        below += records
        if below >= wanted:
            return wait_s
    return ordered[-1][0]


def over_devices(devices: Sequence[int] = DEVICES) -> Iterator[dict[str, Any]]:
    """Yield what each number of devices needs, and how a shard of it fares: full to four fifths where it can be."""
    for count in devices:
        records_per_s = count / INTERVAL_S
        shards = max(1, math.ceil(records_per_s / (0.8 * SHARD_RECORDS_PER_S)))
        found = shard(records_per_s / shards, groups=1 if shards == 1 else 4)
        yield {
            "devices": count,
            "readings_per_s": records_per_s * METRICS,
            "shards": shards,
            "busy": found.busy,
            "folded": found.done_per_s / found.records_per_s,
            "lag_p50_s": found.p50_s,
            "lag_p99_s": found.p99_s,
            "exceeded": [what for what, most, _ in LIMITS if count > most],
        }


def over_load(rates: Sequence[float] = (10, 100, 300, 1_000, 3_000, 10_000, 30_000)) -> list[Lag]:
    """Return how one reader fares if a shard could take so many records a second: where the function is the limit."""
    return [shard(rate, groups=4, seconds=600) for rate in rates]


def main(arguments: list[str] | None = None) -> None:
    """Print the tables, or one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.topology", description=__doc__)
    parser.add_argument("--svg", type=Path, help="folder for the picture")
    parser.add_argument("--json", action="store_true", help="print one object")
    asked = parser.parse_args(arguments if arguments is not None else [])
    rows, loads = list(over_devices()), over_load()
    limits = sorted(LIMITS, key=lambda one: one[1])
    if asked.svg:
        (asked.svg / "growth-topology.svg").write_text(_drawn(loads), "utf-8")
    if asked.json:
        print(json.dumps({"devices": rows, "limits": [{"what": what, "devices": most} for what, most, _ in limits]}))
        return
    print_table(
        "devices",
        ("devices", "readings/s", "shards", "a reader is busy", "folded", "lag p50 s", "lag p99 s", "limits exceeded"),
        [_shown(row) for row in rows],
    )
    print_table("which limit comes first", ("what", "devices"), [(what, f"{most:,.0f}") for what, most, _ in limits])
    head = ("records/s of one reader", "folded/s", "busy", "lag p50 s", "lag p99 s")
    print_table("one reader, were its shard without limit", head, [_load_shown(one) for one in loads])


def _shown(row: dict[str, Any]) -> list[str]:
    return [
        f"{row['devices']:,}",
        f"{row['readings_per_s']:,.0f}",
        f"{row['shards']:,}",
        f"{row['busy']:.1%}",
        f"{row['folded']:.1%}",
        f"{row['lag_p50_s']:.1f}",
        f"{row['lag_p99_s']:.1f}",
        str(len(row["exceeded"])),
    ]


def _load_shown(one: Lag) -> list[str]:
    return [
        f"{one.records_per_s:,.0f}",
        f"{one.done_per_s:,.0f}",
        f"{one.busy:.0%}",
        f"{one.p50_s:.1f}",
        f"{one.p99_s:.1f}",
    ]


def _drawn(loads: Sequence[Lag]) -> str:
    lines = {
        "99th percentile": [(one.records_per_s, one.p99_s) for one in loads],
        "median": [(one.records_per_s, one.p50_s) for one in loads],
    }
    return chart(
        "Lag of one reader, simulated", "records a second", "seconds from arrival to commit", lines, log_y=True
    )


if __name__ == "__main__":
    main(sys.argv[1:])
