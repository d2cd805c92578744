"""A tiny stage for tests of the machine, and a store that fails as it is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from tocsin.core.errors import SequenceGapError, UnavailableError
from tocsin.core.machine import Entry, Machine, Step
from tocsin.core.ports import SavedState, StateKey, StateStore, StateWrite

Batch = tuple[int, ...]


@dataclass(frozen=True)
class Total:
    """What was folded: the last number, which is the fence too, and the sum."""

    last: int = 0
    sum: int = 0


@dataclass
class Tally:
    """Sums ascending numbers and emits each; what it published is in ``published``.

    Attributes:
        part: How many numbers one step folds at most; the rest it hands back.
        entry_bytes: Length of each emitted entry.
        room: How many more entries can be published, or None for any number.
        gaps: Groups in which the next step misses a number.
        published: Group to numbers published, in order, copies included.
        journal: What happened, in order: ``commit`` (of the store below) and ``publish``.
    """

    part: int = 1_000
    entry_bytes: int = 8
    room: int | None = None
    gaps: set[int] = field(default_factory=set)
    published: dict[int, list[int]] = field(default_factory=dict)
    journal: list[str] = field(default_factory=list)
    name: str = "tally"
    generation: int = 1

    def initial(self, group: int) -> Total:
        if group in self.gaps:
            raise AssertionError("a group with a gap has state")
        return Total()

    def decode(self, blob: bytes) -> Total:
        return msgspec.json.decode(blob, type=Total)

    def encode(self, state: Total) -> bytes:
        return msgspec.json.encode(state)

    def step(self, state: Total, batch: Batch) -> Step[Total, Batch]:
        fresh = [number for number in batch if number > state.last]
        if self.gaps and fresh and fresh[0] in self.gaps:
            raise SequenceGapError(f"{fresh[0]} came too early")
        now, rest = fresh[: self.part], tuple(fresh[self.part :])
        if not now:
            return Step(state)
        emitted = tuple(Entry("out", "", number.to_bytes(self.entry_bytes, "big")) for number in now)
        return Step(Total(now[-1], state.sum + sum(now)), emitted, rest or None)

    def publish(self, outboxes: Mapping[int, Sequence[Entry]]) -> Mapping[int, int]:
        self.journal.append("publish")
        done = {}
        for group, entries in outboxes.items():
            taken = entries if self.room is None else entries[: self.room]
            if self.room is not None:
                self.room -= len(taken)
            numbers = [int.from_bytes(entry.data, "big") for entry in taken]
            self.published.setdefault(group, []).extend(numbers)
            done[group] = len(taken)
        return done


@dataclass
class FaultyStore:
    """A store that passes everything on, and fails where it was told to.

    Attributes:
        store: The real one.
        journal: Where commits are noted.
        lost_answers: How many commits from now on happen without an answer.
        refusals: How many commits from now on fail without happening.
        before_commit: Called before each commit: another writer's chance to be first.
        commits: All writes that were asked for, call by call.
    """

    store: StateStore
    journal: list[str] = field(default_factory=list)
    lost_answers: int = 0
    refusals: int = 0
    before_commit: Callable[[], None] = lambda: None
    commits: list[Sequence[StateWrite]] = field(default_factory=list)

    def load(self, keys: Sequence[StateKey]) -> list[SavedState]:
        return self.store.load(keys)

    def commit(self, writes: Sequence[StateWrite]) -> list[str | None]:
        self.before_commit()
        self.journal.append("commit")
        self.commits.append(writes)
        if self.refusals:
            self.refusals -= 1
            raise UnavailableError("the store did not answer")
        versions = self.store.commit(writes)
        if self.lost_answers:
            self.lost_answers -= 1
            raise UnavailableError("the answer was lost")
        return versions


def stored(store: StateStore, group: int = 0) -> tuple[Total, list[int]]:
    """Return state and outbox as they are stored, read without the machine's help."""
    (saved,) = store.load([StateKey(1, group, "tally")])
    if saved.blob is None:
        return Total(), []
    _version, outbox, body = msgspec.msgpack.decode(saved.blob)
    return msgspec.json.decode(body, type=Total), [int.from_bytes(data, "big") for _, _, data in outbox]


def folded_by_another(store: FaultyStore, number: int) -> None:
    """Another process folds and publishes the number."""
    assert Machine(Tally(), store.store).run({0: (number,)}) == {}
