"""Pathway, Quix Streams and Flink on the hot path's workload; ``stream_peers`` runs them where they are installed.

No part of Tocsin is imported here. Each reads a file of messages in the order of arrival, counts, adds, and finds
lowest and highest by device, metric and minute, and returns how many readings its windows hold.
"""

import os
import tempfile
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec

MINUTE_MS: Final = 60_000
TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
decode: Final = msgspec.json.Decoder().decode


def readings_of(line: str) -> list[tuple[str, int, float]]:
    """Return series, event time and value of each reading of a line; none of one that is malformed."""
    try:
        said = decode(line)
    except msgspec.MsgspecError:
        return []
    return [(f"{said['device']}#{metric}", said["ts"], value) for metric, value in said["metrics"].items()]


def with_pathway(path: Path) -> int:
    """Group the lines of a file that is whole."""
    pw: Any = import_module("pathway")
    lines = pw.io.plaintext.read(str(path), mode="static")
    rows = lines.select(said=pw.apply_with_type(readings_of, list[tuple[str, int, float]], pw.this.data))
    rows = rows.flatten(pw.this.said)
    rows = rows.select(series=pw.this.said[0], start=pw.this.said[1] // MINUTE_MS, value=pw.this.said[2])
    windows = rows.groupby(pw.this.series, pw.this.start).reduce(
        n=pw.reducers.count(),
        total=pw.reducers.sum(pw.this.value),
        low=pw.reducers.min(pw.this.value),
        high=pw.reducers.max(pw.this.value),
    )
    counted: list[int] = []

    def take(key: object, row: dict[str, Any], time: int, is_addition: bool) -> None:  # noqa: ARG001
        counted.append(row["n"] if is_addition else -row["n"])

    pw.io.subscribe(windows, on_change=take)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
    return sum(counted)


def with_quix(path: Path, size: int) -> int:
    """Feed Quix Streams' own window and its own store, without the broker that brings messages: it gets them for free.

    A transaction takes a batch, as between two of its commits; windows close a minute behind their key's newest time.
    """
    windows: Any = import_module("quixstreams.dataframe.windows.time_based")
    made: Any = import_module("quixstreams.dataframe.windows.aggregations")
    stores: Any = import_module("quixstreams.state.rocksdb.windowed.partition")
    aggregators = {"n": made.Count(), "total": made.Sum(), "low": made.Min(), "high": made.Max()}
    window = windows.FixedTimeWindowMultiAggregation(
        duration_ms=MINUTE_MS, grace_ms=MINUTE_MS, name="w", dataframe=None, aggregators=aggregators, collectors={}
    )
    counts: dict[tuple[str, int], int] = {}
    lines = path.read_text().splitlines()
    with tempfile.TemporaryDirectory() as folder:
        store = stores.WindowedRocksDBStorePartition(path=str(Path(folder) / "store"))
        for begin in range(0, len(lines), size):
            transaction = store.begin()
            for series, at_ms, value in chain.from_iterable(map(readings_of, lines[begin : begin + size])):
                updated, closed = window.process_window(value, series.encode(), at_ms, None, transaction)
                counts.update(((series, result["start"]), result["n"]) for _, result in chain(updated, closed))
            transaction.prepare()
            transaction.flush()
        store.close()
    return sum(counts.values())


def with_flink(path: Path) -> int:
    """Window in SQL by event time, over a file that is whole, in a JVM that takes one core at a time."""
    flink: Any = import_module("pyflink.table")
    tables = flink.TableEnvironment.create(flink.EnvironmentSettings.in_batch_mode())
    tables.get_config().set("parallelism.default", "1")
    tables.execute_sql(
        "CREATE TABLE readings (device STRING, ts BIGINT, metrics MAP<STRING, DOUBLE>, "
        "moment AS TO_TIMESTAMP_LTZ(ts, 3), WATERMARK FOR moment AS moment - INTERVAL '60' SECOND) "
        f"WITH ('connector' = 'filesystem', 'path' = '{path}', 'format' = 'json', 'json.ignore-parse-errors' = 'true')"
    )
    tables.execute_sql(
        "CREATE VIEW flat AS SELECT device, metric, measured, moment FROM readings "
        "CROSS JOIN UNNEST(metrics) AS pairs (metric, measured)"
    )
    windows = tables.execute_sql(
        "SELECT SUM(n), MIN(lo), MAX(hi), SUM(s) FROM ("
        "SELECT device, metric, window_start, COUNT(*) AS n, SUM(measured) AS s, MIN(measured) AS lo, "
        "MAX(measured) AS hi FROM TABLE(TUMBLE(TABLE flat, DESCRIPTOR(moment), INTERVAL '1' MINUTE)) "
        "GROUP BY device, metric, window_start, window_end)"
    )
    with windows.collect() as rows:
        return int(next(iter(rows))[0])


def cpu_of_children_s() -> float:
    """Return seconds of processor that living children of this process have taken, a JVM for one."""
    own, total = str(os.getpid()), 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parts = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(parts[11]) + int(parts[12]) if parts[1] == own else 0
    return total / TICKS_A_SECOND
