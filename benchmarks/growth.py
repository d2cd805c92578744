"""Growth: how cost per reading, bytes and memory move with series, shards, readings, and the length of the log.

Run ``python -m benchmarks.growth``; ``--readings`` says how long the long run is, ``--svg FOLDER`` draws all of it,
``--json`` prints one object. CPU time of one process; what is compared takes turns.
"""

import argparse
import json
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.chart import chart
from benchmarks.fleet import MESSAGES, Fleet, folded
from benchmarks.folding import PLAN
from benchmarks.table import print_table
from processors.state import encode_group
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import cpu_s
from tocsin.core.ports import LogRecord

SERIES: Final = (1_000, 10_000, 100_000, 1_000_000)
GROUP_DEVICES: Final = 1_000
ONE_GROUP: Final = (1_000, 10_000, 100_000)
SHARDS: Final = (1, 4, 16, 64)
SHARD_DEVICES: Final = 1_000
RUNS: Final = 3
READINGS: Final = 10_000_000
LOG_RECORDS: Final = 300_000
LOG_PARTS: Final = 6
BATCHES: Final = (100, 300, 1_000, 3_000, 10_000)
GROUP_SIZES: Final = (1_000, 4_000, 16_000)
SNAPSHOT_EVERY: Final = 100
"""Commits of changed rows for each commit of all of them, in the comparison with them."""

METRICS: Final = 5
Row = dict[str, float]


def over_series(sizes: Sequence[int] = SERIES, *, one_group: bool = False, runs: int = RUNS) -> list[Row]:
    """Return nanoseconds a reading of the step, for each number of series in state.

    Args:
        sizes: How many series.
        one_group: Whether all are in one key group, whatever its size; else 1,000 devices are in each.
        runs: Of which the median is taken.
    """
    fleets = {size: _fleet_of(size, one_group) for size in sizes}
    took: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(runs):
        for size, fleet in fleets.items():
            took[size].append(fleet.step_ns(max(40, fleet.groups)))
    return [{"series": size, "ns": median(found)} for size, found in took.items()]


