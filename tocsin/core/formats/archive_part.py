"""Parts of the archive: what the log took of one tenant within one hour, as small recordings under sorted names.

``recordings/<tenant>/<yyyy-mm-dd>/<hh>/<shard>-<sequence>.jsonl.gz``: a part holds records of one shard in order, from
the sequence number on that names it. Ticks lie under ``!tick``, what has no tenant under ``!other``: no id begins so.
"""

import gzip
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from tocsin.core.clock import HOUR_MS, iso
from tocsin.core.errors import DamagedError
from tocsin.core.formats.recording import Header, Recorded, decode_header, decode_record, encode_header, encode_record
from tocsin.core.keys import TICK_KEY, split_key
from tocsin.core.ports import StoredRecord

ARCHIVE_PREFIX: Final = "recordings/"
OTHER: Final = "!other"
SEQUENCE_DIGITS: Final = 56
"""Longest sequence number of Kinesis; padded, so that names sort by position."""
GZIP_LEVEL: Final = 6


def owner_of(partition_key: str) -> str:
    """Return under whose name the record lies: the tenant's, ``TICK_KEY`` or ``OTHER``."""
    if partition_key == TICK_KEY:
        return TICK_KEY
    try:
        return split_key(partition_key)[0]
    except ValueError:
        return OTHER


def hour_prefix(owner: str, hour_ms: int) -> str:
    """Return what the names of the owner's parts of the hour begin with."""
    day, _, time = iso(hour_ms // HOUR_MS * HOUR_MS).partition("T")
    return f"{ARCHIVE_PREFIX}{owner}/{day}/{time[:2]}/"


def part_name(owner: str, first: StoredRecord) -> str:
    """Return the name of the part that begins with the record."""
    return f"{hour_prefix(owner, first.arrival_ms)}{first.shard}-{first.sequence.zfill(SEQUENCE_DIGITS)}.jsonl.gz"


def encode_part(records: Sequence[StoredRecord]) -> bytes:
    """Return the part: a recording as ``tocsin replay`` reads it; equal records make equal bytes."""
    lines = b"".join(
        encode_record(Recorded(one.arrival_ms, one.partition_key, one.data, f"{one.shard}:{one.sequence}"))
        for one in records
    )
    header = Header(source=f"archive {records[0].shard}", ticks=records[0].partition_key == TICK_KEY)
    whole = encode_header(replace(header, digest=sha256(lines).hexdigest())) + lines
    return gzip.compress(whole, GZIP_LEVEL, mtime=0)


def decode_part(data: bytes, name: str) -> Iterator[Recorded]:
    """Yield the records of a part.

    Raises:
        DamagedError: It is not what was written.
    """
    try:
        first, _, lines = gzip.decompress(data).partition(b"\n")
        if decode_header(first).digest != sha256(lines).hexdigest():
            raise DamagedError(f"part {name} is not what was written: its digest differs")
        yield from map(decode_record, lines.splitlines())
    except (OSError, EOFError, ValueError) as error:
        raise DamagedError(f"part {name} cannot be read: {error}") from error
