"""Windows on DynamoDB, as people and queries read them.

An item holds the metrics of one device, window and revision that were put together. Batches of items are written
without asking what is there, which is what makes them cheap, so metrics that come in another put lie in an item
beside, told apart by a hash of the metrics' names; readers merge them.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import count, groupby, islice
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import astuple

from tocsin.adapters.aws.attributes import Value, number, number_of, text, whole_number_of
from tocsin.adapters.aws.keys import REVISION_DIGITS, device_key, start_text, windows_prefix
from tocsin.adapters.aws.table import Item, Table
from tocsin.core.clock import NowMs
from tocsin.core.errors import DamagedError
from tocsin.core.ports import NEWEST_WINDOWS_MAX, WindowItem, WindowStats

if TYPE_CHECKING:
    from tocsin.core.series import SeriesWindows  # columns: a function that needs none starts without numpy

EXPIRES: Final = "expires"
"""Attribute with the time to live, in seconds of the epoch: the template names it."""

NOTHING_ELSE: Final[tuple[Value, Value]] = ({"NULL": True}, {"M": {}})
"""Of a metric without rate and quantiles."""

SET_DIGITS: Final = 8
ORDER: Final = ("count", "mean", "sum", "variance", "min", "max", "first", "last")
"""What the numbers of a metric are, in their order; behind them the rate and quantiles where it has any. Names in
each item would be a fifth of what the table stores."""

NEWEST_ITEMS_MAX: Final = 100 * NEWEST_WINDOWS_MAX
"""A window has few revisions, and that many at most are shown."""

KEPT_OF_A_SIZE: Final = 43_200
"""How many windows of each size are kept of a series, within the retention: 30 days of windows of a minute.
Kept for a year, those of a minute would cost more than all else of the pipeline (docs/cost.md)."""

PUT_DIGITS: Final = 1_000_000
"""Puts of one millisecond of one process that keep their order."""


class DynamoWindows:
    """One item for all metrics of a device in a window that are known at once.

    Args:
        table: Where they are; its time to live is in the attribute ``EXPIRES``.
        retention_ms: How long windows are kept after their end at most; of each size ``KEPT_OF_A_SIZE`` are.
        now_ms: Clock of puts.
    """

    def __init__(self, table: Table, retention_ms: int, now_ms: NowMs) -> None:
        self._table = table
        self._retention_ms = retention_ms
        self._now_ms = now_ms
        self._puts = count()

    def put(self, items: Sequence[WindowItem]) -> None:
        """Write the items, unconditionally; metrics of an item already there are merged when it is read."""
        merged: dict[tuple[str, str], WindowItem] = {}
        for item in items:
            place = (device_key(item.tenant, item.device), _window_text(item))
            known = merged.get(place)
            merged[place] = _joined(known, item) if known else item
        now_ms = self._now_ms()
        self._table.write([self._item(item, now_ms) for item in merged.values()])

    def query(
        self, tenant: str, device: str, *, size_ms: int, start_ms: int, end_ms: int, limit: int
    ) -> list[WindowItem]:
        """Return items with a start in ``[start_ms, end_ms)``, by start and revision, at most ``limit``."""
        groups = self._groups(tenant, device, size_ms, start_ms, end_ms)
        return [_window(tenant, device, size_ms, group) for group in islice(groups, max(0, limit))]

    def series(
        self, tenant: str, device: str, metric: str, *, size_ms: int, start_ms: int, end_ms: int, limit: int
    ) -> "SeriesWindows":
        """Return the metric's windows that do not overlap; reads all metrics of all windows there."""
        windows = (
            (start, whole_number_of(group[0]["revision"]), stats)
            for group in self._groups(tenant, device, size_ms, start_ms, end_ms)
            if (start := whole_number_of(group[0]["start_ms"])) % size_ms == 0
            and (stats := _metric(group, metric)) is not None
        )
        found = [(start, revision, astuple(stats)) for start, revision, stats in islice(windows, max(0, limit))]
        from tocsin.core.series import series_of  # noqa: PLC0415  columns: a function that needs none starts without

        return series_of(*zip(*found, strict=True)) if found else series_of((), (), ())

    def newest(
        self, tenant: str, devices: Sequence[str], *, size_ms: int, start_ms: int, end_ms: int
    ) -> list[WindowItem]:
        """Return what each of the devices has there: a request a device, several at a time."""
        found = self._table.parallel.map(
            lambda device: self.query(
                tenant, device, size_ms=size_ms, start_ms=start_ms, end_ms=end_ms, limit=NEWEST_ITEMS_MAX
            ),
            devices,
        )
        return [item for items in found for item in items]

    def newest_start_ms(self, tenant: str, *, size_ms: int, since_ms: int) -> int | None:  # noqa: ARG002  the port's
        """Return None: the table is by device, and nothing in it says what is a tenant's newest."""
        return None

    def _groups(self, tenant: str, device: str, size_ms: int, start_ms: int, end_ms: int) -> Iterator[list[Item]]:
        """Yield the items of each window and revision, the newest last."""
        if start_ms >= end_ms:
            return
        prefix = windows_prefix(size_ms)
        values = {
            ":pk": text(device_key(tenant, device)),
            ":first": text(prefix + start_text(start_ms)),
            ":end": text(prefix + start_text(end_ms)),  # what begins at the end sorts after it: more follows in its key
        }
        found = self._table.query("pk = :pk AND sk BETWEEN :first AND :end", values)
        for _, group in groupby(found, key=lambda item: item["sk"]["S"].rpartition("#")[0]):
            yield sorted(group, key=lambda item: whole_number_of(item["put"]))

    def _item(self, window: WindowItem, now_ms: int) -> Item:
        names = "\n".join(sorted(window.metrics))
        part = sha256(names.encode()).hexdigest()[:SET_DIGITS]
        ends_ms = max(window.start_ms + window.size_ms, now_ms)
        return {
            "pk": text(device_key(window.tenant, window.device)),
            "sk": text(f"{_window_text(window)}#{part}"),
            "start_ms": number(window.start_ms),
            "revision": number(window.revision),
            "metrics": {"M": {name: {"L": _encoded(stats)} for name, stats in window.metrics.items()}},
            "put": number(now_ms * PUT_DIGITS + next(self._puts) % PUT_DIGITS),
            EXPIRES: number(-(-(ends_ms + min(self._retention_ms, window.size_ms * KEPT_OF_A_SIZE)) // 1_000)),
        }


def _window_text(item: WindowItem) -> str:
    return f"{windows_prefix(item.size_ms)}{start_text(item.start_ms)}#{item.revision:0{REVISION_DIGITS}d}"


def _joined(older: WindowItem, newer: WindowItem) -> WindowItem:
    metrics = older.metrics | newer.metrics
    return WindowItem(newer.tenant, newer.device, newer.size_ms, newer.start_ms, newer.revision, metrics)


def _window(tenant: str, device: str, size_ms: int, parts: list[Item]) -> WindowItem:
    """Return the window of its items, the newest last."""
    try:
        start_ms, revision = whole_number_of(parts[0]["start_ms"]), whole_number_of(parts[0]["revision"])
        metrics = {name: _decoded(stats["L"]) for part in parts for name, stats in part["metrics"]["M"].items()}
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"window {parts[0].get('sk')} of {tenant} {device} cannot be read: {error!r}") from error
    return WindowItem(tenant, device, size_ms, start_ms, revision, metrics)


def _metric(parts: list[Item], metric: str) -> WindowStats | None:
    """Return the metric of a window's items, as the newest has it that has it."""
    for part in reversed(parts):
        if stats := part["metrics"]["M"].get(metric):
            return _decoded(stats["L"])
    return None


def _encoded(stats: WindowStats) -> list[Value]:
    values = [number(getattr(stats, name)) for name in ORDER]
    if stats.rate is not None or stats.quantiles:
        values.append({"NULL": True} if stats.rate is None else number(stats.rate))
    if stats.quantiles:
        values.append({"M": {name: number(value) for name, value in stats.quantiles.items()}})
    return values


def _decoded(values: Sequence[Mapping[str, Any]]) -> WindowStats:
    count, *others = values[: len(ORDER)]
    parts = {name: number_of(value) for name, value in zip(ORDER[1:], others, strict=True)}
    further = [*values[len(ORDER) :], *NOTHING_ELSE[max(0, len(values) - len(ORDER)) :]]
    rate, quantiles = further[0], further[1]
    return WindowStats(
        count=whole_number_of(count),
        **parts,
        rate=None if "NULL" in rate else number_of(rate),
        quantiles={name: number_of(value) for name, value in quantiles["M"].items()},
    )
