"""Readings that a simulator makes, records that are checked, and a day of a hundred devices that is replayed."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Final

import msgspec

from benchmarks.table import print_table
from simulator.fleet import deliveries
from simulator.scenario import load_scenario
from simulator.targets import RecordingTarget
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingReader, RecordingWriter
from tocsin.core.plan.source import default_plan
from tocsin.runtime.recording_check import contents_of
from tocsin.runtime.replay import ReplayRun, ReplaySettings

RECORDS: Final = 1_000_000
SCENARIO: Final = """
name: hundred
start: 2026-11-23T00:00:00Z
duration: {hours}h
network: {{latency: 80ms, loss: 0.001, duplicates: 0.004, disorder: 0.02}}
sites:
  - name: north
    latitude: 44
    fleets:
      - {{type: pump, count: 50, interval: 10s}}
      - {{type: motor, count: 50, interval: 10s}}
"""


def _scenario(folder: Path, hours: int) -> Path:
    path = folder / "hundred.yaml"
    path.write_text(SCENARIO.format(hours=hours))
    return path


def _generated(folder: Path, to: Path, hours: int) -> tuple[int, int, float]:
    """Return messages, readings and seconds of a scenario written to a recording."""
    scenario = load_scenario(_scenario(folder, hours))
    begun = process_time()
    with RecordingWriter(to, Header(source="benchmark", clock="virtual")) as writer:
        target = RecordingTarget(writer)
        for batch in deliveries(scenario, 1):
            target.put(batch.deliveries)
    took_s = process_time() - begun
    with RecordingReader(to) as reader:
        readings = sum(_readings(record) for record in reader)
    return writer.records, readings, took_s


def _readings(record: Recorded) -> int:
    return len(msgspec.json.decode(record.data)["metrics"])


def _checked(to: Path) -> tuple[int, float]:
    record = Recorded(
        1_795_435_200_000, "demo#pump-1", b'{"device":"pump-1","ts":1795435200000,"metrics":{"flow":1.5}}'
    )
    with RecordingWriter(to, Header()) as writer:
        for _ in range(RECORDS):
            writer.append(record)
    begun = process_time()
    contents_of(to)
    return writer.records, process_time() - begun


def _replayed(path: Path) -> tuple[int, float]:
    begun = process_time()
    with RecordingReader(path) as reader, ReplayRun(reader.header, default_plan(), ReplaySettings()) as run:
        for _ in run.steps(reader):
            run.new_notifications()
        counts = run.result(()).counts
    assert counts is not None
    return counts.readings, process_time() - begun


def _rows(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    for end in ("jsonl", "jsonl.gz", "jsonl.zst"):
        _, readings, took_s = _generated(folder, folder / f"day.{end}", 6)
        size_mb = (folder / f"day.{end}").stat().st_size / 1e6
        yield (
            f"simulate to .{end}, {size_mb:.0f} MB",
            f"{readings:,} readings",
            f"{took_s:.1f}",
            f"{readings / took_s:,.0f}",
        )
    records, took_s = _checked(folder / "million.jsonl.gz")
    yield "recording check", f"{records:,} records", f"{took_s:.1f}", f"{records / took_s:,.0f}"
    _generated(folder, folder / "whole.jsonl.zst", 24)
    replayed, took_s = _replayed(folder / "whole.jsonl.zst")
    yield "replay a day of 100 devices", f"{replayed:,} readings", f"{took_s:.1f}", f"{replayed / took_s:,.0f}"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        print_table(
            "Recordings, on one core", ("what", "how much", "CPU s", "per CPU second"), list(_rows(Path(folder)))
        )


if __name__ == "__main__":
    main()
