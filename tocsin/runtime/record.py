"""Recordings of a log."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import Final

from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingWriter
from tocsin.core.ports import LogReader, StoredRecord

READ_RECORDS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class LogSpan:
    """What was recorded.

    Attributes:
        records: How many records.
        first_ms: Arrival of the first, or None where there is none.
        last_ms: Arrival of the last, or None.
    """

    records: int
    first_ms: int | None
    last_ms: int | None


def record_log(
    reader: LogReader,
    path: Path,
    *,
    source: str,
    clock: str = "wall",
    plan: str = "",
    start_ms: int | None = None,
    end_ms: int | None = None,
) -> LogSpan:
    """Write what the log holds to a recording, shards merged by arrival, each in its own order.

    Args:
        reader: The log.
        path: The recording; it appears when it is complete.
        source: What the header says of where it comes from.
        clock: What the header says of its times.
        plan: Hash of the plan in force at the beginning.
        start_ms: Only what arrived at or after this.
        end_ms: Only what arrived before this.
    """
    header = Header(source=source, clock=clock, plan=plan, shards=_open_shards(reader), ticks=True)
    first_ms = last_ms = None
    with RecordingWriter(path, header) as writer:
        for record in _merged(reader):
            if (start_ms is not None and record.arrival_ms < start_ms) or (
                end_ms is not None and record.arrival_ms >= end_ms
            ):
                continue
            first_ms = record.arrival_ms if first_ms is None else first_ms
            last_ms = record.arrival_ms
            writer.append(recorded(record))
    return LogSpan(writer.records, first_ms, last_ms)


def recorded(record: StoredRecord) -> Recorded:
    """Return the record as recordings hold it."""
    position = f"{record.shard}:{record.sequence}"
    return Recorded(record.arrival_ms, record.partition_key, record.data, position)


def _open_shards(reader: LogReader) -> int:
    return max(1, sum(not shard.closed for shard in reader.shards()))


def _merged(reader: LogReader) -> Iterator[StoredRecord]:
    # A merge takes equal arrivals from the earlier shard first, so parents come before children.
    return merge(*(_records(reader, shard.id) for shard in reader.shards()), key=lambda record: record.arrival_ms)


def _records(reader: LogReader, shard: str) -> Iterator[StoredRecord]:
    after: str | None = None
    while records := reader.read(shard, after=after, limit=READ_RECORDS_MAX):
        yield from records
        after = records[-1].sequence
