"""The machine that every stateful stage is: load, fold, commit, then publish.

A group's state and its *outbox* (all that it emitted and that is not known to be published) are one
blob, committed under the version that was loaded. Nothing is announced that was not committed; what
was committed is announced at least once, oldest first, with the same numbers each time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from tocsin.core.errors import CommitContendedError, PublishError, TransientError
from tocsin.core.ports import StateKey, StateStore, StateWrite
from tocsin.core.sealed import Encoded, seal, unseal

COMMIT_ATTEMPTS_MAX: Final = 6
OUTBOX_BYTES_MAX: Final = 4 * 1024 * 1024

StateT = TypeVar("StateT")
BatchT = TypeVar("BatchT")


@dataclass(frozen=True, slots=True)
class Entry:
    """One emitted message, encoded.

    Attributes:
        lane: Where it goes, a word of the stage: ``panes``, ``blob``, ``alert``, ...
        name: Name under which the lane stores it, or empty.
        data: Its bytes.
        value: What the bytes say, where this process has encoded them; None where they were loaded.
    """

    lane: str
    name: str
    data: bytes
    value: object = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Step(Generic[StateT, BatchT]):
    """What a step decided.

    Attributes:
        state: The new state; the very same object where nothing changed.
        emitted: What to publish, oldest first.
        rest: What of the batch is still to be folded, where the emitted grew too large; else None.
    """

    state: StateT
    emitted: tuple[Entry, ...] = ()
    rest: BatchT | None = None


class Stage(Protocol[StateT, BatchT]):
    """What the machine needs of a stage."""

    name: str
    generation: int

    def initial(self, group: int) -> StateT:
        """Return the state of a group that has seen nothing."""
        ...

    def decode(self, blob: bytes) -> StateT:
        """Return the state of the bytes."""
        ...

    def encode(self, state: StateT) -> Encoded:
        """Return the bytes of the state, or pieces of them, which are put together once."""
        ...

    def step(self, state: StateT, batch: BatchT) -> Step[StateT, BatchT]:
        """Fold the batch; what the fence knows already changes nothing. Pure."""
        ...

    def publish(self, outboxes: Mapping[int, Sequence[Entry]]) -> Mapping[int, int]:
        """Publish each group's entries, oldest first, stopping at a group's first failure.

        Returns:
            Group to number of entries published.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Held(Generic[StateT]):
    """A group as this process knows it."""

    version: str
    state: StateT
    outbox: tuple[Entry, ...]