def _fleet_of(series: int, one_group: bool) -> Fleet:
    devices = series // METRICS
    return Fleet(1, devices) if one_group else Fleet(max(1, devices // GROUP_DEVICES), min(devices, GROUP_DEVICES))


def over_shards(counts: Sequence[int] = SHARDS, *, runs: int = RUNS) -> list[Row]:
    """Return nanoseconds a reading of the step, for each number of shards with 1,000 devices each."""
    fleets = {count: Fleet(count, SHARD_DEVICES) for count in counts}
    took: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(runs):
        for count, fleet in fleets.items():
            took[count].append(fleet.step_ns(2 * max(counts)))
    return [{"shards": count, "ns": median(found)} for count, found in took.items()]


def over_readings(readings: int = READINGS) -> list[Row]:
    """Return nanoseconds a reading of the step in parts of a run: each as long as all before it together."""
    fleet = Fleet(1, GROUP_DEVICES)
    rows, done = [], 0
    part = readings // 64
    while done < readings:
        batches = max(1, part // (MESSAGES * METRICS))
        rows.append({"readings": float(done + part), "ns": fleet.step_ns(batches)})
        done += part
        part = done
    return rows


def over_log(folder: Path, records: int = LOG_RECORDS) -> list[Row]:
    """Return nanoseconds a record to put it on the log and to read it, by the length of the log before."""
    batch = [LogRecord(f"acme#device-{number}", b"x" * 117) for number in range(MESSAGES)]
    rows, after = [], None
    with open_embedded(folder / "log.db", now_ms=lambda: 0) as embedded:
        log = embedded.backend.readings
        (shard,) = log.shards()
        for part in range(LOG_PARTS):
            begun_s, count = cpu_s(), records // LOG_PARTS // MESSAGES
            for _ in range(count):
                log.put(batch)
                after = log.read(shard.id, after=after, limit=MESSAGES)[-1].sequence
            took_s = cpu_s() - begun_s
            rows.append({"records": (part + 1) * count * MESSAGES, "ns": took_s / count / MESSAGES * 1e9})
    return rows


def committed_bytes(sizes: Sequence[int] = GROUP_SIZES, batches: Sequence[int] = BATCHES) -> Iterator[Row]:
    """Yield bytes committed a reading, of a group of so many devices in batches of so many messages of all of them.

    Beside: what changed rows alone would be, with all rows once in ``SNAPSHOT_EVERY`` commits.
    """
    for devices in sizes:
        state = folded(devices)
        whole = len(encode_group(state.group, state.geometry))
        for batch in batches:
            touched = min(batch, devices)
            changed = whole * (touched / devices + 1 / SNAPSHOT_EVERY)
            readings = batch * METRICS
            yield {
                "devices": devices,
                "batch": batch,
                "whole": whole / readings,
                "changed": changed / readings,
                "ratio": whole / changed,
            }


def memory(devices: int = GROUP_DEVICES) -> Row:
    """Return bytes a series of the live state of `processors`, and of its stored form."""
    folded(MESSAGES)  # what is made once, caches and tables of types, is nobody's
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        state = folded(devices)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    series = devices * METRICS
    stored = len(encode_group(state.group, state.geometry))
    return {"series": series, "live": (after - before) / series, "stored": stored / series}


def _print(title: str, rows: Sequence[Row]) -> None:
    head = list(rows[0])
    print_table(
        title, head, [[f"{row[name]:,.0f}" if row[name] >= 20 else f"{row[name]:.2f}" for name in head] for row in rows]
    )


def measured(readings: int, folder: Path) -> dict[str, list[Row]]:
    """Return all tables, by title."""
    return {
        "step over series, 1,000 devices a group": over_series(),
        "step over series, all in one group": over_series(ONE_GROUP, one_group=True),
        "step over shards, 1,000 devices each": over_shards(),
        "step over readings": over_readings(readings),
        "log over its length, put and read": over_log(folder),
        "bytes a reading, committed whole and as changed rows": list(committed_bytes()),
        "bytes a series, of processors": [memory(devices) for devices in (100, 1_000, 10_000)],
    }


def draw(found: dict[str, list[Row]], folder: Path) -> None:
    """Write a picture for each table that is one."""
    each, one, shards, readings, log, sizes, kept = found.values()
    above = "nanoseconds of CPU a reading"
    pictures = {
        "growth-series": chart(
            "Cost of the step over series in state",
            "series",
            above,
            {"1,000 devices a group": _points(each, "series"), "all in one group": _points(one, "series")},
        ),
        "growth-shards": chart("Cost of the step over shards", "shards", above, {"step": _points(shards, "shards")}),
        "growth-readings": chart(
            "Cost of the step over readings", "readings folded before", above, {"step": _points(readings, "readings")}
        ),
        "growth-log": chart(
            "Cost of the log over its length",
            "records on the log",
            "nanoseconds of CPU a record, put and read",
            {"embedded log": _points(log, "records")},
        ),
        "growth-bytes": chart(
            "Bytes committed a reading",
            "messages a batch",
            "bytes; dots of 4,000 devices a group",
            {
                name: [(row["batch"], row[key]) for row in sizes if row["devices"] == GROUP_SIZES[1]]
                for name, key in (("whole state", "whole"), ("changed rows, all of them once in 100", "changed"))
            },
            log_y=True,
        ),
        "growth-memory": chart(
            "Memory of processors",
            "series in the group",
            "bytes a series",
            {"live": _points(kept, "series", "live"), "stored": _points(kept, "series", "stored")},
        ),
    }
    for name, picture in pictures.items():
        (folder / f"{name}.svg").write_text(picture, "utf-8")


def _points(rows: Sequence[Row], across: str, upwards: str = "ns") -> list[tuple[float, float]]:
    return [(row[across], row[upwards]) for row in rows]


def main(arguments: list[str] | None = None) -> None:
    """Print the tables, or one JSON object; draw them where a folder is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--readings", type=int, default=READINGS, help="how many the long run has")
    parser.add_argument("--svg", type=Path, help="folder for pictures")
    parser.add_argument("--json", action="store_true", help="print one object")
    asked = parser.parse_args(arguments if arguments is not None else [])
    with tempfile.TemporaryDirectory() as folder:
        found = measured(asked.readings, Path(folder))
    if asked.svg:
        draw(found, asked.svg)
    if asked.json:
        print(json.dumps({"plan_groups": PLAN.groups, **found}))
        return
    for title, rows in found.items():
        _print(title, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
