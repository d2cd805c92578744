"""The ordered, sharded log."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Final

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.segments import Segment, encode_records
from tocsin.adapters.embedded.shards import (
    OpenShard,
    add_shards,
    by_shard,
    even_ranges,
    open_shards,
    shard_id,
    shard_number,
)
from tocsin.core.clock import NowMs
from tocsin.core.errors import UsageError
from tocsin.core.ports import LogRecord, Shard, StoredRecord

RECORD_BYTES_MAX: Final = 1024 * 1024

ADVANCE: Final = "UPDATE shards SET last = last + ? WHERE log = ? AND number = ? RETURNING last"
APPEND: Final = """
    INSERT INTO segments (log, shard, last, count, arrival_ms, records) VALUES (?, ?, ?, ?, ?, ?)
"""
SHARDS: Final = """
    SELECT number, hash_start, hash_end, parents, closed, NOT closed OR trimmed < last FROM shards
    WHERE log = ? ORDER BY number
"""
TRIMMED: Final = "SELECT trimmed FROM shards WHERE log = ? AND number = ?"
SEGMENTS: Final = """
    SELECT last, count, arrival_ms, records FROM segments
    WHERE log = ? AND shard = ? AND last > ? ORDER BY last
"""
TRIM: Final = """
    UPDATE shards SET trimmed = max(trimmed, min(last, ?)) WHERE log = ? AND number = ? RETURNING trimmed
"""
FORGET: Final = "DELETE FROM segments WHERE log = ? AND shard = ? AND last <= ?"


class EmbeddedLog:
    """A log with sequence numbers from 1 in each shard.

    Args:
        database: Where it lives.
        name: Which log.
        now_ms: Clock of arrivals.
    """

    def __init__(self, database: Database, name: str, now_ms: NowMs) -> None:
        self._database = database
        self._name = name
        self._now_ms = now_ms

    def make(self, connection: sqlite3.Connection, shards: int) -> None:
        """Divide the hash space evenly among new shards, unless the log has some already."""
        if not open_shards(connection, self._name):
            add_shards(connection, self._name, even_ranges(shards))

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        """Append the records in one transaction; none is ever refused. Dated ones keep their arrivals."""
        if records:
            self._database.write(lambda connection: self.append(connection, records))
        return []

    def append(self, connection: sqlite3.Connection, records: Sequence[LogRecord]) -> None:
        """Append the records, at least one, within a transaction of the caller."""
        check_sizes(self._name, records)
        arrival_ms = self._now_ms()
        for shard, last, share in self._numbered(connection, records):
            segment = (self._name, shard, last, len(share), arrival_ms, encode_records(share))
            connection.execute(APPEND, segment)

    def shards(self) -> Sequence[Shard]:
        """Return the shards that are open or have records left, and those between them, parents first."""
        retained: dict[str, Shard] = {}
        for number, start, end, parents, closed, is_needed in self._database.rows(SHARDS, (self._name,)):
            shard = Shard(shard_id(number), int(start), int(end), tuple(parents.split()), closed=bool(closed))
            # One that never had a record still says that its children come after its parents.
            if is_needed or any(parent in retained for parent in shard.parents):
                retained[shard.id] = shard
        return list(retained.values())

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        """Return at most ``limit`` records after the sequence number, in order."""
        number, passed = shard_number(shard), int(after or 0)
        trimmed = self._database.rows(TRIMMED, (self._name, number))
        passed = max([passed, *(row[0] for row in trimmed)])
        segments = self._database.read(lambda connection: self._segments(connection, number, passed, limit))
        records = [record for segment in segments for record in segment.after(shard, passed)]
        return records[:limit]

    def trim(self, shard: str, *, through: str) -> None:
        """Forget the shard's records up to and including the number; their space is used again."""
        number = shard_number(shard)

        def work(connection: sqlite3.Connection) -> None:
            for (trimmed,) in connection.execute(TRIM, (int(through), self._name, number)).fetchall():
                connection.execute(FORGET, (self._name, number, trimmed))

        self._database.write(work)

    def split(self, shard: str) -> tuple[Shard, Shard]:
        """Close the shard and return the two that take over the halves of its range.

        Raises:
            UsageError: The shard is not open.
        """

        def work(connection: sqlite3.Connection) -> tuple[Shard, Shard]:
            parent = self._open(connection, shard)
            middle = (parent.hash_start + parent.hash_end) // 2
            ranges = [(parent.hash_start, middle), (middle, parent.hash_end)]
            lower, upper = add_shards(connection, self._name, ranges, [parent.number])
            return lower, upper

        return self._database.write(work)

    def merge(self, shard: str, other: str) -> Shard:
        """Close two neighbours and return the shard that takes over both ranges.

        Raises:
            UsageError: A shard is not open, or their ranges do not touch.
        """

        def work(connection: sqlite3.Connection) -> Shard:
            pair = [self._open(connection, shard), self._open(connection, other)]
            lower, upper = sorted(pair, key=lambda parent: parent.hash_start)
            if lower.hash_end != upper.hash_start:
                raise UsageError(f"only neighbours can be merged, {shard} and {other} of {self._name} are none")
            joined = [(lower.hash_start, upper.hash_end)]
            return add_shards(connection, self._name, joined, [lower.number, upper.number])[0]

        return self._database.write(work)

    def _numbered(
        self, connection: sqlite3.Connection, records: Sequence[LogRecord]
    ) -> list[tuple[int, int, Sequence[LogRecord]]]:
        """Give the records of each shard their sequence numbers; return shard, last number and records."""
        numbered: list[tuple[int, int, Sequence[LogRecord]]] = []
        for shard, share in by_shard(open_shards(connection, self._name), records).items():
            (last,) = connection.execute(ADVANCE, (len(share), self._name, shard)).fetchone()
            numbered.append((shard, last, share))
        return numbered

    def _segments(self, connection: sqlite3.Connection, shard: int, passed: int, limit: int) -> list[Segment]:
        """Return the fewest segments that hold ``limit`` records after the number ``passed``."""
        segments = []
        with closing(connection.execute(SEGMENTS, (self._name, shard, passed))) as rows:
            for row in rows:
                segments.append(Segment(*row))
                if segments[-1].last - passed >= limit:
                    break
        return segments

    def _open(self, connection: sqlite3.Connection, shard: str) -> OpenShard:
        for candidate in open_shards(connection, self._name):
            if shard_id(candidate.number) == shard:
                return candidate
        raise UsageError(f"{shard} is no open shard of {self._name}")


def check_sizes(log: str, records: Sequence[LogRecord]) -> None:
    """Raise unless each record is small enough.

    Raises:
        ValueError: One is not.
    """
    longest = max([len(record.data) for record in records], default=0)
    if longest + max([len(record.partition_key) for record in records], default=0) <= RECORD_BYTES_MAX:
        return
    for record in records:
        size = len(record.data) + len(record.partition_key)
        if size > RECORD_BYTES_MAX:
            raise ValueError(f"{log} takes records of {RECORD_BYTES_MAX} bytes at most, got {size}")
