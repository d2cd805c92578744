"""Other engines on the hot path's workload: JSON bytes to windows of a minute, in an environment of their own.

Run: ``make peers-stream``. No part of Tocsin is imported here. Each engine gets a file of messages in the order of
arrival, and must count, add, and find lowest, highest and last by device, metric and minute. None has duplicates
taken out, state saved or late readings kept aside; counts are compared with what the file holds.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.heavy_peers import cpu_of_children_s, with_flink, with_pathway, with_quix

MINUTE_MS: Final = 60_000
BATCHES: Final = (1_000, 10_000)
ALIGNED: Final = datetime(2026, 1, 1, tzinfo=UTC)
decode: Final = msgspec.json.Decoder().decode

Row = tuple[str, str, int, int, float]
"""Device, metric, start of the window, event time, value."""
Rows = list[Row]


def rows_of(lines: list[bytes]) -> Rows:
    """Return the readings of the lines; what is malformed is left out."""
    rows: Rows = []
    for line in lines:
        try:
            said = decode(line)
        except msgspec.MsgspecError:
            continue
        start_ms = said["ts"] // MINUTE_MS * MINUTE_MS
        rows += [(said["device"], metric, start_ms, said["ts"], value) for metric, value in said["metrics"].items()]
    return rows


def batches(path: Path, size: int) -> Iterator[list[bytes]]:
    lines = path.read_bytes().splitlines()
    for begin in range(0, len(lines), size):
        yield lines[begin : begin + size]


def with_polars(path: Path, size: int) -> int:
    """Aggregate each batch as a frame, and merge it into the frame of all windows."""
    pl: Any = import_module("polars")
    by = ["device", "metric", "start"]
    state = None
    for lines in batches(path, size):
        frame = pl.DataFrame(rows_of(lines), schema=[*by, "ts", "value"], orient="row").group_by(by)
        value = pl.col("value")
        part = frame.agg(
            value.len().alias("n"), value.sum().alias("s"), value.min().alias("lo"), value.max().alias("hi")
        )
        both = part if state is None else pl.concat([state, part])
        state = both.group_by(by).agg(pl.col("n").sum(), pl.col("s").sum(), pl.col("lo").min(), pl.col("hi").max())
    return int(state["n"].sum()) if state is not None else 0


def with_duckdb(path: Path, size: int) -> int:
    """Aggregate each batch in SQL into a table with one row a window."""
    duckdb: Any = import_module("duckdb")
    pl: Any = import_module("polars")
    base = duckdb.connect()
    base.execute(
        "create table w (d text, m text, t bigint, n bigint, s double, lo double, hi double, primary key (d, m, t))"
    )
    for lines in batches(path, size):
        frame = pl.DataFrame(rows_of(lines), schema=["d", "m", "t", "ts", "v"], orient="row")
        base.register("part", frame)
        base.execute(
            "insert into w select d, m, t, count(*), sum(v), min(v), max(v) from part group by all "
            "on conflict do update set n = n + excluded.n, s = s + excluded.s, "
            "lo = least(lo, excluded.lo), hi = greatest(hi, excluded.hi)"
        )
    return int(base.execute("select sum(n) from w").fetchone()[0])


def with_bytewax(path: Path, size: int) -> int:
    """Fold windows by event time with a watermark 60 s behind, as copies may be 40 s late."""
    operators: Any = import_module("bytewax.operators")
    windowing: Any = import_module("bytewax.operators.windowing")
    testing: Any = import_module("bytewax.testing")
    flow_of: Any = import_module("bytewax.dataflow").Dataflow
    flow, closed = flow_of("windows"), []
    source = operators.input("in", flow, testing.TestingSource(list(batches(path, size)), 1))
    keyed = operators.flat_map("rows", source, lambda lines: [(f"{row[0]}#{row[1]}", row) for row in rows_of(lines)])
    clock = windowing.EventClock(
        ts_getter=lambda row: datetime.fromtimestamp(row[3] / 1_000, UTC),
        wait_for_system_duration=timedelta(seconds=60),
    )
    windower = windowing.TumblingWindower(length=timedelta(minutes=1), align_to=ALIGNED)
    folded = windowing.fold_window(
        "fold", keyed, clock, windower, lambda: (0, 0.0, 1e308, -1e308), _bytewax_fold, _merge
    )
    operators.output("out", folded.down, testing.TestingSink(closed))
    testing.run_main(flow)
    return sum(window[1][1][0] for window in closed)


def _bytewax_fold(state: tuple[int, float, float, float], row: Row) -> tuple[int, float, float, float]:
    count, total, low, high = state
    return count + 1, total + row[4], min(low, row[4]), max(high, row[4])


def _merge(
    one: tuple[int, float, float, float], two: tuple[int, float, float, float]
) -> tuple[int, float, float, float]:
    return one[0] + two[0], one[1] + two[1], min(one[2], two[2]), max(one[3], two[3])


BY_BATCH: Final[dict[str, Callable[[Path, int], int]]] = {
    "polars": with_polars,
    "duckdb": with_duckdb,
    "bytewax": with_bytewax,
    "quixstreams": with_quix,
}
WHOLE: Final[dict[str, Callable[[Path], int]]] = {"pathway": with_pathway, "apache-flink": with_flink}
"""Engines that take the file as it is; what a JVM takes to start is in it."""


def measured(name: str, run: Callable[[], int], wanted: int) -> float:
    """Return readings per second of processor, that of a JVM included; the count must be right."""
    begun_s = time.process_time() + cpu_of_children_s()
    count = run()
    took_s = time.process_time() + cpu_of_children_s() - begun_s
    assert Counter({name: count}) == Counter({name: wanted}), f"{name} counts {count}, the file holds {wanted}"
    return wanted / took_s


def main() -> None:
    """Print a row a peer and batch, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--batch", type=int, action="append", help="messages at a time; may be repeated")
    asked = parser.parse_args()
    wanted = len(rows_of(asked.file.read_bytes().splitlines()))
    runs = [
        (name, size, partial(peer, asked.file, size))
        for name, peer in BY_BATCH.items()
        for size in asked.batch or BATCHES
    ]
    runs += [(name, 0, partial(peer, asked.file)) for name, peer in WHOLE.items()]
    found: list[dict[str, Any]] = []
    for name, size, run in runs:
        if not _is_installed(name):
            continue  # Flink's pins fit no other engine's, so it has an environment of its own
        rate = measured(name, run, wanted)
        found.append({"peer": name, "version": version(name), "batch": size, "readings_per_s": round(rate)})
        if not asked.json:
            how = f"batches of {size:>6,}" if size else "the whole file   "
            print(f"{name:<12} {version(name):<8} {how} {rate:>12,.0f} readings a second of processor")
    if asked.json:
        print(json.dumps(found))


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()
