"""Every port over dictionaries: a deployment that is opened in microseconds.

The contract suite runs on it as on every backend. Sequence numbers begin at 1 in every shard, so they
restart in the children of a split, as they may anywhere.
"""

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count, islice, pairwise
from threading import Lock
from typing import Any, Final

import msgspec

from tests.simulation.memory_queue import MemoryQueue
from tocsin.core.actions import Action
from tocsin.core.keys import HASH_END, key_hash, partition_key
from tocsin.core.messages import DecisionRecord, Notification, Transition
from tocsin.core.ports import (
    Backend,
    DirectoryEntry,
    FilterPolicy,
    LogRecord,
    SavedState,
    Shard,
    StateKey,
    StateWrite,
    StoredRecord,
    WindowItem,
)
from tocsin.core.routes import accepts
from tocsin.core.series import SeriesWindows, series_of

NowMs = Callable[[], int]
_encode: Final = msgspec.msgpack.Encoder().encode


@dataclass
class _Held:
    """A shard and what it holds."""

    shard: Shard
    records: list[StoredRecord] = field(default_factory=list)
    trimmed: int = 0


class MemoryLog:
    """A log of lists."""

    def __init__(self, name: str, shards: int, now_ms: NowMs) -> None:
        self._name = name
        self._now_ms = now_ms
        self._held: dict[str, _Held] = {}
        self._open: list[Shard] = []
        self._starts: list[int] = []
        borders = [HASH_END * place // shards for place in range(shards + 1)]
        self._add(list(pairwise(borders)), ())

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        arrival_ms = self._now_ms()
        for record in records:
            place = key_hash(record.partition_key) if record.hash_key is None else record.hash_key
            held = self._held[self._open[bisect_right(self._starts, place) - 1].id]
            number = str(held.trimmed + len(held.records) + 1)
            held.records.append(StoredRecord(held.shard.id, number, record.partition_key, record.data, arrival_ms))
        return []

    def shards(self) -> Sequence[Shard]:
        return [held.shard for held in self._held.values() if held.records or not held.shard.closed]

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        held = self._held[shard]
        first = max(int(after or 0) - held.trimmed, 0)
        return held.records[first : first + limit]

    def trim(self, shard: str, *, through: str) -> None:
        held = self._held[shard]
        dropped = min(max(int(through) - held.trimmed, 0), len(held.records))
        del held.records[:dropped]
        held.trimmed += dropped

    def split(self, shard: Shard) -> None:
        """Close the shard and open two that take over the halves of its range."""
        middle = (shard.hash_start + shard.hash_end) // 2
        self._add([(shard.hash_start, middle), (middle, shard.hash_end)], (shard,))

    def merge(self, lower: Shard, upper: Shard) -> None:
        """Close two neighbours and open one that takes over both ranges."""
        assert lower.hash_end == upper.hash_start
        self._add([(lower.hash_start, upper.hash_end)], (lower, upper))

    def open_shards(self) -> list[Shard]:
        """Return the shards that take records, by their first hash."""
        return list(self._open)

    def _add(self, ranges: Sequence[tuple[int, int]], parents: Sequence[Shard]) -> None:
        for parent in parents:
            self._held[parent.id].shard = replace(parent, closed=True)
        names = tuple(parent.id for parent in parents)
        for start, end in ranges:
            shard = Shard(f"shardId-{len(self._held):012d}", start, end, names)
            self._held[shard.id] = _Held(shard)
        self._open = sorted(
            (held.shard for held in self._held.values() if not held.shard.closed), key=lambda one: one.hash_start
        )
        self._starts = [shard.hash_start for shard in self._open]


class MemoryState:
    """Versions count all commits of the deployment, so none comes twice."""

    def __init__(self) -> None:
        self.stored: dict[StateKey, SavedState] = {}
        self._versions = count(1)
        self._lock = Lock()

    def load(self, keys: Sequence[StateKey]) -> list[SavedState]:
        return [self.stored.get(key, SavedState(None, "")) for key in keys]

    def commit(self, writes: Sequence[StateWrite]) -> list[str | None]:
        with self._lock:
            return [self._commit(write) for write in writes]

    def _commit(self, write: StateWrite) -> str | None:
        before = self.stored.get(write.key, SavedState(None, ""))
        if before.version != write.expected_version:
            return None
        version = str(next(self._versions))
        self.stored[write.key] = SavedState(write.blob, version)
        return version


class MemoryWindows:
    """Items by device, then by size, start and revision."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], dict[tuple[int, int, int], WindowItem]] = {}

    def put(self, items: Sequence[WindowItem]) -> None:
        for item in items:
            of_device = self.stored.setdefault((item.tenant, item.device), {})
            key = (item.size_ms, item.start_ms, item.revision)
            known = of_device.get(key)
            if known is None or known.metrics.keys() <= item.metrics.keys():
                of_device[key] = item
            else:
                of_device[key] = msgspec.structs.replace(item, metrics=known.metrics | item.metrics)

    def query(
        self, tenant: str, device: str, *, size_ms: int, start_ms: int, end_ms: int, limit: int
    ) -> list[WindowItem]:
        of_device = self.stored.get((tenant, device), {})
        found = sorted(key for key in of_device if key[0] == size_ms and start_ms <= key[1] < end_ms)
        return [of_device[key] for key in found[:limit]]

    def series(
        self, tenant: str, device: str, metric: str, *, size_ms: int, start_ms: int, end_ms: int, limit: int
    ) -> SeriesWindows:
        items = self.query(tenant, device, size_ms=size_ms, start_ms=start_ms, end_ms=end_ms, limit=sys.maxsize)
        rows = [
            (item.start_ms, item.revision, msgspec.structs.astuple(item.metrics[metric]))
            for item in items
            if metric in item.metrics and item.start_ms % size_ms == 0
        ]
        starts, revisions, stats = zip(*rows[:limit], strict=True) if rows[:limit] else ((), (), ())
        return series_of(starts, revisions, stats)

    def newest(
        self, tenant: str, devices: Sequence[str], *, size_ms: int, start_ms: int, end_ms: int
    ) -> list[WindowItem]:
        return [
            item
            for device in devices
            for item in self.query(tenant, device, size_ms=size_ms, start_ms=start_ms, end_ms=end_ms, limit=sys.maxsize)
        ]

    def newest_start_ms(self, tenant: str, *, size_ms: int, since_ms: int) -> int | None:
        starts = [
            start_ms
            for (owner, _), of_device in self.stored.items()
            for size, start_ms, _ in of_device
            if owner == tenant and size == size_ms and start_ms >= since_ms
        ]
        return max(starts, default=None)


class MemoryAlerts:
    """Transitions in the order in which they were put."""

    def __init__(self, now_ms: NowMs) -> None:
        self.stored: dict[tuple[str, str, str, int, int], Transition] = {}
        self.acted: dict[tuple[str, int, str], Action] = {}
        self.feed = MemoryLog("alerts", 1, now_ms)
        self._lock = Lock()

    def put(self, transitions: Sequence[Transition]) -> list[bool]:
        with self._lock:
            return [self._put(transition) for transition in transitions]

    def _put(self, told: Transition) -> bool:
        key = (told.tenant, told.device, told.fingerprint, told.episode, told.number)
        if key in self.stored:
            return False
        self.stored[key] = told
        self.feed.put([LogRecord(partition_key(told.tenant, told.device), _encode(told))])
        return True

    def query(
        self,
        tenant: str,
        *,
        device: str | None = None,
        fingerprint: str | None = None,
        until_ms: int | None = None,
        limit: int,
    ) -> list[Transition]:
        found = [
            told
            for told in reversed(self.stored.values())
            if told.tenant == tenant
            and device in {None, told.device}
            and fingerprint in {None, told.fingerprint}
            and (until_ms is None or told.at_ms < until_ms)
        ]
        return sorted(found, key=lambda told: -told.at_ms)[:limit]

    def put_action(self, action: Action) -> bool:
        with self._lock:
            key = (action.tenant, action.at_ms, action.id)
            if key in self.acted:
                return False
            self.acted[key] = action
            self.feed.put([LogRecord(action.tenant, _encode(action))])
            return True

    def actions(self, tenant: str, *, limit: int) -> list[Action]:
        found = [self.acted[key] for key in sorted(self.acted, reverse=True) if key[0] == tenant]
        return found[:limit]


class MemoryDecisions:
    """The first decision about each transition."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str, int, int], DecisionRecord] = {}

    def put(self, records: Sequence[DecisionRecord]) -> None:
        for record in records:
            alert = record.alert
            self.stored.setdefault((record.tenant, alert.fingerprint, alert.number, alert.episode), record)

    def query(self, tenant: str, *, fingerprint: str | None = None, limit: int) -> list[DecisionRecord]:
        keys = sorted(key for key in self.stored if key[0] == tenant and fingerprint in {None, key[1]})
        return [self.stored[key] for key in keys[:limit]]


class MemoryDirectory:
    """Entries by tenant and key; those that were removed stay, without data."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], DirectoryEntry] = {}

    def put(self, entries: Sequence[DirectoryEntry]) -> None:
        for entry in entries:
            stored = self.stored.get((entry.tenant, entry.key))
            if stored is None or entry.follows(stored.number):
                self.stored[entry.tenant, entry.key] = entry

    def query(self, tenant: str, *, prefix: str, after: str = "", limit: int) -> list[DirectoryEntry]:
        keys = sorted(
            (owner, key)
            for (owner, key), entry in self.stored.items()
            if owner == tenant and key.startswith(prefix) and key > after and entry.data is not None
        )
        return [self.stored[key] for key in keys[:limit]]


class MemoryBlobs:
    """Blobs by name."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self.stored[name] = data

    def get(self, name: str) -> bytes | None:
        return self.stored.get(name)

    def names(self, prefix: str, *, after: str = "", limit: int) -> list[str]:
        found = (name for name in sorted(self.stored) if name.startswith(prefix) and name > after)
        return list(islice(found, limit))


class MemoryTopic:
    """Copies to queues what they want."""

    def __init__(self, queue: Callable[[str], MemoryQueue]) -> None:
        self._queue = queue
        self._policies: dict[str, FilterPolicy] = {}

    def publish(self, notifications: Sequence[Notification]) -> Sequence[int]:
        for notification in notifications:
            body = msgspec.json.encode(notification).decode()
            for name, policy in self._policies.items():
                if accepts(policy, notification.attributes):
                    self._queue(name).send([body], notification.attributes)
        return []

    def subscribe(self, queue: str, policy: FilterPolicy | None = None) -> None:
        self._policies[queue] = policy or {}


class Memory:
    """A deployment in dictionaries."""

    def __init__(self, now_ms: NowMs, shards: int = 1) -> None:
        self._now_ms = now_ms
        self._queues: dict[str, MemoryQueue] = {}
        self.readings = MemoryLog("readings", shards, now_ms)
        self.panes = MemoryLog("panes", shards, now_ms)
        self.state = MemoryState()
        self.windows = MemoryWindows()
        self.alerts = MemoryAlerts(now_ms)
        self.decisions = MemoryDecisions()
        self.blobs = MemoryBlobs()
        parts: dict[str, Any] = {name: getattr(self, name) for name in _PARTS}
        self.backend = Backend(
            **parts, directory=MemoryDirectory(), gateway=self.queue("gateway"), topic=MemoryTopic(self.queue)
        )

    def queue(self, name: str) -> MemoryQueue:
        """Return the queue of that name."""
        return self._queues.setdefault(name, MemoryQueue(name, self._now_ms))


_PARTS: Final = ("readings", "panes", "state", "windows", "alerts", "decisions", "blobs")


@contextmanager
def open_memory(now_ms: NowMs, shards: int) -> Iterator[Memory]:
    """Open a deployment; there is nothing to close."""
    yield Memory(now_ms, shards)
