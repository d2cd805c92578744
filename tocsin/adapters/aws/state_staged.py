"""States of some stages in one store and of the others in another, as a template may have it."""

from collections.abc import Collection, Sequence

from tocsin.core.ports import SavedState, StateKey, StateStore, StateWrite


class StagedState:
    """Two stores as one; a state's stage says in which it is.

    Args:
        first: Store of the stages named.
        stages: Their names.
        second: Store of all others.
    """

    def __init__(self, first: StateStore, stages: Collection[str], second: StateStore) -> None:
        self._first = first
        self._stages = frozenset(stages)
        self._second = second

    def load(self, keys: Sequence[StateKey]) -> list[SavedState]:
        """Return what is stored under each key, in order."""
        ours, others = self._split(keys)
        found = dict(zip(ours, self._first.load([keys[place] for place in ours]), strict=True)) if ours else {}
        if others:
            found |= zip(others, self._second.load([keys[place] for place in others]), strict=True)
        return [found[place] for place in range(len(keys))]

    def commit(self, writes: Sequence[StateWrite]) -> list[str | None]:
        """Write each whose version still holds; return the new versions, None where it did not hold."""
        ours, others = self._split([write.key for write in writes])
        done = dict(zip(ours, self._first.commit([writes[place] for place in ours]), strict=True)) if ours else {}
        if others:
            done |= zip(others, self._second.commit([writes[place] for place in others]), strict=True)
        return [done[place] for place in range(len(writes))]

    def _split(self, keys: Sequence[StateKey]) -> tuple[list[int], list[int]]:
        ours = [place for place, key in enumerate(keys) if key.stage in self._stages]
        return ours, [place for place, key in enumerate(keys) if key.stage not in self._stages]
