"""Growth: how cost per reading, bytes and memory move with series, shards, readings, and the length of the log.

Run ``python -m benchmarks.growth``; ``--readings`` says how long the long run is, ``--svg FOLDER`` draws all of it,
``--json`` prints one object. CPU time of one process; what is compared takes turns.
"""

import argparse
import json
import sys
import tempfile
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
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
READINGS: Final = 10_000_000
FIRST_READINGS: Final = 1_000_000
LOG_RECORDS: Final = 1_000_000
FIRST_RECORDS: Final = 50_000
TURNS: Final = 21
TURN_BATCHES: Final = 10
MINUTE_BATCHES: Final = 12
"""Batches in which 1,000 devices are heard for a minute: each turn closes their windows once."""

FRESH_BATCHES: Final = 36
"""Batches after which two slices of every series are open, and some were closed."""

LOG_BATCHES: Final = 10
BATCHES: Final = (100, 300, 1_000, 3_000, 10_000)
GROUP_SIZES: Final = (1_000, 4_000, 16_000)
SNAPSHOT_EVERY: Final = 100
"""Commits of changed rows for each commit of all of them, in the comparison with them."""

METRICS: Final = 5
Row = dict[str, float]


def in_turns(fleets: Mapping[int, Fleet], batches: int, turns: int) -> dict[int, list[float]]:
    """Return nanoseconds a reading of each fleet's turns; they take turns, so what else the machine does hits all.

    Args:
        fleets: Who takes turns.
        batches: Of a turn.
        turns: Of each.
    """
    took: dict[int, list[float]] = {name: [] for name in fleets}
    for _ in range(turns):
        for name, fleet in fleets.items():
            took[name].append(fleet.step_ns(batches))
    return took


def ratio(took: Sequence[float], of: Sequence[float]) -> float:
    """Return how many times longer one took than the other, in the median of their turns."""
    return median(one / other for one, other in zip(took, of, strict=True))


def over_series(sizes: Sequence[int] = SERIES, *, one_group: bool = False, turns: int = TURNS) -> list[Row]:
    """Return nanoseconds a reading of the step for each number of series in state, and the ratio to the first.

    Args:
        sizes: How many series.
        one_group: Whether all are in one key group, whatever its size; else 1,000 devices are in each.
        turns: How often each is timed.
    """
    took = in_turns({size: _fleet_of(size, one_group) for size in sizes}, TURN_BATCHES, turns)
    return [{"series": size, "ns": median(took[size]), "ratio": ratio(took[size], took[sizes[0]])} for size in sizes]


def _fleet_of(series: int, one_group: bool) -> Fleet:
    devices = series // METRICS
    return Fleet(1, devices) if one_group else Fleet(max(1, devices // GROUP_DEVICES), min(devices, GROUP_DEVICES))


def over_shards(counts: Sequence[int] = SHARDS, *, turns: int = TURNS) -> list[Row]:
    """Return nanoseconds a reading of the step for each number of shards with 1,000 devices each, and the ratio."""
    took = in_turns({count: Fleet(count, GROUP_DEVICES) for count in counts}, TURN_BATCHES, turns)
    return [
        {"shards": count, "ns": median(took[count]), "ratio": ratio(took[count], took[counts[0]])} for count in counts
    ]


def marks(most: int, first: int) -> list[int]:
    """Return 1, 2, 5, 10, … times the first, up to the most.

    >>> marks(12, 1)
    [1, 2, 5, 10]
    """
    return [first * 10**power * step for power in range(9) for step in (1, 2, 5) if first * 10**power * step <= most]


def over_readings(readings: int = READINGS, *, first: int = FIRST_READINGS, turns: int = TURNS) -> list[Row]:
    """Return nanoseconds a reading of a state after so many, beside one that has hardly begun, and the stored bytes."""
    old, rows = Fleet(1, GROUP_DEVICES), []
    for mark in marks(readings, first):
        old.step_ns(max(1, (mark - old.readings) // (MESSAGES * METRICS)))
        fresh = Fleet(1, GROUP_DEVICES)
        fresh.step_ns(FRESH_BATCHES)
        took = in_turns({0: old, 1: fresh}, MINUTE_BATCHES, turns)
        state = old.state(0)
        rows.append(
            {
                "readings": mark,
                "ns": median(took[0]),
                "fresh": median(took[1]),
                "ratio": ratio(took[0], took[1]),
                "stored": len(encode_group(state.group, state.geometry)) / GROUP_DEVICES / METRICS,
                "peak_mb": getrusage(RUSAGE_SELF).ru_maxrss / 1_024,
            }
        )
    return rows


def over_log(folder: Path, records: int = LOG_RECORDS, *, turns: int = TURNS) -> list[Row]:
    """Return nanoseconds a record to put it on the log and to read it, by what lies there, beside an empty log."""
    rows, old = [], _Log(folder / "old.db")
    for mark in marks(records, FIRST_RECORDS):
        old.pass_ns((mark - old.records) // MESSAGES)
        fresh = _Log(folder / f"fresh-{mark}.db")
        fresh.pass_ns(5 * LOG_BATCHES)
        took = [(old.pass_ns(LOG_BATCHES), fresh.pass_ns(LOG_BATCHES)) for _ in range(turns)]
        fresh.close()
        ours, others = zip(*took, strict=True)
        rows.append({"records": mark, "ns": median(ours), "fresh": median(others), "ratio": ratio(ours, others)})
    old.close()
    return rows


class _Log:
    """A log in a file of its own; whatever was put is read at once."""

    def __init__(self, path: Path) -> None:
        self.records = 0
        self._after: str | None = None
        self._embedded = open_embedded(path, now_ms=lambda: 0)
        self._log = self._embedded.backend.readings
        self._batch = [LogRecord(f"acme#device-{number}", b"x" * 117) for number in range(MESSAGES)]

    def pass_ns(self, batches: int) -> float:
        """Put and read so many batches; return nanoseconds of CPU a record."""
        (shard,) = self._log.shards()
        begun_s = cpu_s()
        for _ in range(batches):
            self._log.put(self._batch)
            self._after = self._log.read(shard.id, after=self._after, limit=MESSAGES)[-1].sequence
        self.records += batches * MESSAGES
        return (cpu_s() - begun_s) / max(1, batches) / MESSAGES * 1e9

    def close(self) -> None:
        """Close the file."""
        self._embedded.close()


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
        "step over readings": over_readings(readings),  # first, so that the peak of memory is its own
        "step over series, 1,000 devices a group": over_series(),
        "step over series, all in one group": over_series(ONE_GROUP, one_group=True),
        "step over shards, 1,000 devices each": over_shards(),
        "log over its length, put and read": over_log(folder),
        "bytes a reading, committed whole and as changed rows": list(committed_bytes()),
        "bytes a series, of processors": [memory(devices) for devices in (100, 1_000, 10_000)],
    }


def draw(found: dict[str, list[Row]], folder: Path) -> None:
    """Write a picture for each table that is one."""
    readings, each, one, shards, log, sizes, kept = found.values()
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
            "Cost of the step over readings",
            "readings folded before",
            above,
            {"so old": _points(readings, "readings"), "fresh, in turns": _points(readings, "readings", "fresh")},
        ),
        "growth-log": chart(
            "Cost of the log over its length",
            "records on the log",
            "nanoseconds of CPU a record, put and read",
            {"so long": _points(log, "records"), "fresh, in turns": _points(log, "records", "fresh")},
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
