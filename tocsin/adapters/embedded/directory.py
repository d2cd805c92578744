"""Lists by tenant and key prefix."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.names import prefix_end
from tocsin.core.clock import DAY_MS, HOUR_MS, NowMs
from tocsin.core.port_values import DirectoryEntry, standing

PUT: Final = """
    INSERT INTO directory (tenant, key, data, number, removed_ms) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET data = excluded.data, number = excluded.number, removed_ms = excluded.removed_ms
    WHERE excluded.number = 0 OR number < excluded.number OR (number = excluded.number AND excluded.data IS NULL)
"""
FORGET: Final = "DELETE FROM directory WHERE data IS NULL AND removed_ms <= ?"
REMOVED_MS: Final = 7 * DAY_MS
"""How long the number of a removed entry is kept, as on AWS."""

FORGET_EVERY_MS: Final = HOUR_MS
REMOVE: Final = "DELETE FROM directory WHERE tenant = ? AND key = ?"
QUERY: Final = """
    SELECT key, data, number FROM directory WHERE tenant = ? AND key >= ? AND key < ? AND key > ? AND data NOT NULL
    ORDER BY key LIMIT ?
"""


class EmbeddedDirectory:
    """Entries; of a removed one with a number a row without data stays for ``REMOVED_MS``.

    What is older goes with the next removal, looked for once in ``FORGET_EVERY_MS``, as it takes a look at all rows.
    """

    def __init__(self, database: Database, now_ms: NowMs) -> None:
        self._database = database
        self._now_ms = now_ms
        self._forget_ms = 0

    def put(self, entries: Sequence[DirectoryEntry]) -> None:
        """Write or remove the entries in one transaction, those with a number only over what they follow."""
        final = standing(entries)
        removed = [(entry.tenant, entry.key) for entry in final if entry.data is None and not entry.number]
        now_ms = self._now_ms()
        written = [
            (entry.tenant, entry.key, entry.data, entry.number, now_ms if entry.data is None else 0)
            for entry in final
            if entry.data is not None or entry.number
        ]
        forgets = any(entry.data is None for entry in final) and now_ms >= self._forget_ms

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(PUT, written)
            connection.executemany(REMOVE, removed)
            if forgets:
                connection.execute(FORGET, (now_ms - REMOVED_MS,))

        if final:
            self._database.write(work)
        if forgets:
            self._forget_ms = now_ms + FORGET_EVERY_MS

    def query(self, tenant: str, *, prefix: str, after: str = "", limit: int) -> list[DirectoryEntry]:
        """Return entries by key, those after ``after`` with the prefix, at most ``limit``."""
        rows = self._database.rows(QUERY, (tenant, prefix, prefix_end(prefix), after, limit))
        return [DirectoryEntry(tenant, *row) for row in rows]
