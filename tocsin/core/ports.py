"""The ports: what the stages need of the outside. Adapters implement them, one contract suite defines them.

Every call may raise ``UnavailableError``: then its effect is unknown, and the caller may repeat it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tocsin.core.actions import Action
from tocsin.core.messages import DecisionRecord, Notification, Transition
from tocsin.core.port_values import (
    NEWEST_WINDOWS_MAX,
    DirectoryEntry,
    LogRecord,
    QueueMessage,
    SavedState,
    Shard,
    StateKey,
    StateWrite,
    StoredRecord,
    WindowItem,
    WindowStats,
)

if TYPE_CHECKING:
    from tocsin.core.series import SeriesWindows  # columns: a function that needs none starts without numpy

__all__ = [
    "NEWEST_WINDOWS_MAX",
    "AlertTable",
    "Backend",
    "Blobs",
    "Checkpoints",
    "Decisions",
    "Directory",
    "DirectoryEntry",
    "FilterPolicy",
    "Log",
    "LogReader",
    "LogRecord",
    "Queue",
    "QueueMessage",
    "SavedState",
    "Shard",
    "StateKey",
    "StateStore",
    "StateWrite",
    "StoredRecord",
    "Topic",
    "WindowItem",
    "WindowStats",
    "WindowTable",
]


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

    def series(
        self, tenant: str, device: str, metric: str, *, size_ms: int, start_ms: int, end_ms: int, limit: int
    ) -> "SeriesWindows":
        """Return the metric's windows whose start is a multiple of their size, in ``[start_ms, end_ms)``.

        The first ``limit`` by start and revision. Of hopping windows these are the ones that do not overlap.
        """
        ...

    def newest(
        self, tenant: str, devices: Sequence[str], *, size_ms: int, start_ms: int, end_ms: int
    ) -> list[WindowItem]:
        """Return what each of the devices has there, as ``query`` does, device by device in the order asked for.

        For a look at many devices: the range holds at most ``NEWEST_WINDOWS_MAX`` starts.
        """
        ...

    def newest_start_ms(self, tenant: str, *, size_ms: int, since_ms: int) -> int | None:
        """Return the start of the tenant's newest window of the size, None where none is at or after ``since_ms``.

        A backend that cannot tell at the price of a look always answers None; whoever waits goes by the clock then.
        """
        ...


class AlertTable(Protocol):
    """Append-only alert transitions, and people's actions, with one change feed."""

    def put(self, transitions: Sequence[Transition]) -> list[bool]:
        """Write each transition unless it is there already, oldest first; return which were new, in order.

        Where it fails, the first few are written and none of the others: the feed never runs ahead of a gap.
        """
        ...

    def query(
        self,
        tenant: str,
        *,
        device: str | None = None,
        fingerprint: str | None = None,
        until_ms: int | None = None,
        limit: int,
    ) -> list[Transition]:
        """Return transitions with ``at_ms`` before ``until_ms``, newest ``at_ms`` first, at most ``limit``."""
        ...

    def put_action(self, action: Action) -> bool:
        """Write the action unless it is there already; return whether it was new."""
        ...

    def actions(self, tenant: str, *, limit: int) -> list[Action]:
        """Return the tenant's actions, newest ``at_ms`` first, at most ``limit``."""
        ...

    @property
    def feed(self) -> LogReader:
        """The change feed, data as MessagePack: a record per new transition under the key ``tenant#device``.

        New actions are on it as well, under the key ``tenant``: ``tocsin.core.actions.is_action_key``.
        """
        ...


class Directory(Protocol):
    """Lists by tenant and key prefix."""

    def put(self, entries: Sequence[DirectoryEntry]) -> None:
        """Write or remove the entries, those with a number only over what they follow."""
        ...

    def query(self, tenant: str, *, prefix: str, after: str = "", limit: int) -> list[DirectoryEntry]:
        """Return entries by key, those after ``after`` with the prefix, at most ``limit``."""
        ...


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


FilterPolicy = Mapping[str, Sequence[str | Mapping[str, str]]]
"""Attribute name to accepted values, beginnings and ends; all names must match: ``tocsin.core.routes.accepts``."""


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
