"""Windows for people and queries."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.series_rows import series_rows
from tocsin.adapters.embedded.stored import Stored, encode
from tocsin.core.ports import WindowItem, WindowStats
from tocsin.core.series import SeriesWindows, series_of

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

# Where the starts are known it takes one step in the tree a window; looking for the next start takes another.
SERIES: Final = """
    WITH RECURSIVE starts (at_ms) AS (
        SELECT :start_ms
        UNION ALL
        SELECT at_ms + :size_ms FROM starts WHERE at_ms + :size_ms < :end_ms
    )
    SELECT start_ms, revision, metrics FROM starts CROSS JOIN windows
    ON size_ms = :size_ms AND start_ms = starts.at_ms AND tenant = :tenant AND device = :device
"""

NEWEST: Final = """
    WITH RECURSIVE starts (at_ms) AS (
        SELECT min(start_ms) FROM windows WHERE size_ms = :size_ms AND start_ms >= :start_ms
        UNION ALL
        SELECT (SELECT min(start_ms) FROM windows WHERE size_ms = :size_ms AND start_ms > starts.at_ms)
        FROM starts WHERE starts.at_ms < :end_ms
    )
    SELECT device, start_ms, revision, metrics
    FROM starts CROSS JOIN json_each(:devices) AS wanted CROSS JOIN windows
    ON size_ms = :size_ms AND start_ms = starts.at_ms AND tenant = :tenant AND device = wanted.value
    WHERE starts.at_ms < :end_ms ORDER BY wanted.key, start_ms, revision
"""

NEWEST_START: Final = """
    WITH RECURSIVE starts (at_ms) AS (
        SELECT max(start_ms) FROM windows WHERE size_ms = :size_ms
        UNION ALL
        SELECT (SELECT max(start_ms) FROM windows WHERE size_ms = :size_ms AND start_ms < starts.at_ms)
        FROM starts WHERE starts.at_ms > :since_ms
    )
    SELECT at_ms FROM starts WHERE at_ms >= :since_ms
    AND EXISTS (SELECT 1 FROM windows WHERE size_ms = :size_ms AND start_ms = at_ms AND tenant = :tenant) LIMIT 1
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

    def series(
        self, tenant: str, device: str, metric: str, *, size_ms: int, start_ms: int, end_ms: int, limit: int
    ) -> SeriesWindows:
        """Return the metric's windows that do not overlap; costs some microseconds a window, there or not."""
        first_ms = -(-start_ms // size_ms) * size_ms
        if first_ms >= end_ms:
            return series_of((), (), ())
        values = {
            "tenant": tenant,
            "device": device,
            "size_ms": size_ms,
            "start_ms": first_ms,
            "end_ms": end_ms,
        }
        rows = self._database.rows(SERIES, values)
        if not rows:
            return series_of((), (), ())
        starts, revisions, blobs = zip(*rows, strict=True)
        return series_rows(metric, starts, revisions, blobs, limit)

    def newest(
        self, tenant: str, devices: Sequence[str], *, size_ms: int, start_ms: int, end_ms: int
    ) -> list[WindowItem]:
        """Return what each of the devices has there; costs microseconds a device and start."""
        values = {
            "tenant": tenant,
            "devices": msgspec.json.encode(devices).decode(),
            "size_ms": size_ms,
            "start_ms": start_ms,
            "end_ms": end_ms,
        }
        return [
            WindowItem(tenant, device, size_ms, start, revision, _decode(metrics))
            for device, start, revision, metrics in self._database.rows(NEWEST, values)
        ]

    def newest_start_ms(self, tenant: str, *, size_ms: int, since_ms: int) -> int | None:
        """Return the newest start of the tenant's; costs microseconds a newer start of others."""
        rows = self._database.rows(NEWEST_START, {"tenant": tenant, "size_ms": size_ms, "since_ms": since_ms})
        return next((start_ms for (start_ms,) in rows), None)


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
