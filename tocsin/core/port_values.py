"""What travels through the ports: records, states, windows, entries and messages as they are kept.

Imported from ``tocsin.core.ports``, where the ports are. The records of a log are structs: made in a tenth
of the time that a dataclass takes, and a replay makes several a record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

NEWEST_WINDOWS_MAX: Final = 120
"""Most starts of one size that ``WindowTable.newest`` looks at."""


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """A record to put.

    Attributes:
        partition_key: Its MD5 decides the shard, unless ``hash_key`` is given.
        data: Payload, at most 1 MiB with the key.
        hash_key: Explicit hash in ``[0, 2**128)`` that decides the shard instead.
    """

    partition_key: str
    data: bytes
    hash_key: int | None = None


class StoredRecord(msgspec.Struct, frozen=True, gc=False):
    """A record as the log keeps it.

    Attributes:
        shard: Id of the shard.
        sequence: Sequence number, decimal digits; ascending within the shard, compared as a number.
        partition_key: As put.
        data: As put.
        arrival_ms: When the log took it.
    """

    shard: str
    sequence: str
    partition_key: str
    data: bytes
    arrival_ms: int


@dataclass(frozen=True, slots=True)
class Shard:
    """One ordered part of a log.

    Attributes:
        id: Its name, unique for ever.
        hash_start: First hash that it takes.
        hash_end: First hash after its range.
        parents: Shards that must be drained before it.
        closed: Whether it takes no more records.
    """

    id: str
    hash_start: int
    hash_end: int
    parents: tuple[str, ...] = ()
    closed: bool = False


@dataclass(frozen=True, slots=True)
class StateKey:
    """Where one key group's state of one stage lives."""

    generation: int
    group: int
    stage: str


@dataclass(frozen=True, slots=True)
class SavedState:
    """State as stored.

    Attributes:
        blob: The bytes, or None where there is no state yet.
        version: Opaque token for the next commit; empty where there is no state yet.
    """

    blob: bytes | None
    version: str


@dataclass(frozen=True, slots=True)
class StateWrite:
    """One conditional write: it happens only if the version still holds."""

    key: StateKey
    blob: bytes
    expected_version: str


class WindowStats(msgspec.Struct, frozen=True):
    """One metric's statistics of one window; ``rate`` is per second, NaN (absent) for one reading."""

    count: int
    mean: float
    sum: float
    variance: float
    min: float
    max: float
    first: float
    last: float
    rate: float | None = None
    quantiles: dict[str, float] = {}


class WindowItem(msgspec.Struct, frozen=True):
    """All metrics of one device in one window.

    Attributes:
        tenant: Owner of the device.
        device: Which device.
        size_ms: Length of the window; 0 for a reading that came too late for its own: ``tocsin.core.late_marks``.
        start_ms: Its start, inclusive.
        revision: 0 on time; later ones are deltas to merge.
        metrics: Metric to statistics.
    """

    tenant: str
    device: str
    size_ms: int
    start_ms: int
    revision: int
    metrics: dict[str, WindowStats]


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """What a tenant has or what is open: a view for lists.

    An entry with a number is written only over what it follows, so a caller that was given up and goes on later
    changes nothing. Its removal leaves the number behind; one without a number is written without condition.

    Attributes:
        tenant: Whose.
        key: ``DEV#<device>``, ``OPEN#<fingerprint>``, ``MUTED#<fingerprint>``, ...
        data: MessagePack of the entry, or None to remove it.
        number: What orders the entries of a key, from 1; 0 where nothing does.
    """

    tenant: str
    key: str
    data: bytes | None
    number: int = 0

    def follows(self, number: int) -> bool:
        """Tell whether it comes after what that number stands for; of one number, the removal comes last."""
        return not self.number or number < self.number or (number == self.number and self.data is None)


def standing(entries: Iterable[DirectoryEntry]) -> list[DirectoryEntry]:
    """Return what is left of entries that are written one after the other: one a key."""
    left: dict[tuple[str, str], DirectoryEntry] = {}
    for entry in entries:
        before = left.get((entry.tenant, entry.key))
        if before is None or entry.follows(before.number):
            left[entry.tenant, entry.key] = entry
    return list(left.values())


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message as received.

    Attributes:
        id: Stays the same over all receipts.
        receipt: Deletes it; valid for this receipt only.
        body: As sent.
        attributes: As sent.
        sent_ms: When it was sent.
        receive_count: How often it was received, this time included.
    """

    id: str
    receipt: str
    body: str
    attributes: Mapping[str, str]
    sent_ms: int
    receive_count: int
