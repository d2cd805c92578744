"""How far a shard is done with where its records are not finished in order."""

from collections import deque
from collections.abc import Iterable


class Progress:
    """The records of one shard from the first that is not done with on; memory grows with those."""

    def __init__(self) -> None:
        self._order: deque[str] = deque()
        self._done: set[str] = set()

    def read(self, sequences: Iterable[str]) -> None:
        """Take note of records that were read, in order."""
        self._order.extend(sequences)

    def finish(self, sequences: Iterable[str]) -> str | None:
        """Take note that these are done with; return up to which number all is now, or None for no news."""
        self._done.update(sequences)
        through = None
        while self._order and self._order[0] in self._done:
            through = self._order.popleft()
            self._done.discard(through)
        return through
