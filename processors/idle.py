"""Idle closing: a tick closes windows of devices that have gone quiet.

A window is closed when the tick has passed its end by the idle bound, or, if the device opened a
slice after that end, when it has passed that opening by as much: the buffered past that arrives
after an outage is worked in first.
"""

import numpy as np

from processors.geometry import Geometry, Lane
from processors.rows import Rows
from processors.state import Group, LaneState
from tocsin.core.columns import Int64s


def idle_horizons(group: Group, rows: Rows, geometry: Geometry, tick_ms: int) -> tuple[Int64s, Int64s]:
    """Return the devices whose windows the tick closes, and up to where.

    Returns:
        Rows of the devices, ascending, and the horizon that each gets.
    """
    last_end_ms = tick_ms - geometry.idle_ms
    reach_ms = np.full(len(group.devices), np.iinfo(np.int64).min)
    device, end_ms = _slice_ends(group, rows, geometry)
    due = end_ms <= last_end_ms
    np.maximum.at(reach_ms, device[due], end_ms[due])
    for lane, state in zip(geometry.lanes, group.lanes, strict=True):
        device, end_ms = _lane_ends(group, lane, state, last_end_ms)
        np.maximum.at(reach_ms, device, end_ms)
    quiet = group.opened_ms <= last_end_ms
    devices = np.flatnonzero(quiet & (reach_ms > group.horizon_ms))
    return devices, reach_ms[devices]


def _slice_ends(group: Group, rows: Rows, geometry: Geometry) -> tuple[Int64s, Int64s]:
    """Return device and end of each open slice that holds readings."""
    cells = np.flatnonzero(group.slices.count > 0)
    series = cells // geometry.ring
    device = group.series_device[series].astype(np.int64)
    slice_ms = rows.slice_ms[series]
    first = group.horizon_ms[device] // slice_ms
    number = first + (cells % geometry.ring - first) % geometry.ring
    return device, (number + 1) * slice_ms


def _lane_ends(group: Group, lane: Lane, state: LaneState, last_end_ms: int) -> tuple[Int64s, Int64s]:
    """Return device and end of the last window due that holds readings, for each hop that has such."""
    cells = np.flatnonzero(state.cells.count > 0)
    row = cells // lane.ring
    open_ms = state.open_ms[row]
    hop = open_ms // lane.hop_ms
    start_ms = (hop + (cells % lane.ring - hop) % lane.ring) * lane.hop_ms
    end_ms = np.minimum(start_ms + lane.size_ms, last_end_ms // lane.hop_ms * lane.hop_ms)
    due = end_ms >= np.maximum(start_ms + lane.hop_ms, open_ms + lane.size_ms)
    return group.series_device[state.series[row[due]]].astype(np.int64), end_ms[due]
