"""One metric of many rows of windows, as columns.

Rows of one device mostly have one shape: the same metrics, and numbers of the same widths. Then the numbers of a
metric stand at the same places in each, and are taken all at once; a third of the time of decoding row by row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tocsin.adapters.embedded.stored import Stored
from tocsin.core.columns import Floats, Int64s
from tocsin.core.series import FIELDS, SeriesWindows

METRICS_KEPT_MAX: Final = 1_024
ALIKE_MIN: Final = 64
"""Fewer rows of one length are decoded one by one."""

ARRAY_HEAD: Final = b"\xdd"
"""Begins an array in MessagePack; four bytes of its length follow. The other marks are of MessagePack too."""

FLOAT_MARK, NIL_MARK, EMPTY_MAP_MARK = 0xCB, 0xC0, 0x80
STATS_MARK: Final = 0x90 + len(FIELDS)
WHOLE_WIDTHS: Final = {0xCC: 1, 0xCD: 2, 0xCE: 4}
FLOATS: Final = len(FIELDS) - 2

Bytes = NDArray[np.uint8]


@dataclass(slots=True)
class _Columns:
    """What is known of n rows.

    Attributes:
        count: shape (n,), readings; -1 where the row has not the metric.
        floats: shape (9, n), the other numbers in the order of ``FIELDS``.
        quantiles: Of each row.
    """

    count: Int64s
    floats: Floats
    quantiles: list[dict[str, float]]


def series_rows(
    metric: str, starts: Sequence[int], revisions: Sequence[int], blobs: Sequence[bytes], limit: int
) -> SeriesWindows:
    """Return the metric's columns of the rows that have it, the first ``limit``."""
    rows = len(blobs)
    columns = _Columns(np.full(rows, -1, np.int64), np.full((FLOATS, rows), np.nan), [{}] * rows)
    lengths = np.fromiter(map(len, blobs), np.int64, rows)
    single: list[int] = []
    for length in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == length)
        alike = [blobs[place] for place in places.tolist()]
        if len(alike) < ALIKE_MIN or not _take_alike(metric, alike, places, columns):
            single += places.tolist()
    if single:
        _take_single(metric, [blobs[place] for place in single], single, columns)
    kept = np.flatnonzero(columns.count >= 0)[:limit]
    floats = dict(zip(FIELDS[1:-1], columns.floats[:, kept], strict=True))
    return SeriesWindows(
        start_ms=np.array(starts, np.int64)[kept],
        revision=np.array(revisions, np.int32)[kept],
        count=columns.count[kept],
        quantiles=[columns.quantiles[place] for place in kept.tolist()],
        **floats,
    )


def _take_alike(metric: str, blobs: Sequence[bytes], places: Int64s, columns: _Columns) -> bool:
    """Take the numbers where those of the first row are; tell whether all rows have its shape."""
    key = msgspec.msgpack.encode(metric)
    at = blobs[0].find(key)
    rows = np.frombuffer(b"".join(blobs), np.uint8).reshape(len(blobs), -1)
    place = at + len(key) + 1
    if at < 0 or place + 1 >= rows.shape[1] or rows[0, place - 1] != STATS_MARK:
        return False
    width = WHOLE_WIDTHS.get(int(rows[0, place]), 0)
    numbers = place + 1 + width
    has_rate = numbers + 9 * FLOATS < rows.shape[1] and rows[0, numbers + 9 * (FLOATS - 1)] == FLOAT_MARK
    marks = [*range(at, place), *([place] if width else []), *(numbers + 9 * each for each in range(FLOATS))]
    end = numbers + 9 * FLOATS - (0 if has_rate else 8)
    if end >= rows.shape[1] or not (rows[:, [*marks, end]] == rows[0, [*marks, end]]).all():
        return False
    wanted = [FLOAT_MARK] * (FLOATS - 1) + [FLOAT_MARK if has_rate else NIL_MARK, EMPTY_MAP_MARK]
    if rows[0, [*marks[-FLOATS:], end]].tolist() != wanted or (not width and (rows[:, place] >= EMPTY_MAP_MARK).any()):
        return False
    columns.count[places] = _wholes(rows, place, width)
    for each in range(FLOATS if has_rate else FLOATS - 1):
        begin = numbers + 9 * each + 1
        columns.floats[each, places] = np.ascontiguousarray(rows[:, begin : begin + 8]).view(">f8").ravel()
    return True


def _wholes(rows: Bytes, place: int, width: int) -> Int64s:
    """Return the whole numbers at the place: in the mark itself, or in the bytes that follow it."""
    if not width:
        return rows[:, place].astype(np.int64)
    return np.ascontiguousarray(rows[:, place + 1 : place + 1 + width]).view(f">u{width}").ravel().astype(np.int64)


def _take_single(metric: str, blobs: Sequence[bytes], places: Sequence[int], columns: _Columns) -> None:
    """Decode the rows, all in one call."""
    found = _stats_of(metric).decode(ARRAY_HEAD + len(blobs).to_bytes(4, "big") + b"".join(blobs))
    for place, one in zip(places, found, strict=True):
        if one.stats is not None:
            count, *floats, quantiles = one.stats
            columns.count[place] = count
            columns.floats[:, place] = floats
            columns.quantiles[place] = quantiles


@lru_cache(maxsize=METRICS_KEPT_MAX)
def _stats_of(metric: str) -> Stored[list[Any]]:
    """Return what reads one metric of many rows at once, and skips the others."""
    row = msgspec.defstruct("_Row", [("stats", list[Any] | None, None)], rename={"stats": metric}, gc=False)
    return Stored[list[Any]]("window", list[row])  # type: ignore[valid-type]
