"""Lists by tenant and key prefix."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.names import prefix_end
from tocsin.core.ports import DirectoryEntry

PUT: Final = """
    INSERT INTO directory (tenant, key, data) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data
"""
REMOVE: Final = "DELETE FROM directory WHERE tenant = ? AND key = ?"
QUERY: Final = """
    SELECT key, data FROM directory WHERE tenant = ? AND key >= ? AND key < ? AND key > ?
    ORDER BY key LIMIT ?
"""


class EmbeddedDirectory:
    """Entries that are written without condition."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, entries: Sequence[DirectoryEntry]) -> None:
        """Write or remove the entries in one transaction; of one key the last wins."""
        final = {(entry.tenant, entry.key): entry.data for entry in entries}
        kept = [(*place, data) for place, data in final.items() if data is not None]
        removed = [place for place, data in final.items() if data is None]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(PUT, kept)
            connection.executemany(REMOVE, removed)

        if final:
            self._database.write(work)

    def query(self, tenant: str, *, prefix: str, after: str = "", limit: int) -> list[DirectoryEntry]:
        """Return entries by key, those after ``after`` with the prefix, at most ``limit``."""
        rows = self._database.rows(QUERY, (tenant, prefix, prefix_end(prefix), after, limit))
        return [DirectoryEntry(tenant, key, data) for key, data in rows]
