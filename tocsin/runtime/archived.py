"""The archive, written by a mapping of its own and read again as recordings."""

from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import Final

from ingest.archive import NAME, make_handler
from tocsin.core.clock import HOUR_MS, NowMs
from tocsin.core.errors import TransientError
from tocsin.core.formats.archive_part import ARCHIVE_PREFIX, decode_part, hour_prefix
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingWriter
from tocsin.core.keys import TICK_KEY
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Blobs, Checkpoints, Log, LogReader
from tocsin.runtime.discarded import kept_in
from tocsin.runtime.events import kinesis_event_of
from tocsin.runtime.host import Host
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.stream import StreamMapping

SETTINGS: Final = MappingSettings(batch_records_max=10_000, survives=TransientError)
NAMES_MAX: Final = 1_000
READ_RECORDS_MAX: Final = 1_000


def archive(host: Host, plan: Plan, now_ms: NowMs) -> int:
    """Archive all that the log of readings holds and that is not archived; return how many records that was."""
    handler, archived = make_handler(host.backend, PlanBook(plan)), 0

    def counted(event: dict[str, object], context: object) -> dict[str, object]:
        nonlocal archived
        answer = handler(event, context)
        archived += handler.archived
        return answer

    mapping = StreamMapping(
        NAME,
        host.backend.readings,
        counted,
        SETTINGS,
        event_of=kinesis_event_of("readings"),
        checkpoints=host.checkpoints,
        now_ms=now_ms,
        on_failure=kept_in(host.backend.blobs),
    )
    while mapping.poll():
        pass
    return archived


def waiting(log: Log, checkpoints: Checkpoints) -> int:
    """Return how many records of the log are not archived."""
    done = checkpoints.load(NAME)
    return sum(_count(log, shard.id, done.get(shard.id)) for shard in log.shards())


def archived_hours(blobs: Blobs, owner: str) -> list[str]:
    """Return the hours that the archive has of the owner, e.g. ``2026-11-23T10``, in order."""
    prefix, after, found = f"{ARCHIVE_PREFIX}{owner}/", "", []
    # The first name after all of an hour's parts is that of the next hour, so an hour costs one request.
    while names := blobs.names(prefix, after=after, limit=1):
        day, hour = names[0].removeprefix(prefix).split("/")[:2]
        found.append(f"{day}T{hour}")
        after = f"{prefix}{day}/{hour}0"  # "0" comes right after "/"
    return found


def archived_records(blobs: Blobs, owner: str, start_ms: int, end_ms: int) -> Iterator[Recorded]:
    """Yield the owner's records that arrived in ``[start_ms, end_ms)``, by arrival, those of a shard in order."""
    for hour_ms in range(start_ms // HOUR_MS * HOUR_MS, end_ms, HOUR_MS):
        parts = list(_names(blobs, hour_prefix(owner, hour_ms)))
        shards: dict[str, list[str]] = {}
        for name in parts:
            shards.setdefault(name.rpartition("/")[2].rpartition("-")[0], []).append(name)
        streams = [_records(blobs, names) for _, names in sorted(shards.items())]
        for record in merge(*streams, key=lambda record: record.arrival_ms):
            if start_ms <= record.arrival_ms < end_ms:
                yield record


def export(blobs: Blobs, owner: str, path: Path, *, start_ms: int, end_ms: int) -> int:
    """Write what the archive has of the owner, and the ticks between, to a recording; return how many records.

    Args:
        blobs: With the archive.
        owner: A tenant.
        path: The recording; it appears when it is complete.
        start_ms: Arrivals from here on.
        end_ms: And before this.
    """
    parts = [archived_records(blobs, each, start_ms, end_ms) for each in (owner, TICK_KEY)]
    with RecordingWriter(path, Header(source=f"archive {owner}", ticks=True)) as writer:
        for record in merge(*parts, key=lambda record: record.arrival_ms):
            writer.append(record)
    return writer.records


def _records(blobs: Blobs, names: list[str]) -> Iterator[Recorded]:
    for name in names:
        yield from decode_part(blobs.get(name) or b"", name)


def _names(blobs: Blobs, prefix: str) -> Iterator[str]:
    after = ""
    while names := blobs.names(prefix, after=after, limit=NAMES_MAX):
        yield from names
        after = names[-1]


def _count(log: LogReader, shard: str, after: str | None) -> int:
    count = 0
    while read := log.read(shard, after=after, limit=READ_RECORDS_MAX):
        count += len(read)
        after = read[-1].sequence
    return count