class Machine(Generic[StateT, BatchT]):
    """Folds batches into key groups, exactly once.

    States stay in memory between calls. That is safe because a commit states the version it was
    folded on: where another writer was first, the group is loaded and folded again. A fold that changes
    nothing commits nothing, so it may rest on an outdated state: ``forget`` first where that matters.

    Args:
        stage: What is folded, and how.
        store: Where the groups are.
        settles: Commit once more after publishing, so that whoever loads the group next does not publish
            the same outbox again. One request more a batch, for stages whose messages reach people.

    Attributes:
        commits: How many commits held, since the start.
        conflicts: How many did not, as another writer was first.
    """

    def __init__(self, stage: Stage[StateT, BatchT], store: StateStore, *, settles: bool = False) -> None:
        self._stage = stage
        self._store = store
        self._settles = settles
        self.commits = self.conflicts = 0
        self._loaded: dict[int, StateT] = {}
        self._fresh: set[int] = set()
        self._cache: dict[int, _Held[StateT]] = {}  # at most the plan's number of groups

    def run(self, batches: Mapping[int, BatchT]) -> dict[int, TransientError]:
        """Fold, commit and publish; return why a group failed, for each that did.

        A failed group's batch must be delivered again; the others are done.

        Raises:
            UnavailableError: The store did not answer: all groups must be delivered again.
        """
        if not self._fresh:
            self._loaded.clear()
        for group in self._fresh.difference(batches):
            self._cache.pop(group, None)  # it has published nothing of what it was loaded with
        pending = dict(batches)
        attempts = dict.fromkeys(pending, 0)
        failures: dict[int, TransientError] = {}
        while pending:
            conflicted, rests = self._round(pending, failures)
            for group in conflicted:
                attempts[group] += 1
                if attempts[group] >= COMMIT_ATTEMPTS_MAX:
                    failures[group] = CommitContendedError(
                        f"{self._stage.name} group {group} was committed by others {attempts[group]} times"
                    )
            again = {group: pending[group] for group in conflicted} | rests
            pending = {group: batch for group, batch in again.items() if group not in failures}
        return failures

    def hold(self, groups: Collection[int]) -> None:
        """Load those of the groups that are not held, so that what they have folded is known before the next run.

        Raises:
            UnavailableError: The store did not answer.
        """
        self._loaded.clear()
        missing = [group for group in groups if group not in self._cache]
        if missing:
            self._load(missing)
        self._fresh.update(missing)

    def forget(self) -> None:
        """Let go of all states: the next run loads what is stored, whoever committed it."""
        self._cache.clear()

    def held_state(self, group: int) -> StateT | None:
        """Return the group's state as this process knows it, or None."""
        held = self._cache.get(group)
        return held.state if held else None

    def loaded_state(self, group: int) -> StateT | None:
        """Return the state that the last run loaded and folded on, or None where it had the group already."""
        return self._loaded.get(group)

    def unpublished(self) -> int:
        """Return how many entries are committed and not known to be published, of the groups known here."""
        return sum(len(held.outbox) for held in self._cache.values())

    def _round(
        self, batches: Mapping[int, BatchT], failures: dict[int, TransientError]
    ) -> tuple[list[int], dict[int, BatchT]]:
        """Take every group through one load, fold, commit and publish."""
        missing = [group for group in batches if group not in self._cache]
        if missing:
            self._load(missing)
        loaded = [*missing, *self._fresh.intersection(batches).difference(missing)]
        self._fresh.clear()
        folded: dict[int, _Held[StateT]] = {}
        rests: dict[int, BatchT] = {}
        for group, batch in batches.items():
            held = self._cache[group]
            if held.outbox and (group in loaded or _outbox_bytes(held.outbox) > OUTBOX_BYTES_MAX):
                # Folded once the outbox is published. Two writers who take turns would otherwise hand each
                # other an outbox that grows with each turn.
                rests[group] = batch
                continue
            try:
                step = self._stage.step(held.state, batch)
            except TransientError as error:
                failures[group] = error
                del self._cache[group]  # it may be outdated, and the next delivery will see what is stored
                continue
            if step.rest is not None:
                rests[group] = step.rest
            if step.state is not held.state or step.emitted:
                folded[group] = _Held(held.version, step.state, held.outbox + step.emitted)
        conflicted = self._commit(folded)
        failures |= self._publish([group for group in batches if group in self._cache])
        for group in loaded:
            # That a group has no state yet is not worth knowing: nothing would ever show that it has got one.
            if group in self._cache and not self._cache[group].version:
                del self._cache[group]
        return conflicted, {group: rest for group, rest in rests.items() if group not in conflicted}

    def _load(self, groups: Sequence[int]) -> None:
        for group, saved in zip(groups, self._store.load([self._key(group) for group in groups]), strict=True):
            if saved.blob is None:
                self._cache[group] = _Held(saved.version, self._stage.initial(group), ())
            else:
                outbox, body = _unseal(saved.blob)
                self._cache[group] = _Held(saved.version, self._stage.decode(body), outbox)
            self._loaded[group] = self._cache[group].state

    def _commit(self, folded: Mapping[int, _Held[StateT]]) -> list[int]:
        """Commit the folded groups; return those whose version no longer held."""
        if not folded:
            return []
        writes = [
            StateWrite(self._key(group), _seal(held.outbox, self._stage.encode(held.state)), held.version)
            for group, held in folded.items()
        ]
        for group in folded:
            # Until the answer is here nobody knows what is stored; an error must not leave the old state.
            self._cache.pop(group, None)
        conflicted = []
        for (group, held), version in zip(folded.items(), self._store.commit(writes), strict=True):
            if version is None:
                conflicted.append(group)
            else:
                self._cache[group] = _Held(version, held.state, held.outbox)
        self.commits += len(folded) - len(conflicted)
        self.conflicts += len(conflicted)
        return conflicted

    def _publish(self, groups: Sequence[int]) -> dict[int, TransientError]:
        """Publish whole outboxes, even where the fold was empty: an earlier answer may have been lost."""
        outboxes = {group: self._cache[group].outbox for group in groups if self._cache[group].outbox}
        if not outboxes:
            return {}
        published = self._stage.publish(outboxes)
        failures: dict[int, TransientError] = {}
        for group, outbox in outboxes.items():
            done = published.get(group, 0)
            held = self._cache[group]
            self._cache[group] = _Held(held.version, held.state, outbox[done:])
            if done < len(outbox):
                left = len(outbox) - done
                failures[group] = PublishError(f"{self._stage.name} group {group} has {left} unpublished entries")
        if self._settles:
            # Where another writer was first, it has loaded the outbox and published it as well.
            self._commit({group: self._cache[group] for group in outboxes if published.get(group, 0)})
        return failures

    def _key(self, group: int) -> StateKey:
        return StateKey(self._stage.generation, group, self._stage.name)


def _seal(outbox: Sequence[Entry], body: Encoded) -> bytes:
    return seal([(entry.lane, entry.name, entry.data) for entry in outbox], body)


def _unseal(blob: bytes) -> tuple[tuple[Entry, ...], bytes]:
    outbox, body = unseal(blob)
    return tuple(Entry(lane, name, data) for lane, name, data in outbox), body


def _outbox_bytes(outbox: Sequence[Entry]) -> int:
    return sum(len(entry.data) for entry in outbox)
