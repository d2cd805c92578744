"""The topic: copies what is published to the subscribed queues."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.queue import EmbeddedQueue
from tocsin.adapters.embedded.stored import Stored, encode
from tocsin.core.clock import NowMs
from tocsin.core.messages import Notification
from tocsin.core.ports import FilterPolicy
from tocsin.core.routes import Policy, accepts

SUBSCRIBE: Final = """
    INSERT INTO subscriptions (queue, policy) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET policy = excluded.policy
"""
SUBSCRIPTIONS: Final = "SELECT queue, policy FROM subscriptions ORDER BY queue"

_policies: Final = Stored[Policy]("filter policy", Policy)


class EmbeddedTopic:
    """A topic with durable subscriptions.

    Args:
        database: Where it lives, and the queues too.
        now_ms: Clock of sendings.
    """

    def __init__(self, database: Database, now_ms: NowMs) -> None:
        self._database = database
        self._now_ms = now_ms

    def publish(self, notifications: Sequence[Notification]) -> Sequence[int]:
        """Copy all to all queues that want them, in one transaction; none is ever refused."""
        messages = [
            (msgspec.json.encode(notification).decode(), notification.attributes) for notification in notifications
        ]

        def work(connection: sqlite3.Connection) -> None:
            for queue, policy in connection.execute(SUBSCRIPTIONS).fetchall():
                wanted = [message for message in messages if accepts(_policies.decode(policy), message[1])]
                EmbeddedQueue(self._database, queue, self._now_ms).append(connection, wanted)

        if messages:
            self._database.write(work)
        return []

    def subscribe(self, queue: str, policy: FilterPolicy | None = None) -> None:
        """Copy to the queue what matches the policy; a second call replaces the policy."""
        blob = encode({name: list(conditions) for name, conditions in (policy or {}).items()})

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(SUBSCRIBE, (queue, blob))

        self._database.write(work)
