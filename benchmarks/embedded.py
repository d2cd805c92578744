"""The embedded backend: what a call costs, in memory and on this disk.

Run ``python -m benchmarks.embedded``. Each commit to the file is synced, so the disk is part of the figures.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.table import print_table
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import elapsed_s, wall_now_ms
from tocsin.core.ports import LogRecord, StateKey, StateWrite, WindowItem, WindowStats

BATCHES: Final = 200
BATCH: Final = 1_000
PAYLOAD: Final = b"x" * 117
COMMITS: Final = 60
BLOB_BYTES: Final = (1_000, 100_000, 1_000_000)
STATS: Final = WindowStats(120, 21.12, 2534.8, 0.33, 19.5, 23.7, 20.1, 22.2, 0.001)

Measure = Callable[[Embedded], str]


def main() -> None:
    """Print a row for each thing measured, in memory and in a file."""
    measures: list[tuple[str, Measure]] = [
        ("put records, thousand/s", put_records),
        ("read records, thousand/s", read_records),
        ("put windows of five metrics, thousand/s", put_windows),
        *((f"commit {size:,} bytes, median ms", committing(size)) for size in BLOB_BYTES),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tocsin.db"
        with (
            open_embedded(None, now_ms=wall_now_ms) as memory,
            open_embedded(path, now_ms=wall_now_ms) as file,
        ):
            rows = [[name, measure(memory), measure(file)] for name, measure in measures]
    print_table("The embedded backend", ["what", "memory", "file"], rows)


def put_records(embedded: Embedded) -> str:
    """Put batches of 1,000 records of 1,000 devices."""
    batch = [LogRecord(f"acme#device-{number}", PAYLOAD) for number in range(BATCH)]
    begun_s = elapsed_s()
    for _ in range(BATCHES):
        embedded.backend.readings.put(batch)
    return _thousands(BATCHES * BATCH, begun_s)


def read_records(embedded: Embedded) -> str:
    """Read what was put, 1,000 at a time."""
    begun_s = elapsed_s()
    count = 0
    for shard in embedded.backend.readings.shards():
        after = None
        while records := embedded.backend.readings.read(shard.id, after=after, limit=BATCH):
            count, after = count + len(records), records[-1].sequence
    return _thousands(count, begun_s)


def put_windows(embedded: Embedded) -> str:
    """Put the windows of 1,000 devices, minute by minute."""
    metrics = {f"metric_{number}_celsius": STATS for number in range(5)}
    minutes = [
        [WindowItem("acme", f"device-{number}", 60_000, minute * 60_000, 0, metrics) for number in range(BATCH)]
        for minute in range(60)
    ]
    begun_s = elapsed_s()
    for items in minutes:
        embedded.backend.windows.put(items)
    return _thousands(len(minutes) * BATCH, begun_s)


def committing(size: int) -> Measure:
    """Return what measures commits of one blob of that size, four groups in turn."""

    def measure(embedded: Embedded) -> str:
        blobs = [os.urandom(size) for _ in range(3)]  # the same bytes again would not be written again
        versions = [""] * 4
        took_s = []
        for turn in range(COMMITS):
            write = StateWrite(StateKey(size, turn % 4, "bench"), blobs[turn % 3], versions[turn % 4])
            begun_s = elapsed_s()
            (version,) = embedded.backend.state.commit([write])
            took_s.append(elapsed_s() - begun_s)
            assert version is not None
            versions[turn % 4] = version
        return f"{median(took_s) * 1_000:.2f}"

    return measure


def _thousands(count: int, begun_s: float) -> str:
    return f"{count / (elapsed_s() - begun_s) / 1_000:,.0f}"


if __name__ == "__main__":
    main()
