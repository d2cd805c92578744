"""The ordered, sharded log of a deployment in memory: its shards are rows, its records are kept as they were put."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.log import EmbeddedLog, check_sizes
from tocsin.adapters.embedded.segments import arrivals_of
from tocsin.adapters.embedded.shards import shard_id, shard_number
from tocsin.core.clock import NowMs
from tocsin.core.ports import LogRecord, StoredRecord


@dataclass(slots=True)
class _Held:
    """What a shard holds.

    Attributes:
        records: In order; their numbers have no gaps.
        trimmed: Sequence number forgotten last.
    """

    records: list[StoredRecord] = field(default_factory=list)
    trimmed: int = 0


class HeldLog(EmbeddedLog):
    """A log that encodes no record and reads none back, as nothing of it has to last."""

    def __init__(self, database: Database, name: str, now_ms: NowMs) -> None:
        super().__init__(database, name, now_ms)
        self._held: dict[int, _Held] = {}
        self._lock = Lock()

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        """Append the records; none is ever refused. Dated ones keep their arrivals."""
        if not records:
            return []
        check_sizes(self._name, records)
        with self._lock:  # numbers are given and records appended in one order
            arrival_ms = self._now_ms()

            def work(connection: sqlite3.Connection) -> list[tuple[int, list[StoredRecord]]]:
                numbered = self._numbered(connection, records)
                return [(shard, _stored(shard_id(shard), last, share, arrival_ms)) for shard, last, share in numbered]

            for shard, stored in self._database.write(work):
                self._held.setdefault(shard, _Held()).records += stored
        return []

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        """Return at most ``limit`` records after the sequence number, in order."""
        self._database.check_open()
        with self._lock:
            held = self._held.get(shard_number(shard), _Held())
            first = max(int(after or 0) - held.trimmed, 0)
            return held.records[first : first + limit]

    def trim(self, shard: str, *, through: str) -> None:
        """Forget the shard's records up to and including the number."""
        with self._lock:
            super().trim(shard, through=through)
            held = self._held.get(shard_number(shard), _Held())
            forgotten = min(max(int(through) - held.trimmed, 0), len(held.records))
            del held.records[:forgotten]
            held.trimmed += forgotten


def _stored(shard: str, last: int, share: Sequence[LogRecord], arrival_ms: int) -> list[StoredRecord]:
    """Return the records as they are read, numbered up to the last."""
    arrivals = arrivals_of(share) or [arrival_ms] * len(share)
    numbers = range(last - len(share) + 1, last + 1)
    return [
        StoredRecord(shard, str(number), record.partition_key, record.data, arrived_ms)
        for number, record, arrived_ms in zip(numbers, share, arrivals, strict=True)
    ]
