"""Lists by tenant and key prefix."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.names import prefix_end
from tocsin.core.port_values import DirectoryEntry, standing

PUT: Final = """
    INSERT INTO directory (tenant, key, data, number) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET data = excluded.data, number = excluded.number
    WHERE excluded.number = 0 OR number < excluded.number OR (number = excluded.number AND excluded.data IS NULL)
"""
REMOVE: Final = "DELETE FROM directory WHERE tenant = ? AND key = ?"
QUERY: Final = """
    SELECT key, data, number FROM directory WHERE tenant = ? AND key >= ? AND key < ? AND key > ? AND data NOT NULL
    ORDER BY key LIMIT ?
"""


class EmbeddedDirectory:
    """Entries; of a removed one with a number a row without data stays, at most one an alert that ever was."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, entries: Sequence[DirectoryEntry]) -> None:
        """Write or remove the entries in one transaction, those with a number only over what they follow."""
        final = standing(entries)
        removed = [(entry.tenant, entry.key) for entry in final if entry.data is None and not entry.number]
        written = [
            (entry.tenant, entry.key, entry.data, entry.number)
            for entry in final
            if entry.data is not None or entry.number
        ]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(PUT, written)
            connection.executemany(REMOVE, removed)

        if final:
            self._database.write(work)

    def query(self, tenant: str, *, prefix: str, after: str = "", limit: int) -> list[DirectoryEntry]:
        """Return entries by key, those after ``after`` with the prefix, at most ``limit``."""
        rows = self._database.rows(QUERY, (tenant, prefix, prefix_end(prefix), after, limit))
        return [DirectoryEntry(tenant, *row) for row in rows]
