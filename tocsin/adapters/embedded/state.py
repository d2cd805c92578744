"""State of key groups with compare-and-set."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from tocsin.adapters.embedded.database import Database
from tocsin.core.ports import SavedState, StateKey, StateWrite

LOAD: Final = "SELECT blob, version FROM state WHERE generation = ? AND key_group = ? AND stage = ?"
INSERT: Final = """
    INSERT INTO state (blob, version, generation, key_group, stage) VALUES (?, 1, ?, ?, ?)
    ON CONFLICT DO NOTHING RETURNING version
"""
UPDATE: Final = """
    UPDATE state SET blob = ?, version = version + 1
    WHERE generation = ? AND key_group = ? AND stage = ? AND version = ? RETURNING version
"""


class EmbeddedState:
    """Blobs under versions that count from 1."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, keys: Sequence[StateKey]) -> list[SavedState]:
        """Return what is stored under each key, in order, all of one moment."""
        return self._database.read(lambda connection: [_load(connection, key) for key in keys])

    def commit(self, writes: Sequence[StateWrite]) -> list[str | None]:
        """Write each whose version still holds, all in one transaction; return the new versions."""
        if not writes:
            return []
        return self._database.write(lambda connection: [_commit(connection, write) for write in writes])


def _load(connection: sqlite3.Connection, key: StateKey) -> SavedState:
    row = connection.execute(LOAD, (key.generation, key.group, key.stage)).fetchone()
    return SavedState(row[0], str(row[1])) if row else SavedState(None, "")


def _commit(connection: sqlite3.Connection, write: StateWrite) -> str | None:
    place = (write.key.generation, write.key.group, write.key.stage)
    if write.expected_version:
        rows = connection.execute(UPDATE, (write.blob, *place, int(write.expected_version))).fetchall()
    else:
        rows = connection.execute(INSERT, (write.blob, *place)).fetchall()
    return str(rows[0][0]) if rows else None
