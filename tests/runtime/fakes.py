"""Small real implementations of what a mapping needs, and handlers that fail by a script."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tocsin.core.ports import Shard, StoredRecord
from tocsin.runtime.discarded import kept_in
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.stream import StreamMapping

PATIENT = MappingSettings(batch_records_max=3, retry_ms_first=100, retry_ms_max=1_000)


class FakeClock:
    """A clock that tests move."""

    def __init__(self, now_ms: int = 1_000_000) -> None:
        self.at_ms = now_ms

    def now_ms(self) -> int:
        return self.at_ms


@dataclass
class FakeLog:
    """A log of lists."""

    kept: list[Shard] = field(default_factory=lambda: [Shard("s-0", 0, 1 << 128)])
    records: dict[str, list[StoredRecord]] = field(default_factory=dict)

    def add(self, shard: str, *names: str, arrival_ms: int = 1_000_000) -> None:
        held = self.records.setdefault(shard, [])
        start = sum(map(len, self.records.values()))
        held += [
            StoredRecord(shard, str(9_995 + start + place), "acme#pump", name.encode(), arrival_ms)
            for place, name in enumerate(names)
        ]

    def close(self, shard: str) -> None:
        self.kept = [replace(one, closed=one.closed or one.id == shard) for one in self.kept]

    def shards(self) -> Sequence[Shard]:
        return self.kept

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        later = [r for r in self.records.get(shard, []) if after is None or int(r.sequence) > int(after)]
        return later[:limit]

    def trim(self, shard: str, *, through: str) -> None:
        self.records[shard] = [r for r in self.records[shard] if int(r.sequence) > int(through)]


class FakeCheckpoints:
    """Checkpoints in a dictionary."""

    def __init__(self) -> None:
        self.saved: dict[str, dict[str, str]] = {}

    def load(self, mapping: str) -> dict[str, str]:
        return dict(self.saved.get(mapping, {}))

    def save(self, mapping: str, shard: str, sequence: str) -> None:
        self.saved.setdefault(mapping, {})[shard] = sequence


class FakeBlobs:
    """Blobs in a dictionary."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self.stored[name] = data

    def get(self, name: str) -> bytes | None:
        return self.stored.get(name)

    def names(self, prefix: str, *, after: str = "", limit: int) -> list[str]:
        return sorted(n for n in self.stored if n.startswith(prefix) and n > after)[:limit]


Answer = Callable[[list[str]], dict[str, Any]]


class Scripted:
    """A handler that notes what it was given, and answers by a script; then it answers fine."""

    def __init__(self, *answers: Answer) -> None:
        self.calls: list[list[str]] = []
        self._answers = list(answers)

    def __call__(self, event: dict[str, Any], _: object) -> dict[str, Any]:
        names = list(event["names"])
        self.calls.append(names)
        return self._answers.pop(0)(names) if self._answers else {}


def raises(_: list[str]) -> dict[str, Any]:
    raise RuntimeError("store did not answer")


def fails(*identifiers: object) -> Answer:
    return lambda _: {"batchItemFailures": [{"itemIdentifier": item} for item in identifiers]}


@dataclass
class Bench:
    """A mapping over fakes."""

    handler: Any
    settings: MappingSettings = PATIENT
    log: FakeLog = field(default_factory=FakeLog)
    clock: FakeClock = field(default_factory=FakeClock)
    checkpoints: FakeCheckpoints = field(default_factory=FakeCheckpoints)
    blobs: FakeBlobs = field(default_factory=FakeBlobs)

    def mapping(self) -> StreamMapping:
        return StreamMapping(
            "stage",
            self.log,
            self.handler,
            self.settings,
            event_of=_event,
            checkpoints=self.checkpoints,
            now_ms=self.clock.now_ms,
            on_failure=kept_in(self.blobs),
        )

    def run(self, mapping: StreamMapping, polls: int = 200) -> None:
        """Poll, moving the clock to whatever is due, until nothing is left."""
        for _ in range(polls):
            if mapping.poll():
                continue
            due_ms = mapping.due_ms()
            if due_ms is None:
                return
            self.clock.at_ms = max(self.clock.at_ms, due_ms)
        raise AssertionError("the mapping never came to rest")


def _event(records: Sequence[StoredRecord]) -> dict[str, Any]:
    return {
        "names": [record.data.decode() for record in records],
        "Records": [{"eventSource": "aws:kinesis", "eventSourceARN": "arn:test"} for _ in records],
    }
