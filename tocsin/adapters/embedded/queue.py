"""Queues with visibility timeout and dead letters."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from tocsin.adapters.embedded.database import Database, Row
from tocsin.adapters.embedded.stored import Stored, encode
from tocsin.core.clock import NowMs
from tocsin.core.ports import QueueMessage

RECEIVES_MAX: Final = 5
"""A message that was received so often and not deleted is a dead letter when its turn comes again."""

SEND: Final = "INSERT INTO messages (queue, visible_ms, sent_ms, body, attributes) VALUES (?, ?, ?, ?, ?)"
IS_ANY_VISIBLE: Final = """
    SELECT EXISTS (SELECT 1 FROM messages WHERE queue = ? AND dead = 0 AND visible_ms <= ?)
"""
BURY: Final = "UPDATE messages SET dead = 1 WHERE id = ?"
VISIBLE: Final = """
    SELECT id, receipt, body, attributes, sent_ms, receive_count FROM messages
    WHERE queue = ? AND dead = 0 AND visible_ms <= ? ORDER BY visible_ms, id LIMIT ?
"""
HIDE: Final = """
    UPDATE messages SET visible_ms = ?, receive_count = receive_count + 1, receipt = receipt + 1 WHERE id = ?
"""
DELETE: Final = "DELETE FROM messages WHERE queue = ? AND id = ? AND receipt = ? AND dead = 0"
RELEASE: Final = "UPDATE messages SET visible_ms = ? WHERE queue = ? AND id = ? AND receipt = ? AND dead = 0"
DEPTH: Final = "SELECT count(*) FROM messages WHERE queue = ? AND dead = 0"
DEAD: Final = """
    SELECT id, receipt, body, attributes, sent_ms, receive_count FROM messages
    WHERE queue = ? AND dead = 1 ORDER BY id LIMIT ?
"""
REDRIVE: Final = """
    UPDATE messages SET dead = 0, receive_count = 0, visible_ms = ? WHERE queue = ? AND dead = 1
"""

_attributes: Final = Stored[dict[str, str]]("message", dict[str, str])


class EmbeddedQueue:
    """A queue that hands out first what has been visible for longest.

    Args:
        database: Where it lives.
        name: Which queue; it exists as soon as something is sent to it.
        now_ms: Clock of sendings and visibility.
    """

    def __init__(self, database: Database, name: str, now_ms: NowMs) -> None:
        self._database = database
        self._name = name
        self._now_ms = now_ms

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._name

    def send(self, bodies: Sequence[str], attributes: Mapping[str, str] | None = None) -> Sequence[int]:
        """Send a message a body in one transaction; none is ever refused."""
        messages = [(body, attributes or {}) for body in bodies]
        if messages:
            self._database.write(lambda connection: self.append(connection, messages))
        return []

    def append(self, connection: sqlite3.Connection, messages: Sequence[tuple[str, Mapping[str, str]]]) -> None:
        """Send bodies with attributes within a transaction of the caller."""
        now_ms = self._now_ms()
        rows = [(self._name, now_ms, now_ms, body, encode(dict(attributes))) for body, attributes in messages]
        connection.executemany(SEND, rows)

    def receive(self, *, limit: int, visibility_ms: int) -> list[QueueMessage]:
        """Return visible messages and hide them; one received too often moves to the dead letters."""
        now_ms = self._now_ms()
        if not self._database.rows(IS_ANY_VISIBLE, (self._name, now_ms))[0][0]:
            return []  # the usual answer, and it costs no sync

        def work(connection: sqlite3.Connection) -> list[Row]:
            rows = self._next(connection, now_ms, limit)
            connection.executemany(HIDE, [(now_ms + visibility_ms, row[0]) for row in rows])
            return rows

        return [_message(row, received=1) for row in self._database.write(work)]

    def delete(self, receipts: Sequence[str]) -> None:
        """Remove the messages of the receipts; unknown or outdated receipts change nothing."""
        rows = [(self._name, *place) for place in _places(receipts)]
        if rows:
            self._database.write(lambda connection: connection.executemany(DELETE, rows))

    def release(self, receipts: Sequence[str]) -> None:
        """Make the messages visible at once; unknown or outdated receipts change nothing."""
        now_ms = self._now_ms()
        rows = [(now_ms, self._name, *place) for place in _places(receipts)]
        if rows:
            self._database.write(lambda connection: connection.executemany(RELEASE, rows))

    def depth(self) -> int:
        """Return how many messages are in the queue, hidden ones included, dead letters not."""
        depth: int = self._database.rows(DEPTH, (self._name,))[0][0]
        return depth

    def dead_letters(self, *, limit: int) -> list[QueueMessage]:
        """Return dead letters, oldest first, without hiding them; their receipts delete nothing."""
        return [_message(row, received=0) for row in self._database.rows(DEAD, (self._name, limit))]

    def redrive(self) -> int:
        """Move all dead letters back into the queue, as if never received; return how many."""
        now_ms = self._now_ms()
        return self._database.write(lambda connection: connection.execute(REDRIVE, (now_ms, self._name)).rowcount)

    def _next(self, connection: sqlite3.Connection, now_ms: int, limit: int) -> list[Row]:
        """Return the visible messages that are next, once those received too often are out of the way."""
        while True:
            rows = connection.execute(VISIBLE, (self._name, now_ms, limit)).fetchall()
            spent = [(row[0],) for row in rows if row[-1] >= RECEIVES_MAX]
            if not spent:
                return rows
            connection.executemany(BURY, spent)


def _message(row: Row, *, received: int) -> QueueMessage:
    """Return the message of a row; ``received`` counts the receipt under way, which the row does not."""
    number, receipt, body, attributes, sent_ms, receive_count = row
    return QueueMessage(
        str(number),
        f"{number}.{receipt + received}",
        body,
        _attributes.decode(attributes),
        sent_ms,
        receive_count + received,
    )


def _places(receipts: Sequence[str]) -> list[tuple[int, int]]:
    """Return message number and receipt number of each receipt that could be one of ours."""
    parts = [receipt.partition(".") for receipt in receipts]
    return [(int(number), int(receipt)) for number, _, receipt in parts if number.isdecimal() and receipt.isdecimal()]
