"""Idle closing: a tick closes windows of devices that have gone quiet.

A window is closed when the tick has passed its end by the idle bound, or, if the device opened a
slice after that end, when it has passed that opening by as much: the buffered past that arrives
after an outage is worked in first.
"""

import numpy as np

from processors.geometry import Geometry, Lane
from processors.lanes import rows_of
from processors.rows import Rows
from processors.state import Group, LaneState
from processors.work import Work
from tocsin.core.columns import Bools, Int64s
from tocsin.core.keys import HASH_END, key_hash
from tocsin.core.messages import Tick


def idle_horizons(work: Work, tick: Tick) -> tuple[Int64s, Int64s]:
    """Return the devices whose windows the tick closes, and up to where.

    A tick speaks for the devices of its own shard. On the border of two shards the other one's readings up
    to this instant may not be folded yet, and would come late.

    Returns:
        Rows of the devices, ascending, and the horizon that each gets.
    """
    group, rows, geometry = work.group, work.rows, work.geometry
    if not (group.slices.count.any() or any(lane.cells.count.any() for lane in group.lanes)):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    last_end_ms = tick.tick_ms - geometry.idle_ms
    reach_ms = np.full(len(group.devices), np.iinfo(np.int64).min)
    series, start_ms = _open_slices(group, rows, geometry)
    _reach(group, reach_ms, series, start_ms + rows.slice_ms[series], last_end_ms)
    for lane, state in zip(geometry.lanes, group.lanes, strict=True):
        held, hop_ms = _held_hops(lane, state)
        _, has_lane = rows_of(state, series)
        held = np.concatenate([held, series[has_lane]])
        hop_ms = np.concatenate([hop_ms, start_ms[has_lane] // lane.hop_ms * lane.hop_ms])
        # Of the windows that hold the hop, the last that is due.
        end_ms = np.minimum(hop_ms + lane.size_ms, last_end_ms // lane.hop_ms * lane.hop_ms)
        due = end_ms >= hop_ms + lane.hop_ms
        _reach(group, reach_ms, held[due], end_ms[due], last_end_ms)
    quiet = group.opened_ms <= last_end_ms
    devices = np.flatnonzero(quiet & (reach_ms > group.horizon_ms))
    devices = devices[_are_under(tick, work, devices)]
    return devices, reach_ms[devices]


def _are_under(tick: Tick, work: Work, devices: Int64s) -> Bools:
    """Tell for each device whether it is hashed into the tick's shard."""
    group, groups = work.group.key_group, work.geometry.plan.groups
    if tick.hash_start * groups <= group * HASH_END and (group + 1) * HASH_END <= tick.hash_end * groups:
        return np.ones(len(devices), np.bool_)
    places = (key_hash(work.group.devices[row]) for row in devices.tolist())
    return np.fromiter((tick.hash_start <= place < tick.hash_end for place in places), np.bool_, len(devices))


def _reach(group: Group, reach_ms: Int64s, series: Int64s, end_ms: Int64s, last_end_ms: int) -> None:
    """Raise each device's reach to the ends of its windows that are due, in place."""
    due = end_ms <= last_end_ms
    np.maximum.at(reach_ms, group.series_device[series[due]], end_ms[due])


def _open_slices(group: Group, rows: Rows, geometry: Geometry) -> tuple[Int64s, Int64s]:
    """Return series and start of each open slice that holds readings."""
    cells = np.flatnonzero(group.slices.count > 0)
    series = cells // geometry.ring
    slice_ms = rows.slice_ms[series]
    first = group.horizon_ms[group.series_device[series]] // slice_ms
    return series, (first + (cells % geometry.ring - first) % geometry.ring) * slice_ms


def _held_hops(lane: Lane, state: LaneState) -> tuple[Int64s, Int64s]:
    """Return series and start of each hop of the lane that holds readings."""
    cells = np.flatnonzero(state.cells.count > 0)
    row = cells // lane.ring
    hop = state.open_ms[row] // lane.hop_ms
    start_ms = (hop + (cells % lane.ring - hop) % lane.ring) * lane.hop_ms
    return state.series[row].astype(np.int64), start_ms
