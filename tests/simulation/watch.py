"""What is seen at the ports, between the faults and the store: every commit, and what is published after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tocsin.core.messages import DecisionRecord, Notification, Transition
from tocsin.core.ports import LogRecord, SavedState, StateKey, StateWrite

PLANS_PREFIX: Final = "plans/"
_blobs: Final = msgspec.msgpack.Decoder(tuple[int, list[tuple[str, str, bytes]], bytes])
_metas: Final = msgspec.msgpack.Decoder()
_transitions: Final = msgspec.msgpack.Decoder(Transition)
_notifications: Final = msgspec.msgpack.Decoder(Notification)


@dataclass(frozen=True)
class Folded:
    """A stretch of a shard that one commit folded into a group: after ``after``, through ``through``."""

    shard: str
    after: int
    through: int


AlertsCommit = tuple[dict[str, int], list[tuple[str, bytes]]]


def opened(blob: bytes) -> tuple[list[tuple[str, str, bytes]], bytes]:
    """Return the outbox and the body of a stored state."""
    _, outbox, body = _blobs.decode(blob)
    return outbox, body


def meta_of(stage: str, body: bytes) -> Any:
    """Return the plain values of a stored state's body."""
    header = _metas.decode(body[8 : 8 + int.from_bytes(body[4:8], "little")])
    schema, _, meta, _ = header.values() if isinstance(header, dict) else header
    assert schema == f"{stage}.state", schema
    return meta


@dataclass
class Watch:
    """Notes what is committed, and finds what must not be.

    Attributes:
        findings: What was wrong.
        folded: Group to the stretches folded, in the order of the commits.
        panes: Bytes of all pane batches committed, by (group, number).
        told: Transitions committed by anomaly, by fingerprint and number.
        notified: Notifications committed by alerts.
        accounts: (group, shard) to the counters of the newest commit.
        alerts: What the commits of alerts were: fingerprint to number folded, and what each emitted, by lane.
        commits: How many commits held.
    """

    findings: list[str] = field(default_factory=list)
    folded: dict[int, list[Folded]] = field(default_factory=dict)
    panes: dict[int, list[bytes]] = field(default_factory=dict)
    told: dict[tuple[str, int], Transition] = field(default_factory=dict)
    notified: dict[str, Notification] = field(default_factory=dict)
    accounts: dict[tuple[int, str], list[Any]] = field(default_factory=dict)
    alerts: dict[int, list[AlertsCommit]] = field(default_factory=dict)
    commits: int = 0
    _versions: dict[StateKey, int] = field(default_factory=dict)
    _numbers: dict[StateKey, int] = field(default_factory=dict)
    _known: set[bytes] = field(default_factory=set)
    _fences: dict[StateKey, dict[Any, int]] = field(default_factory=dict)

    def committed(self, key: StateKey, blob: bytes, version: str) -> None:
        """Note one commit that held."""
        self.commits += 1
        if int(version) <= self._versions.get(key, 0):
            self.findings.append(f"fell: version of {key.stage} group {key.group}: {version}")
        self._versions[key] = int(version)
        outbox, body = opened(blob)
        meta = meta_of(key.stage, body)
        getattr(self, f"_{key.stage}")(key, meta, outbox)
        self._known.update(data for _, _, data in outbox)

    def published(self, lane: str, data: bytes) -> None:
        """Note that something is published; it must have been committed."""
        if data not in self._known:
            self.findings.append(f"published before commit: {lane} {data[:60]!r}")

    def judged(self, group: int) -> int:
        """Return how many batches of the group's panes anomaly has folded."""
        fences = (fences for key, fences in self._fences.items() if (key.stage, key.group) == ("anomaly", group))
        return next(fences, {}).get((1, group), 0)

    def _processors(self, key: StateKey, meta: Any, outbox: list[tuple[str, str, bytes]]) -> None:
        fences = {shard: int(account[0]) for shard, account in meta[4].items()}
        self.accounts |= {(key.group, shard): account for shard, account in meta[4].items()}
        before = self._passed(key, fences)
        for shard, through in fences.items():
            after = before.get(shard, 0)
            if through > after:
                self.folded.setdefault(key.group, []).append(Folded(shard, after, through))
        batches = self.panes.setdefault(key.group, [])
        fresh = [data for lane, _, data in outbox if lane == "panes" and data not in self._known]
        batches += fresh
        if meta[3] != len(batches):
            self.findings.append(
                f"numbers: panes of group {key.group} stand at {meta[3]}, {len(batches)} were committed"
            )

    def _anomaly(self, key: StateKey, meta: Any, outbox: list[tuple[str, str, bytes]]) -> None:
        fences = {tuple(sender): number for *sender, number in _fence_of(meta)}
        self._passed(key, fences)
        for _, _, data in outbox:
            told = _transitions.decode(data)
            known = self.told.setdefault((told.fingerprint, told.number), told)
            if known != told:
                self.findings.append(f"numbers: two transitions are number {told.number} of {told.fingerprint}")

    def _alerts(self, key: StateKey, meta: Any, outbox: list[tuple[str, str, bytes]]) -> None:
        folded = {name: number for name, number, *_ in meta[0]}
        self._passed(key, dict(meta[2]) | folded)
        fresh = [(lane, data) for lane, _, data in outbox if data not in self._known]
        self.alerts.setdefault(key.group, []).append((folded, fresh))
        if meta[3]:
            self.findings.append(f"lost: the feed skipped {meta[3]} transitions in group {key.group}")
        for lane, _, data in outbox:
            if lane == "notification":
                sent = _notifications.decode(data)
                if self.notified.setdefault(sent.id, sent) != sent:
                    self.findings.append(f"numbers: notification {sent.id} was committed with two contents")

    def _passed(self, key: StateKey, fences: dict[Any, int]) -> dict[Any, int]:
        """Return the fences before, and note the new ones; none may fall."""
        before = self._fences.get(key, {})
        fell = [name for name, value in before.items() if fences.get(name, 0) < value]
        if fell:
            self.findings.append(f"fell: fence of {key.stage} group {key.group}: {fell}")
        self._fences[key] = fences
        return before


