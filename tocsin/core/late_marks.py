"""Readings that came too late, where people look at a series: ``processors`` write them, the query API reads them.

What came too late is kept aside whole, in blobs by position. For a look at one device it stands in the table of
windows as well, under a size that no window has, so that it goes when the windows of its time go.
"""

from collections.abc import Iterable
from typing import Final

from tocsin.core.clock import MINUTE_MS
from tocsin.core.formats.rejections import LateReading
from tocsin.core.keys import split_key
from tocsin.core.ports import WindowItem, WindowStats, WindowTable

LATE_SIZE_MS: Final = 0
"""Stands for the size: a reading has no length."""

SPAN_MS: Final = 15 * MINUTE_MS
"""An item's start is a multiple of it, and its revision the milliseconds from there to the reading. A table that is
ordered by time is then looked through in few steps, however many readings of other devices came too late."""


def late_items(readings: Iterable[LateReading]) -> list[WindowItem]:
    """Return the items of the readings; of two of one metric and instant the last stays."""
    return [_item(one) for one in readings]


def _item(reading: LateReading) -> WindowItem:
    tenant, device = split_key(reading.partition_key)
    span, beyond_ms = divmod(reading.event_time_ms, SPAN_MS)
    value = reading.value
    stats = WindowStats(1, value, value, 0.0, value, value, value, value)
    return WindowItem(tenant, device, LATE_SIZE_MS, span * SPAN_MS, beyond_ms, {reading.metric: stats})


def late_values(
    windows: WindowTable, tenant: str, device: str, metric: str, *, from_ms: int, until_ms: int, limit: int
) -> list[tuple[int, float]]:
    """Return instant and value of the metric's readings in ``[from_ms, until_ms)`` that came too late, by instant.

    At most ``limit`` of the device's are looked at, the first.
    """
    first_ms = from_ms // SPAN_MS * SPAN_MS
    items = windows.query(tenant, device, size_ms=LATE_SIZE_MS, start_ms=first_ms, end_ms=until_ms, limit=limit)
    found = [(item.start_ms + item.revision, item.metrics[metric].last) for item in items if metric in item.metrics]
    return [(at_ms, value) for at_ms, value in found if from_ms <= at_ms < until_ms]
