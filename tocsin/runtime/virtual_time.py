"""A backend that stamps by its own clock, used in virtual time.

A service says when it took a record, and goes by the wall clock. In virtual time that would put readings hours
into the future, or the past. So records carry their arrival in front of their data, messages carry it as an
attribute, and of what is put into the table of alerts it is remembered when that was. Everything is written and
read through this very process: nothing is asked for as long as nothing was written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from tocsin.adapters.embedded.open import GATEWAY_QUEUE
from tocsin.adapters.embedded.segments import DatedRecord
from tocsin.core.actions import Action, encode_action
from tocsin.core.clock import NowMs
from tocsin.core.formats.alert_item import encode_transition
from tocsin.core.messages import Transition
from tocsin.core.ports import (
    AlertTable,
    Backend,
    Checkpoints,
    Log,
    LogReader,
    LogRecord,
    Queue,
    QueueMessage,
    Shard,
    StoredRecord,
)
from tocsin.runtime.host import HeldCheckpoints, Host

STAMP_BYTES: Final = 8
SENT: Final = "tocsin_sent_ms"


class VirtualHost:
    """A host whose clock is the given one.

    Attributes:
        backend: The ports of the stages.
    """

    backend: Backend

    def __init__(self, host: Host, now_ms: NowMs) -> None:
        self._host = host
        self._checkpoints = HeldCheckpoints()
        ports = host.backend
        self.backend = replace(
            ports,
            readings=_VirtualLog(ports.readings, now_ms),
            panes=_VirtualLog(ports.panes, now_ms),
            alerts=_VirtualAlerts(ports.alerts, now_ms),
            gateway=_VirtualQueue(ports.gateway, now_ms),
        )

    @property
    def checkpoints(self) -> Checkpoints:
        """How far the runtime has read; as long as it runs."""
        return self._checkpoints

    def queue(self, name: str) -> Queue:
        """Return the queue of that name, as it is."""
        return self._host.queue(name)

    def close(self) -> None:
        """Let go of the host."""
        self._host.close()


class _QuietReader:
    """Reads a log, and asks only where something was written since it last found nothing."""

    def __init__(self, reader: LogReader, as_seen: Callable[[StoredRecord], StoredRecord]) -> None:
        self._reader = reader
        self._as_seen = as_seen
        self._shards: Sequence[Shard] | None = None  # they stay as they are: nobody else is here to change them
        self._writes = 0
        self._quiet: dict[tuple[str, str | None], int] = {}  # shard and place to how many writes there were

    def wrote(self) -> None:
        """Take note that there may be something to read."""
        self._writes += 1
        self._quiet.clear()

    def shards(self) -> Sequence[Shard]:
        if self._shards is None:
            self._shards = self._reader.shards()
        return self._shards

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        if self._quiet.get((shard, after)) == self._writes:
            return []
        writes = self._writes
        found = self._reader.read(shard, after=after, limit=limit)
        if not found:
            self._quiet[shard, after] = writes
        return [self._as_seen(record) for record in found]

    def trim(self, shard: str, *, through: str) -> None:
        self._reader.trim(shard, through=through)


class _VirtualLog(_QuietReader):
    """A log whose records carry their arrival."""

    def __init__(self, log: Log, now_ms: NowMs) -> None:
        super().__init__(log, _without_stamp)
        self._log = log
        self._now_ms = now_ms

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        now_ms = self._now_ms()
        refused = self._log.put([_stamped(record, now_ms) for record in records])
        self.wrote()
        return refused


class _VirtualAlerts:
    """A table of alerts that remembers when what was put."""

    def __init__(self, table: AlertTable, now_ms: NowMs) -> None:
        self._table = table
        self._now_ms = now_ms
        self._arrivals: dict[bytes, int] = {}
        self._feed = _QuietReader(table.feed, self._as_put)
        self.query = table.query
        self.actions = table.actions

    def put(self, transitions: Sequence[Transition]) -> list[bool]:
        for transition in transitions:
            self._arrivals.setdefault(encode_transition(transition), self._now_ms())
        new = self._table.put(transitions)
        self._feed.wrote()
        return new

    def put_action(self, action: Action) -> bool:
        self._arrivals.setdefault(encode_action(action), self._now_ms())
        new = self._table.put_action(action)
        self._feed.wrote()
        return new

    @property
    def feed(self) -> LogReader:
        return self._feed

    def _as_put(self, record: StoredRecord) -> StoredRecord:
        return msgspec.structs.replace(record, arrival_ms=self._arrivals.get(record.data, record.arrival_ms))


class _VirtualQueue:
    """A queue whose messages carry when they were sent; it is asked only while something is in it."""

    def __init__(self, queue: Queue, now_ms: NowMs) -> None:
        self._queue = queue
        self._now_ms = now_ms
        self._waiting = 0
        self.release = queue.release
        self.depth = queue.depth
        self.dead_letters = queue.dead_letters

    @property
    def name(self) -> str:
        return GATEWAY_QUEUE  # as plans name their source; on the service it may have another name

    def send(self, bodies: Sequence[str], attributes: Mapping[str, str] | None = None) -> Sequence[int]:
        refused = self._queue.send(bodies, {**(attributes or {}), SENT: str(self._now_ms())})
        self._waiting += len(bodies) - len(refused)
        return refused

    def receive(self, *, limit: int, visibility_ms: int) -> list[QueueMessage]:
        if not self._waiting:
            return []
        return [_as_sent(message) for message in self._queue.receive(limit=limit, visibility_ms=visibility_ms)]

    def delete(self, receipts: Sequence[str]) -> None:
        self._queue.delete(receipts)
        self._waiting -= len(receipts)

    def redrive(self) -> int:
        moved = self._queue.redrive()
        self._waiting += moved
        return moved


def _stamped(record: LogRecord, now_ms: int) -> LogRecord:
    arrival_ms = record.arrival_ms if isinstance(record, DatedRecord) else now_ms
    return LogRecord(record.partition_key, arrival_ms.to_bytes(STAMP_BYTES) + record.data, record.hash_key)


def _without_stamp(record: StoredRecord) -> StoredRecord:
    arrival_ms = int.from_bytes(record.data[:STAMP_BYTES])
    return msgspec.structs.replace(record, data=record.data[STAMP_BYTES:], arrival_ms=arrival_ms)


def _as_sent(message: QueueMessage) -> QueueMessage:
    attributes = dict(message.attributes)
    return replace(message, sent_ms=int(attributes.pop(SENT, message.sent_ms)), attributes=attributes)
