"""Lanes: windows longer than a slice, each a merge of the hops that it spans.

Closed slices are merged into the hop that holds them, oldest first, so the arithmetic does not
depend on where batches end. A window closes when its device's horizon reaches its end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from processors.emission import Piece, no_quantiles
from processors.geometry import Lane
from processors.partials import Partials, merge
from processors.sketch import SLICE_OWNER, quantile_values
from processors.state import NEVER_MS, Group, LaneState
from processors.work import Work
from tocsin.core.columns import Floats, Int32s, Int64s, PaneKind

Cause = Callable[[Int64s, Int64s], Int64s]
"""(rows of devices, ends) to the ordinal of the message that closed each window."""


@dataclass(frozen=True, slots=True)
class ClosedSlices:
    """Slices that have just closed, by series and then by start.

    Attributes:
        series: shape (n,), rows, ascending.
        cells: shape (n,), their slice cells.
        start_ms: shape (n,), their starts, ascending within a series.
        partials: Their results.
    """

    series: Int64s
    cells: Int64s
    start_ms: Int64s
    partials: Partials


def merge_into_lanes(work: Work, closed: ClosedSlices, cause: Cause) -> None:
    """Merge closed slices into the lanes of their series; changes the group in place.

    Args:
        work: The group, its horizons moved already; takes the windows that must close before a hop
            can be used again.
        closed: The slices.
        cause: Which message closed a window.
    """
    nth = _nth_of_series(closed.series)
    for place, lane in enumerate(work.geometry.lanes):
        state = work.group.lanes[place]
        row, having = rows_of(state, closed.series)
        for turn in range(int(nth[having].max(initial=-1)) + 1):
            now = having[nth[having] == turn]
            hop_ms = closed.start_ms[now] // lane.hop_ms * lane.hop_ms
            _close_through(work, place, row[now], hop_ms, cause)
            fresh = state.open_ms[row[now]] == NEVER_MS
            state.open_ms[row[now][fresh]] = hop_ms[fresh] - lane.size_ms + lane.hop_ms
            hop_cells = hop_cell(lane, row[now], hop_ms)
            state.cells.merge(hop_cells, closed.partials.take(now))
            _merge_sketches(work.group, place, closed.cells[now], hop_cells)


def close_lanes(work: Work, series: Int64s, cause: Cause) -> None:
    """Close the windows of the series that end at or before their devices' horizons.

    Args:
        work: The group, changed in place, its horizons moved already; takes the panes.
        series: shape (n,), rows, ascending.
        cause: Which message closed a window.
    """
    for place, state in enumerate(work.group.lanes):
        row, having = rows_of(state, series)
        horizon_ms = work.group.horizon_ms[work.group.series_device[series[having]]]
        _close_through(work, place, row[having], horizon_ms, cause)


def hop_cell(lane: Lane, row: Int64s, start_ms: Int64s) -> Int64s:
    """Return the cell of the hop that holds the instant, for each lane row."""
    return row * lane.ring + start_ms // lane.hop_ms % lane.ring


def first_open_ms(lane: Lane, horizon_ms: Int64s) -> Int64s:
    """Return the start of the first window that ends above each horizon."""
    return ((horizon_ms - lane.size_ms) // lane.hop_ms + 1) * lane.hop_ms


def _nth_of_series(series: Int64s) -> Int64s:
    """Return how many equal ones stand before each; equal ones stand together."""
    heads = np.flatnonzero(np.concatenate([[True], series[1:] != series[:-1]]))
    return np.arange(len(series)) - np.repeat(heads, np.diff(np.append(heads, len(series))))


def rows_of(state: LaneState, series: Int64s) -> tuple[Int64s, Int64s]:
    """Return each series' lane row (nonsense where it has none), and the places of those that have one."""
    if not len(state.series):
        return np.zeros(len(series), np.int64), np.empty(0, np.int64)
    row = np.minimum(np.searchsorted(state.series, series), len(state.series) - 1)
    return row, np.flatnonzero(state.series[row] == series)


