"""How far the local runtime has read."""

import sqlite3
from typing import Final

from tocsin.adapters.embedded.database import Database

LOAD: Final = "SELECT shard, sequence FROM checkpoints WHERE mapping = ?"
SAVE: Final = """
    INSERT INTO checkpoints (mapping, shard, sequence) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET sequence = excluded.sequence
"""


class EmbeddedCheckpoints:
    """Checkpoints that ride along with the next write, so that none costs a sync of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._saved: dict[tuple[str, str], str] = {}  # at most one of each mapping and shard

    def load(self, mapping: str) -> dict[str, str]:
        """Return shard to the last sequence number done with, durable or not yet."""
        stored: dict[str, str] = dict(self._database.rows(LOAD, (mapping,)))
        here = {shard: sequence for (name, shard), sequence in self._saved.copy().items() if name == mapping}
        return stored | here

    def save(self, mapping: str, shard: str, sequence: str) -> None:
        """Remember the number; it becomes durable with the next write, or when the file is closed."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(SAVE, (mapping, shard, sequence))

        self._database.write_later((mapping, shard), work)
        self._saved[mapping, shard] = sequence
