"""Windows for people and queries."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.stored import Stored, encode
from tocsin.core.ports import WindowItem, WindowStats

PUT: Final = """
    INSERT INTO windows (size_ms, start_ms, tenant, device, revision, metrics) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET metrics = merged_metrics(metrics, excluded.metrics)
"""

# The rows are ordered by time first. To find one device's, hop from start to start instead of
# reading what all the other devices have in between.
QUERY: Final = """
    WITH RECURSIVE starts (at_ms) AS (
        SELECT min(start_ms) FROM windows WHERE size_ms = :size_ms AND start_ms >= :start_ms
        UNION ALL
        SELECT (SELECT min(start_ms) FROM windows WHERE size_ms = :size_ms AND start_ms > starts.at_ms)
        FROM starts WHERE starts.at_ms < :end_ms
    )
    SELECT start_ms, revision, metrics FROM starts CROSS JOIN windows
    ON size_ms = :size_ms AND start_ms = starts.at_ms AND tenant = :tenant AND device = :device
    WHERE starts.at_ms < :end_ms ORDER BY start_ms, revision LIMIT :limit
"""

_stored: Final = Stored[dict[str, list[Any]]]("window", dict[str, list[Any]])


class EmbeddedWindows:
    """One row for all metrics of a device in a window; the metrics as lists, half the size of maps."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.add_function("merged_metrics", _merged)

    def put(self, items: Sequence[WindowItem]) -> None:
        """Write the items in one transaction; metrics of an item already there are merged into it."""
        if not items:
            return
        rows = [
            (item.size_ms, item.start_ms, item.tenant, item.device, item.revision, _encode(item.metrics))
            for item in items
        ]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(PUT, rows)

        self._database.write(work)

    def query(
        self, tenant: str, device: str, *, size_ms: int, start_ms: int, end_ms: int, limit: int
    ) -> list[WindowItem]:
        """Return items with a start in ``[start_ms, end_ms)``; costs microseconds a start of that size."""
        values = {
            "tenant": tenant,
            "device": device,
            "size_ms": size_ms,
            "start_ms": start_ms,
            "end_ms": end_ms,
            "limit": limit,
        }
        rows = self._database.rows(QUERY, values)
        return [
            WindowItem(tenant, device, size_ms, start, revision, _decode(metrics)) for start, revision, metrics in rows
        ]


def _encode(metrics: dict[str, WindowStats]) -> bytes:
    return encode(
        {
            name: (
                stats.count,
                stats.mean,
                stats.sum,
                stats.variance,
                stats.min,
                stats.max,
                stats.first,
                stats.last,
                stats.rate,
                stats.quantiles,
            )
            for name, stats in metrics.items()
        }
    )


def _decode(blob: bytes) -> dict[str, WindowStats]:
    return {name: WindowStats(*values) for name, values in _stored.decode(blob).items()}


def _merged(old: bytes, new: bytes) -> bytes:
    return encode(_stored.decode(old) | _stored.decode(new))