def _close_through(
    work: Work,
    place: int,
    row: Int64s,
    limit_ms: Int64s,
    cause: Cause,
) -> None:
    """Close the windows of the lane's rows that end at or before the limits, oldest first."""
    lane, state = work.geometry.lanes[place], work.group.lanes[place]
    while True:
        due = (state.open_ms[row] != NEVER_MS) & (state.open_ms[row] + lane.size_ms <= limit_ms)
        row, limit_ms = row[due], limit_ms[due]
        if not len(row):
            return
        start_ms = state.open_ms[row]
        hops = start_ms[:, None] + np.arange(lane.ring) * lane.hop_ms
        cells = hop_cell(lane, row[:, None], hops)
        full = state.cells.count[cells].any(axis=1)
        # Nothing is left in the ring: go straight to the first window that ends above the limit.
        state.open_ms[row[~full]] = first_open_ms(lane, limit_ms[~full])
        _emit_windows(work, place, row[full], start_ms[full], cells[full], cause)
        state.open_ms[row[full]] += lane.hop_ms


def _emit_windows(
    work: Work,
    place: int,
    row: Int64s,
    start_ms: Int64s,
    cells: Int64s,
    cause: Cause,
) -> None:
    """Emit a window a row, and empty its first hop, which no later window holds."""
    if not len(row):
        return
    lane, state = work.geometry.lanes[place], work.group.lanes[place]
    merged = state.cells.partials(cells[:, 0])
    for hop in range(1, lane.ring):
        merged = merge(merged, state.cells.partials(cells[:, hop]))
    series = state.series[row].astype(np.int64)
    work.gathered.add(
        Piece(
            kind=PaneKind.ON_TIME,
            cause=cause(work.group.series_device[series].astype(np.int64), start_ms + lane.size_ms),
            series=series,
            size_ms=np.full(len(row), lane.size_ms, np.int64),
            start_ms=start_ms,
            partials=merged,
            quantiles=_window_quantiles(work, place, series, cells),
        )
    )
    state.cells.clear(cells[:, 0])
    work.group.sketches = work.group.sketches.without(place + 1, cells[:, 0])


def _merge_sketches(group: Group, place: int, slice_cells: Int64s, hop_cells: Int64s) -> None:
    sketches = group.sketches
    if not len(sketches):
        return
    here = (sketches.owner == SLICE_OWNER) & np.isin(sketches.cell, slice_cells)
    order = np.argsort(slice_cells)
    targets = hop_cells[order][np.searchsorted(slice_cells[order], sketches.cell[here])]
    group.sketches = sketches.add(place + 1, targets, sketches.bucket[here], sketches.count[here])


def _window_quantiles(work: Work, place: int, series: Int64s, cells: Int64s) -> Floats:
    """Return the quantiles of the windows, NaN where the metric asks for none; shape (n, q)."""
    sketches = work.group.sketches
    table = no_quantiles(len(series), len(work.geometry.quantiles))
    if len(sketches):
        owned = sketches.owner == place + 1
        for row, one in enumerate(series.tolist()):
            here = owned & np.isin(sketches.cell, cells[row])
            codes, which = np.unique(sketches.bucket[here], return_inverse=True)
            counts = np.zeros(len(codes), np.int64)
            np.add.at(counts, which, sketches.count[here])
            write_quantiles(work, table[row], one, codes, counts)
    return table


def write_quantiles(work: Work, row: Floats, series: int, codes: Int32s, counts: Int64s) -> None:
    """Write what the series' metric asks for into the row of quantiles, in place.

    Args:
        work: Names the metric and its quantiles.
        row: shape (q,), in the order of the geometry's quantiles.
        series: Row of the series.
        codes: shape (b,), buckets, ascending.
        counts: shape (b,).
    """
    asked = work.geometry.metric(work.group.metrics[work.group.series_metric[series]]).quantiles
    if len(codes) and asked:
        places = [work.geometry.quantiles.index(quantile) for quantile in asked]
        row[places] = quantile_values(codes, counts, asked)
