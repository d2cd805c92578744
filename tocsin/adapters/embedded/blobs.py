"""Named byte strings."""

import sqlite3
from typing import Final

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.names import prefix_end

PUT: Final = "INSERT INTO blobs (name, data) VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data"
GET: Final = "SELECT data FROM blobs WHERE name = ?"
NAMES: Final = "SELECT name FROM blobs WHERE name >= ? AND name < ? AND name > ? ORDER BY name LIMIT ?"


class EmbeddedBlobs:
    """A table of blobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str, data: bytes) -> None:
        """Write or overwrite the blob."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(PUT, (name, data))

        self._database.write(work)

    def get(self, name: str) -> bytes | None:
        """Return the blob, or None where there is none."""
        rows = self._database.rows(GET, (name,))
        return rows[0][0] if rows else None

    def names(self, prefix: str, *, after: str = "", limit: int) -> list[str]:
        """Return names with the prefix in order, those after ``after``, at most ``limit``."""
        return [name for (name,) in self._database.rows(NAMES, (prefix, prefix_end(prefix), after, limit))]
