"""The ports: what the stages need of the outside. Adapters implement them, one contract suite defines them.

Every call may raise ``UnavailableError``: then its effect is unknown, and the caller may repeat it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tocsin.core.messages import DecisionRecord, Notification, Transition


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record to put.

    Attributes:
        partition_key: Its MD5 decides the shard, unless ``hash_key`` is given.
        data: Payload, at most 1 MiB with the key.
        hash_key: Explicit hash in ``[0, 2**128)`` that decides the shard instead.
    """

    partition_key: str
    data: bytes
    hash_key: int | None = None


@dataclass(frozen=True, slots=True)
class StoredRecord:
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


class LogReader(Protocol):
    """Reads an ordered, sharded log; only the runtime does."""

    def shards(self) -> Sequence[Shard]:
        """Return all shards whose records are retained, parents first."""
        ...

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        """Return at most ``limit`` records after the sequence number (None: the oldest kept), in order."""
        ...

    def trim(self, shard: str, *, through: str) -> None:
        """Forget the shard's records up to and including the sequence number."""
        ...


class Log(LogReader, Protocol):
    """An ordered, sharded log."""

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        """Append the records; return the places of those refused, which the caller puts again.

        Records of one shard keep their order, apart from refused ones.
        """
        ...


class Checkpoints(Protocol):
    """How far the local runtime has read each shard of each mapping."""

    def load(self, mapping: str) -> dict[str, str]:
        """Return shard to the last sequence number done with."""
        ...

    def save(self, mapping: str, shard: str, sequence: str) -> None:
        """Remember the number; it may become durable later than this returns, in order with other writes.

        A checkpoint that is lost only means that records are delivered again.
        """
        ...


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


class StateStore(Protocol):
    """Compare-and-set storage of blobs."""

    def load(self, keys: Sequence[StateKey]) -> list[SavedState]:
        """Return what is stored under each key, in order."""
        ...

    def commit(self, writes: Sequence[StateWrite]) -> list[str | None]:
        """Write each whose version still holds; return the new versions, None where it did not hold.

        Each write is atomic and durable when this returns; the writes are independent of each other.
        """
        ...


@dataclass(frozen=True, slots=True)
class WindowStats:
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
    quantiles: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WindowItem:
    """All metrics of one device in one window.

    Attributes:
        tenant: Owner of the device.
        device: Which device.
        size_ms: Length of the window.
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


class WindowTable(Protocol):
    """Windows for people and queries."""

    def put(self, items: Sequence[WindowItem]) -> None:
        """Write the items, unconditionally; metrics of an item already there are merged into it."""
        ...

    def query(
        self, tenant: str, device: str, *, size_ms: int, start_ms: int, end_ms: int, limit: int
    ) -> list[WindowItem]:
        """Return items with a start in ``[start_ms, end_ms)``, by start and revision, at most ``limit``."""
        ...


class AlertTable(Protocol):
    """Append-only alert transitions with a change feed."""

    def put(self, transitions: Sequence[Transition]) -> list[bool]:
        """Write each transition unless it is there already; return which were new, in order."""
        ...

    def query(
        self, tenant: str, *, device: str | None = None, fingerprint: str | None = None, limit: int
    ) -> list[Transition]:
        """Return transitions, newest ``at_ms`` first, at most ``limit``."""
        ...

    @property
    def feed(self) -> LogReader:
        """The change feed: a record per new transition, data as MessagePack, key ``tenant#device``."""
        ...


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """What a tenant has or what is open: a view for lists, written without condition.

    Attributes:
        tenant: Whose.
        key: ``DEV#<device>``, ``OPEN#<fingerprint>``, ``DEC#<fingerprint>#<number>``, ...
        data: MessagePack of the entry, or None to remove it.
    """

    tenant: str
    key: str
    data: bytes | None


class Directory(Protocol):
    """Lists by tenant and key prefix."""

    def put(self, entries: Sequence[DirectoryEntry]) -> None:
        """Write or remove the entries."""
        ...

    def query(self, tenant: str, *, prefix: str, after: str = "", limit: int) -> list[DirectoryEntry]:
        """Return entries by key, those after ``after`` with the prefix, at most ``limit``."""
        ...


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


class Queue(Protocol):
    """A queue with visibility timeout and dead letters."""

    @property
    def name(self) -> str:
        """The queue's name."""
        ...

    def send(self, bodies: Sequence[str], attributes: Mapping[str, str] | None = None) -> Sequence[int]:
        """Send a message a body; return the places of those refused, which the caller sends again."""
        ...

    def receive(self, *, limit: int, visibility_ms: int) -> list[QueueMessage]:
        """Return visible messages and hide them; one received too often moves to the dead letters."""
        ...

    def delete(self, receipts: Sequence[str]) -> None:
        """Remove the messages of the receipts; unknown or outdated receipts change nothing."""
        ...

    def release(self, receipts: Sequence[str]) -> None:
        """Make the messages visible at once."""
        ...

    def depth(self) -> int:
        """Return how many messages are in the queue, hidden ones included, dead letters not."""
        ...

    def dead_letters(self, *, limit: int) -> list[QueueMessage]:
        """Return dead letters, oldest first, without hiding them."""
        ...

    def redrive(self) -> int:
        """Move all dead letters back into the queue; return how many."""
        ...


FilterPolicy = Mapping[str, Sequence[str]]
"""Attribute name to accepted values; all names must match (Amazon SNS, exact string matching)."""


class Topic(Protocol):
    """A topic that copies what is published to the subscribed queues."""

    def publish(self, notifications: Sequence[Notification]) -> Sequence[int]:
        """Publish in order; return the places of those refused."""
        ...

    def subscribe(self, queue: str, policy: FilterPolicy | None = None) -> None:
        """Copy to the queue what matches the policy; a second call replaces the policy."""
        ...


class Blobs(Protocol):
    """Named byte strings: rejections, late data, plans, recordings."""

    def put(self, name: str, data: bytes) -> None:
        """Write or overwrite the blob."""
        ...

    def get(self, name: str) -> bytes | None:
        """Return the blob, or None where there is none."""
        ...

    def names(self, prefix: str, *, after: str = "", limit: int) -> list[str]:
        """Return names with the prefix in order, those after ``after``, at most ``limit``."""
        ...


class Decisions(Protocol):
    """The recorded decisions of the alerts stage."""

    def put(self, records: Sequence[DecisionRecord]) -> None:
        """Write each decision unless the transition has one already."""
        ...

    def query(self, tenant: str, *, fingerprint: str | None = None, limit: int) -> list[DecisionRecord]:
        """Return decisions by fingerprint and number, at most ``limit``."""
        ...


@dataclass(frozen=True, slots=True)
class Backend:
    """All ports of one deployment, opened once at cold start."""

    readings: Log
    panes: Log
    state: StateStore
    windows: WindowTable
    alerts: AlertTable
    decisions: Decisions
    directory: Directory
    gateway: Queue
    topic: Topic
    blobs: Blobs
