"""The shards of a log: ranges of the hash space, and which record goes where. Pure, but for the queries."""

import sqlite3
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tocsin.core.keys import HASH_END, key_hash
from tocsin.core.ports import LogRecord, Shard

OPEN_SHARDS: Final = """
    SELECT number, hash_start, hash_end FROM shards WHERE log = ? AND NOT closed
    ORDER BY length(hash_start), hash_start
"""
NEXT_NUMBER: Final = "SELECT coalesce(max(number) + 1, 0) FROM shards WHERE log = ?"
INSERT: Final = "INSERT INTO shards (log, number, hash_start, hash_end, parents) VALUES (?, ?, ?, ?, ?)"
CLOSE: Final = "UPDATE shards SET closed = 1 WHERE log = ? AND number = ?"


@dataclass(frozen=True, slots=True)
class OpenShard:
    """A shard that takes the records with a hash in ``[hash_start, hash_end)``."""

    number: int
    hash_start: int
    hash_end: int


def even_ranges(shards: int) -> list[tuple[int, int]]:
    """Return ranges that divide the hash space evenly, in order.

    >>> even_ranges(1) == [(0, 2**128)]
    True
    """
    borders = [HASH_END * place // shards for place in range(shards + 1)]
    return list(pairwise(borders))


def shard_id(number: int) -> str:
    """Return the name of a shard; numbers of a log are never used again.

    >>> shard_id(7)
    'shardId-000000000007'
    """
    return f"shardId-{number:012d}"


def shard_number(shard: str) -> int:
    """Return the number in a shard's name.

    >>> shard_number("shardId-000000000007")
    7
    """
    return int(shard.removeprefix("shardId-"))


def by_shard(shards: Sequence[OpenShard], records: Sequence[LogRecord]) -> Mapping[int, Sequence[LogRecord]]:
    """Return the records by number of the shard that takes them, each shard's in order.

    Args:
        shards: By their first hash; together they cover the hash space.
        records: In the order in which they were put.
    """
    if len(shards) == 1:
        return {shards[0].number: records}
    starts = [shard.hash_start for shard in shards]
    shares: dict[int, list[LogRecord]] = {}
    for record in records:
        place = key_hash(record.partition_key) if record.hash_key is None else record.hash_key
        shares.setdefault(shards[bisect_right(starts, place) - 1].number, []).append(record)
    return shares


def open_shards(connection: sqlite3.Connection, log: str) -> list[OpenShard]:
    """Return the shards that take records, by their first hash."""
    rows = connection.execute(OPEN_SHARDS, (log,))
    return [OpenShard(number, int(start), int(end)) for number, start, end in rows]


def add_shards(
    connection: sqlite3.Connection, log: str, ranges: Sequence[tuple[int, int]], parents: Sequence[int] = ()
) -> list[Shard]:
    """Close the parents and open a shard for each range; return the new ones."""
    for parent in parents:
        connection.execute(CLOSE, (log, parent))
    number: int = connection.execute(NEXT_NUMBER, (log,)).fetchone()[0]
    names = tuple(map(shard_id, parents))
    added = []
    for offset, (start, end) in enumerate(ranges):
        connection.execute(INSERT, (log, number + offset, str(start), str(end), " ".join(names)))
        added.append(Shard(shard_id(number + offset), start, end, names))
    return added
