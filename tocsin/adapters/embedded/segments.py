"""Segments: the records that one call put into one shard, as one stored row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.adapters.embedded.stored import Stored, encode
from tocsin.core.ports import LogRecord, StoredRecord

_stored: Final = Stored[tuple[list[str], list[bytes]]]("log segment", tuple[list[str], list[bytes]])


@dataclass(frozen=True, slots=True)
class Segment:
    """A stored row.

    Attributes:
        last: Sequence number of its last record.
        count: How many records it holds; their numbers have no gaps.
        arrival_ms: When the log took them.
        records: Their keys and payloads, encoded.
    """

    last: int
    count: int
    arrival_ms: int
    records: bytes

    @property
    def first(self) -> int:
        """Sequence number of its first record."""
        return self.last - self.count + 1

    def after(self, shard: str, sequence: int) -> list[StoredRecord]:
        """Return its records with a number above ``sequence``, in order."""
        keys, payloads = _stored.decode(self.records)
        skipped = max(0, sequence + 1 - self.first)
        numbers = range(self.first + skipped, self.last + 1)
        return [
            StoredRecord(shard, str(number), key, data, self.arrival_ms)
            for number, key, data in zip(numbers, keys[skipped:], payloads[skipped:], strict=True)
        ]


def encode_records(records: Sequence[LogRecord]) -> bytes:
    """Return keys and payloads of the records as one byte string."""
    return encode(([record.partition_key for record in records], [record.data for record in records]))