def _fence_of(meta: Any) -> list[list[int]]:
    return [list(entry) for entry in (meta["fence"] if isinstance(meta, dict) else meta[0])]


class WatchedState:
    """A state store whose commits are seen."""

    def __init__(self, store: Any, watch: Watch) -> None:
        self._store = store
        self._watch = watch

    def load(self, keys: Sequence[StateKey]) -> list[SavedState]:
        found: list[SavedState] = self._store.load(keys)
        return found

    def commit(self, writes: Sequence[StateWrite]) -> list[str | None]:
        answers: list[str | None] = self._store.commit(writes)
        for write, version in zip(writes, answers, strict=True):
            if version is not None:
                self._watch.committed(write.key, write.blob, version)
        return answers


class WatchedPort:
    """A port whose first argument is told to the watch, item by item, before the call."""

    def __init__(self, port: Any, lane: str, method: str, watch: Watch) -> None:
        self._port = port
        self._told = (lane, method, watch)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        lane, method, watch = self._told
        if name != method:
            return found

        def call(items: Sequence[Any], *rest: Any) -> Any:
            for item in items:
                watch.published(lane, item.data if isinstance(item, LogRecord) else _encode(item))
            return found(items, *rest)

        return call


_encode: Final = msgspec.msgpack.Encoder().encode


class WatchedDecisions:
    """Decisions of which none may contradict an earlier one."""

    def __init__(self, decisions: Any, watch: Watch) -> None:
        self._decisions = decisions
        self._watch = watch
        self._first: dict[Any, DecisionRecord] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decisions, name)

    def put(self, records: Sequence[DecisionRecord]) -> None:
        for record in records:
            self._watch.published("decision", _encode(record))
            if self._first.setdefault((record.tenant, record.alert), record) != record:
                self._watch.findings.append(f"numbers: two decisions about {record.alert}")
        self._decisions.put(records)


class WatchedBlobs:
    """Blobs; what the stages put aside must have been committed."""

    def __init__(self, blobs: Any, watch: Watch) -> None:
        self._blobs = blobs
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)

    def put(self, name: str, data: bytes) -> None:
        if not name.startswith(PLANS_PREFIX):
            self._watch.published("blob", data)
        self._blobs.put(name, data)
