"""Alert transitions and people's actions, append-only, with a change feed."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.log import EmbeddedLog
from tocsin.adapters.embedded.stored import Stored, encode
from tocsin.core.actions import Action
from tocsin.core.keys import partition_key
from tocsin.core.messages import Transition
from tocsin.core.ports import LogReader, LogRecord

PUT: Final = """
    INSERT INTO alerts (tenant, device, fingerprint, episode, number, at_ms, transition)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
QUERY: Final = """
    SELECT transition FROM alerts WHERE tenant = ? {filters} ORDER BY at_ms DESC, id DESC LIMIT ?
"""

PUT_ACTION: Final = "INSERT INTO actions (tenant, at_ms, id, action) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
QUERY_ACTIONS: Final = "SELECT action FROM actions WHERE tenant = ? ORDER BY at_ms DESC, id DESC LIMIT ?"

_stored: Final = Stored[Transition]("transition", Transition)
_actions: Final = Stored[Action]("action", Action)


class EmbeddedAlerts:
    """The table of alerts; its feed is a log that is appended to in the same transaction."""

    def __init__(self, database: Database, feed: EmbeddedLog) -> None:
        self._database = database
        self._feed = feed

    def put(self, transitions: Sequence[Transition]) -> list[bool]:
        """Write each transition unless it is there already; return which were new, in order."""
        if not transitions:
            return []
        blobs = [encode(transition) for transition in transitions]
        keys = [partition_key(transition.tenant, transition.device) for transition in transitions]
        records = list(map(LogRecord, keys, blobs))

        def work(connection: sqlite3.Connection) -> list[bool]:
            new = [_is_put(connection, transition, blob) for transition, blob in zip(transitions, blobs, strict=True)]
            told = [record for record, is_new in zip(records, new, strict=True) if is_new]
            if told:
                self._feed.append(connection, told)
            return new

        return self._database.write(work)

    def query(
        self,
        tenant: str,
        *,
        device: str | None = None,
        fingerprint: str | None = None,
        until_ms: int | None = None,
        limit: int,
    ) -> list[Transition]:
        """Return transitions, newest ``at_ms`` first, of one instant the one put last first."""
        wanted = {"device =": device, "fingerprint =": fingerprint, "at_ms <": until_ms}
        given = {name: value for name, value in wanted.items() if value is not None}
        filters = "".join(f"AND {name} ? " for name in given)
        rows = self._database.rows(QUERY.format(filters=filters), (tenant, *given.values(), limit))
        return [_stored.decode(blob) for (blob,) in rows]

    def put_action(self, action: Action) -> bool:
        """Write the action unless it is there already; return whether it was new."""
        blob = encode(action)
        record = LogRecord(action.tenant, blob)

        def work(connection: sqlite3.Connection) -> bool:
            row = (action.tenant, action.at_ms, action.id, blob)
            is_new = connection.execute(PUT_ACTION, row).rowcount == 1
            if is_new:
                self._feed.append(connection, [record])
            return is_new

        return self._database.write(work)

    def actions(self, tenant: str, *, limit: int) -> list[Action]:
        """Return the tenant's actions, newest ``at_ms`` first."""
        return [_actions.decode(blob) for (blob,) in self._database.rows(QUERY_ACTIONS, (tenant, limit))]

    @property
    def feed(self) -> LogReader:
        """The change feed."""
        return self._feed


def _is_put(connection: sqlite3.Connection, transition: Transition, blob: bytes) -> bool:
    """Put the transition unless it is there; tell whether it was not."""
    row = (
        transition.tenant,
        transition.device,
        transition.fingerprint,
        transition.episode,
        transition.number,
        transition.at_ms,
        blob,
    )
    return connection.execute(PUT, row).rowcount == 1
