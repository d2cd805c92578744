"""Ports that count what passes through them, so that every stage's work shows without asking the stages."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tocsin.core.actions import Action
from tocsin.core.formats.pane_bytes import decode_panes
from tocsin.core.formats.rejections import LATE_PREFIX, REJECTED_PREFIX, decode_rejections
from tocsin.core.keys import TICK_KEY
from tocsin.core.messages import DecisionRecord, Notification, Transition
from tocsin.core.ports import (
    AlertTable,
    Backend,
    Blobs,
    Decisions,
    FilterPolicy,
    Log,
    LogReader,
    LogRecord,
    Shard,
    StoredRecord,
    Topic,
)

TOLD_KEPT: Final = 100


@dataclass(slots=True)
class Passed:
    """What passed since the start; copies that a stage publishes again are counted again.

    Attributes:
        records: Records put on the log of readings, without ticks.
        ticks: Ticks put.
        panes: Window results, by the kind of pane.
        transitions: New alert transitions, by phase.
        decisions: Decisions about them, by decision.
        notifications: Notifications published.
        told: The newest of them, for whoever shows them; at most ``TOLD_KEPT``.
        rejected: Rejections, by stage and reason.
        late_blobs: Stored batches of late readings.
    """

    records: int = 0
    ticks: int = 0
    panes: int = 0
    transitions: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    notifications: int = 0
    told: deque[Notification] = field(default_factory=lambda: deque(maxlen=TOLD_KEPT))
    rejected: dict[str, Counter[str]] = field(default_factory=dict)
    late_blobs: int = 0


def counted(backend: Backend, passed: Passed) -> Backend:
    """Return the backend's ports, counting into ``passed``."""
    return replace(
        backend,
        readings=_CountedLog(backend.readings, lambda records: _count_readings(passed, records)),
        panes=_CountedLog(backend.panes, lambda records: _count_panes(passed, records)),
        alerts=_CountedAlerts(backend.alerts, passed),
        decisions=_CountedDecisions(backend.decisions, passed),
        topic=_CountedTopic(backend.topic, passed),
        blobs=_CountedBlobs(backend.blobs, passed),
    )


def _count_readings(passed: Passed, records: Sequence[LogRecord]) -> None:
    ticks = sum(record.partition_key == TICK_KEY for record in records)
    passed.ticks += ticks
    passed.records += len(records) - ticks


def _count_panes(passed: Passed, records: Sequence[LogRecord]) -> None:
    passed.panes += sum(len(decode_panes(record.data).panes) for record in records)


class _CountedLog:
    def __init__(self, log: Log, count: Callable[[Sequence[LogRecord]], None]) -> None:
        self._log = log
        self._count = count

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        refused = self._log.put(records)
        gone = set(refused)
        self._count([record for place, record in enumerate(records) if place not in gone] if gone else records)
        return refused

    def shards(self) -> Sequence[Shard]:
        return self._log.shards()

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        return self._log.read(shard, after=after, limit=limit)

    def trim(self, shard: str, *, through: str) -> None:
        self._log.trim(shard, through=through)


class _CountedAlerts:
    def __init__(self, table: AlertTable, passed: Passed) -> None:
        self._table = table
        self._passed = passed

    def put(self, transitions: Sequence[Transition]) -> list[bool]:
        new = self._table.put(transitions)
        self._passed.transitions.update(
            transition.phase.value
            for transition, is_new in zip(transitions, new, strict=True)
            if is_new and not transition.shadow_of
        )
        return new

    def query(
        self,
        tenant: str,
        *,
        device: str | None = None,
        fingerprint: str | None = None,
        until_ms: int | None = None,
        limit: int,
    ) -> list[Transition]:
        return self._table.query(tenant, device=device, fingerprint=fingerprint, until_ms=until_ms, limit=limit)

    def put_action(self, action: Action) -> bool:
        return self._table.put_action(action)

    def actions(self, tenant: str, *, limit: int) -> list[Action]:
        return self._table.actions(tenant, limit=limit)

    @property
    def feed(self) -> LogReader:
        return self._table.feed


class _CountedDecisions:
    def __init__(self, decisions: Decisions, passed: Passed) -> None:
        self._decisions = decisions
        self._passed = passed

    def put(self, records: Sequence[DecisionRecord]) -> None:
        self._decisions.put(records)
        self._passed.decisions.update(record.decision.value for record in records)

    def query(self, tenant: str, *, fingerprint: str | None = None, limit: int) -> list[DecisionRecord]:
        return self._decisions.query(tenant, fingerprint=fingerprint, limit=limit)


class _CountedTopic:
    def __init__(self, topic: Topic, passed: Passed) -> None:
        self._topic = topic
        self._passed = passed

    def publish(self, notifications: Sequence[Notification]) -> Sequence[int]:
        refused = self._topic.publish(notifications)
        gone = set(refused)
        told = [one for place, one in enumerate(notifications) if place not in gone]
        self._passed.notifications += len(told)
        self._passed.told.extend(told)
        return refused

    def subscribe(self, queue: str, policy: FilterPolicy | None = None) -> None:
        self._topic.subscribe(queue, policy)


class _CountedBlobs:
    def __init__(self, blobs: Blobs, passed: Passed) -> None:
        self._blobs = blobs
        self._passed = passed

    def put(self, name: str, data: bytes) -> None:
        self._blobs.put(name, data)
        if name.startswith(REJECTED_PREFIX):
            stage = name.removeprefix(REJECTED_PREFIX).partition("/")[0]
            reasons = self._passed.rejected.setdefault(stage, Counter())
            reasons.update(one.reason.value for one in decode_rejections(data))
        self._passed.late_blobs += name.startswith(LATE_PREFIX)

    def get(self, name: str) -> bytes | None:
        return self._blobs.get(name)

    def names(self, prefix: str, *, after: str = "", limit: int) -> list[str]:
        return self._blobs.names(prefix, after=after, limit=limit)
