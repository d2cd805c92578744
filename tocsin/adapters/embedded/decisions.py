"""The recorded decisions of the alerts stage."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.stored import Stored, encode
from tocsin.core.messages import DecisionRecord

PUT: Final = """
    INSERT INTO decisions (tenant, fingerprint, number, episode, record) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
QUERY: Final = """
    SELECT record FROM decisions WHERE tenant = ? {filters} ORDER BY fingerprint, number, episode LIMIT ?
"""

_stored: Final = Stored[DecisionRecord]("decision", DecisionRecord)


class EmbeddedDecisions:
    """One decision a transition; the first stays."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, records: Sequence[DecisionRecord]) -> None:
        """Write each decision unless the transition has one already."""
        rows = [
            (
                record.tenant,
                record.alert.fingerprint,
                record.alert.number,
                record.alert.episode,
                encode(record),
            )
            for record in records
        ]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(PUT, rows)

        if rows:
            self._database.write(work)

    def query(self, tenant: str, *, fingerprint: str | None = None, limit: int) -> list[DecisionRecord]:
        """Return decisions by fingerprint and number, at most ``limit``."""
        if fingerprint is None:
            rows = self._database.rows(QUERY.format(filters=""), (tenant, limit))
        else:
            rows = self._database.rows(QUERY.format(filters="AND fingerprint = ?"), (tenant, fingerprint, limit))
        return [_stored.decode(blob) for (blob,) in rows]
