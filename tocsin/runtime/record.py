"""Recordings of a log."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import Final

import msgspec

from tocsin.core.actions import ACTION_KEY_START, decode_action, encode_action_json, is_action_key
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
    actions: LogReader | None = None,
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
        actions: The feed of alerts, whose actions of people stand between the records.
        start_ms: Only what arrived at or after this.
        end_ms: Only what arrived before this.
    """
    header = Header(source=source, clock=clock, plan=plan, shards=_open_shards(reader), ticks=True)
    first_ms = last_ms = None
    with RecordingWriter(path, header) as writer:
        for record in _merged(reader, actions):
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


def _merged(reader: LogReader, actions: LogReader | None) -> Iterator[StoredRecord]:
    # A merge takes equal arrivals from the earlier shard first, so parents come before children.
    parts = [_records(reader, shard.id) for shard in reader.shards()]
    parts += [_actions(actions, shard.id) for shard in actions.shards()] if actions else []
    return merge(*parts, key=lambda record: record.arrival_ms)


def _actions(feed: LogReader, shard: str) -> Iterator[StoredRecord]:
    """Yield people's actions as recordings hold them."""
    for record in _records(feed, shard):
        if is_action_key(record.partition_key):
            data = encode_action_json(decode_action(record.data))
            yield msgspec.structs.replace(record, partition_key=ACTION_KEY_START + record.partition_key, data=data)


def _records(reader: LogReader, shard: str) -> Iterator[StoredRecord]:
    after: str | None = None
    while records := reader.read(shard, after=after, limit=READ_RECORDS_MAX):
        yield from records
        after = records[-1].sequence
