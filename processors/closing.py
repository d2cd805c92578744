"""Closing: as a device's horizon moves, its slices become panes and are merged into longer windows."""

import numpy as np

from processors.emission import Piece, no_quantiles
from processors.identities import forget
from processors.lanes import Cause, ClosedSlices, close_lanes, merge_into_lanes, write_quantiles
from processors.rows import Rows
from processors.sketch import SLICE_OWNER
from processors.work import Work
from tocsin.core.columns import Floats, Int64s, PaneKind


def advance(work: Work, *, devices: Int64s, horizon_ms: Int64s, cause: Cause) -> None:
    """Move the devices' horizons and close what ends at or before them; changes the group in place.

    Args:
        work: The group, changed in place; takes the panes.
        devices: shape (d,), distinct rows.
        horizon_ms: shape (d,), their new horizons, none below the old one.
        cause: Which message closed a window.
    """
    before_ms = work.group.horizon_ms[devices]
    moved = horizon_ms > before_ms
    if not moved.any():
        return
    devices, before_ms, horizon_ms = devices[moved], before_ms[moved], horizon_ms[moved]
    work.group.horizon_ms[devices] = horizon_ms
    # Most horizons move within a slice, and nothing can end there; neither can a slot, unless it ends elsewhere.
    crossed = before_ms // work.geometry.step_ms != horizon_ms // work.geometry.step_ms
    if work.geometry.correction_ms % work.geometry.step_ms:
        forget(work.group, work.geometry, devices, before_ms, horizon_ms)
    devices, before_ms, horizon_ms = devices[crossed], before_ms[crossed], horizon_ms[crossed]
    if not len(devices):
        return
    if not work.geometry.correction_ms % work.geometry.step_ms:
        forget(work.group, work.geometry, devices, before_ms, horizon_ms)
    series = _series_of(work.rows, devices)
    if len(series):
        _close_slices(work, _Moved(devices, before_ms, horizon_ms), series, cause)
        close_lanes(work, series, cause)


class _Moved:
    """The horizons of some devices, before and now, looked up by row."""

    def __init__(self, devices: Int64s, before_ms: Int64s, now_ms: Int64s) -> None:
        order = np.argsort(devices)
        self._devices, self._before_ms, self._now_ms = devices[order], before_ms[order], now_ms[order]

    def of(self, devices: Int64s) -> tuple[Int64s, Int64s]:
        """Return (horizon before, horizon now) of each row."""
        places = np.searchsorted(self._devices, devices)
        return self._before_ms[places], self._now_ms[places]


def _series_of(rows: Rows, devices: Int64s) -> Int64s:
    series = rows.series[devices].ravel()
    return np.sort(series[series >= 0]).astype(np.int64)


def _close_slices(work: Work, moved: _Moved, series: Int64s, cause: Cause) -> None:
    slice_ms = work.rows.slice_ms[series]
    before_ms, now_ms = moved.of(work.group.series_device[series].astype(np.int64))
    # Slices are numbered from the epoch; slice i is open while i >= horizon // length.
    first, now = before_ms // slice_ms, now_ms // slice_ms
    crossed = now > first
    series, slice_ms, first, now = series[crossed], slice_ms[crossed], first[crossed], now[crossed]
    ring = np.arange(work.geometry.ring)
    number = first[:, None] + (ring - first[:, None]) % work.geometry.ring
    cells = series[:, None] * work.geometry.ring + ring
    row, place = np.nonzero((number < now[:, None]) & (work.group.slices.count[cells] > 0))
    if not len(row):
        return
    # Oldest slice first within each series: longer windows are merged in this order.
    order = np.lexsort((number[row, place], row))
    row, place = row[order], place[order]
    start_ms, cells = number[row, place] * slice_ms[row], cells[row, place]
    closed = ClosedSlices(series[row], cells, start_ms, work.group.slices.partials(cells, start_ms))
    _emit_slices(work, closed, cause)
    merge_into_lanes(work, closed, cause)
    work.group.sketches = work.group.sketches.without(SLICE_OWNER, cells)
    work.group.slices.clear(cells)


def _emit_slices(work: Work, closed: ClosedSlices, cause: Cause) -> None:
    size_ms = work.rows.slice_ms[closed.series]
    emits = np.flatnonzero(work.rows.emits_slices[closed.series])
    series, start_ms, size_ms = closed.series[emits], closed.start_ms[emits], size_ms[emits]
    work.gathered.add(
        Piece(
            kind=PaneKind.ON_TIME,
            cause=cause(work.group.series_device[series].astype(np.int64), start_ms + size_ms),
            series=series,
            size_ms=size_ms,
            start_ms=start_ms,
            partials=closed.partials.take(emits),
            quantiles=_slice_quantiles(work, series, closed.cells[emits]),
        )
    )


def _slice_quantiles(work: Work, series: Int64s, cells: Int64s) -> Floats:
    """Return the quantiles of the slices, NaN where the metric asks for none; shape (n, q)."""
    table = no_quantiles(len(cells), len(work.geometry.quantiles))
    if len(work.group.sketches):
        for row, (cell, one) in enumerate(zip(cells.tolist(), series.tolist(), strict=True)):
            codes, counts = work.group.sketches.of(SLICE_OWNER, cell)
            write_quantiles(work, table[row], one, codes, counts)
    return table
