"""State of key groups of a deployment in memory: the blobs themselves, as nothing of them has to last.

Writing a blob of a megabyte into a database in memory copies it page by page; keeping it copies nothing.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Final

from tocsin.adapters.embedded.database import Database
from tocsin.core.ports import SavedState, StateKey, StateWrite

NOTHING: Final = SavedState(None, "")


class HeldState:
    """Blobs under versions that count from 1.

    Args:
        database: Of the same deployment; closed with it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[StateKey, SavedState] = {}
        self._lock = Lock()

    def load(self, keys: Sequence[StateKey]) -> list[SavedState]:
        """Return what is held under each key, in order, all of one moment."""
        self._database.check_open()
        with self._lock:
            return [self._held.get(key, NOTHING) for key in keys]

    def commit(self, writes: Sequence[StateWrite]) -> list[str | None]:
        """Keep each whose version still holds, all at once; return the new versions."""
        self._database.check_open()
        with self._lock:
            return [self._commit(write) for write in writes]

    def _commit(self, write: StateWrite) -> str | None:
        before = self._held.get(write.key, NOTHING).version
        if write.expected_version != before:
            return None
        version = str(int(before or 0) + 1)
        self._held[write.key] = SavedState(bytes(write.blob), version)
        return version
