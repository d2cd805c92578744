"""Segments: the records that one call put into one shard, as one stored row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.adapters.embedded.stored import Stored, encode
from tocsin.core.ports import LogRecord, StoredRecord

Encoded = tuple[list[str], list[bytes], list[int]]
"""Keys, payloads, and arrivals; no arrivals where all came when the segment did."""

_stored: Final = Stored[Encoded]("log segment", Encoded)


class DatedRecord(LogRecord, frozen=True, gc=False):
    """A record that arrived at another time than now, as replays put them.

    Attributes:
        arrival_ms: When it arrived, UTC epoch milliseconds.
    """

    arrival_ms: int = 0


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
        keys, payloads, arrivals = _stored.decode(self.records)
        arrivals = arrivals or [self.arrival_ms] * self.count
        skipped = max(0, sequence + 1 - self.first)
        numbers = range(self.first + skipped, self.last + 1)
        return [
            StoredRecord(shard, str(number), key, data, arrival_ms)
            for number, key, data, arrival_ms in zip(
                numbers, keys[skipped:], payloads[skipped:], arrivals[skipped:], strict=True
            )
        ]


def encode_records(records: Sequence[LogRecord]) -> bytes:
    """Return keys and payloads of the records, and arrivals of dated ones, as one byte string."""
    keys = [record.partition_key for record in records]
    return encode((keys, [record.data for record in records], arrivals_of(records)))


def arrivals_of(records: Sequence[LogRecord]) -> list[int]:
    """Return the arrivals of dated records, none of others.

    Raises:
        ValueError: Some are dated and some are not.
    """
    arrivals = [record.arrival_ms for record in records if isinstance(record, DatedRecord)]
    if len(arrivals) not in {0, len(records)}:
        raise ValueError(f"either all records of a put are dated or none, got {len(arrivals)} of {len(records)}")
    return arrivals
