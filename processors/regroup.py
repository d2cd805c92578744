"""Divides what is known of devices among another number of key groups; nothing of it is changed.

Only for groups that have folded all there is: a fence that holds for one of them then holds for all.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from processors.geometry import Geometry
from processors.partials import Cells
from processors.sketch import SLICE_OWNER, Sketches
from processors.state import NEVER_MS, Group, LaneState, ShardAccount
from tocsin.core.columns import Int64s
from tocsin.core.keys import group_of

CellsT = TypeVar("CellsT", bound=Cells)


def regrouped(groups: Sequence[Group], geometry: Geometry, count: int) -> list[Group]:
    """Return the devices of the groups, divided among ``count`` groups by the hash of their keys.

    Messages to the log of panes are numbered from 1 again, as of a new generation. Counters add up to what they were;
    the first group has them all.

    Args:
        groups: All groups of a generation, drained.
        geometry: Of their plan.
        count: How many groups there will be.
    """
    made = [
        _joined([_of_devices(group, geometry, _rows(group, target, count)) for group in groups], geometry, target)
        for target in range(count)
    ]
    accounts = _accounts(groups)
    newest = max(groups, key=lambda group: group.tick_ms)
    for target, group in enumerate(made):
        group.shards = accounts if target == 0 else {name: _bare(one) for name, one in accounts.items()}
        group.plan_hash, group.tick_ms = newest.plan_hash, newest.tick_ms
    return made


def history_of(group: Group, geometry: Geometry, known: Container[str]) -> Group:
    """Return what the group knows of devices that are not known elsewhere; its logs were others, so no fence stays."""
    rows = np.array([row for row, key in enumerate(group.devices) if key not in known], np.int64)
    return replace(_of_devices(group, geometry, rows), shards={}, tick_ms=NEVER_MS)


def _rows(group: Group, target: int, count: int) -> Int64s:
    """Return the rows of the group's devices that belong to the new group ``target``, ascending."""
    return np.array([row for row, key in enumerate(group.devices) if group_of(key, count) == target], np.int64)


def _accounts(groups: Sequence[Group]) -> dict[str, ShardAccount]:
    totals: dict[str, ShardAccount] = {}
    for group in groups:
        for shard, account in group.shards.items():
            totals[shard] = account.plus(totals.get(shard, ShardAccount()))
    return dict(sorted(totals.items()))


def _bare(account: ShardAccount) -> ShardAccount:
    """Return fence and tick of the account, without its counters."""
    return ShardAccount(sequence=account.sequence, tick_ms=account.tick_ms)


def _of_devices(group: Group, geometry: Geometry, rows: Int64s) -> Group:
    """Return the group with the devices of the rows alone, renumbered."""
    series = np.flatnonzero(np.isin(group.series_device, rows))
    slots = _ring_places(rows, geometry.identity_ring)
    is_kept = np.zeros(len(group.identity_count), bool)
    is_kept[slots] = True
    having = [np.flatnonzero(np.isin(lane.series, series)) for lane in group.lanes]
    rings = [geometry.ring, *(lane.ring for lane in geometry.lanes)]
    return replace(
        group,
        devices=tuple(group.devices[row] for row in rows),
        max_ms=group.max_ms[rows],
        horizon_ms=group.horizon_ms[rows],
        opened_ms=group.opened_ms[rows],
        series_device=np.searchsorted(rows, group.series_device[series]).astype(np.int32),
        series_metric=group.series_metric[series],
        slices=_taken(group.slices, _ring_places(series, geometry.ring)),
        sketches=_sketches_of(group.sketches, [series, *having], rings),
        lanes=tuple(
            LaneState(
                np.searchsorted(series, lane.series[kept]).astype(np.int32),
                lane.open_ms[kept],
                _taken(lane.cells, _ring_places(kept, shape.ring)),
            )
            for lane, shape, kept in zip(group.lanes, geometry.lanes, having, strict=True)
        ),
        identity_count=group.identity_count[slots],
        identities=group.identities[np.repeat(is_kept, group.identity_count)],
        revisions=_renamed(group.revisions, {int(row): place for place, row in enumerate(series)}),
    )


def _joined(parts: Sequence[Group], geometry: Geometry, key_group: int) -> Group:
    """Return one group with the devices of all parts, in their order."""
    made = Group.empty(key_group, geometry)
    metrics = list(dict.fromkeys(name for part in parts for name in _used_metrics(part)))
    places = {name: place for place, name in enumerate(metrics)}
    made.metrics = tuple(metrics)
    for part in parts:
        devices, series = len(made.devices), len(made.series_device)
        names = np.array([places.get(name, 0) for name in part.metrics] or [0], np.int32)
        renamed = {row: row + series for row in range(len(part.series_device))}
        cells = [series * geometry.ring]
        cells += [len(lane.series) * shape.ring for lane, shape in zip(made.lanes, geometry.lanes, strict=True)]
        made = replace(
            made,
            devices=made.devices + part.devices,
            max_ms=np.concatenate([made.max_ms, part.max_ms]),
            horizon_ms=np.concatenate([made.horizon_ms, part.horizon_ms]),
            opened_ms=np.concatenate([made.opened_ms, part.opened_ms]),
            series_device=np.concatenate([made.series_device, part.series_device + np.int32(devices)]),
            series_metric=np.concatenate([made.series_metric, names[part.series_metric]]),
            slices=_appended(made.slices, part.slices),
            sketches=_sketches_with(made.sketches, part.sketches, cells),
            lanes=tuple(_lane_with(one, more, series) for one, more in zip(made.lanes, part.lanes, strict=True)),
            identity_count=np.concatenate([made.identity_count, part.identity_count]),
            identities=np.concatenate([made.identities, part.identities]),
            revisions=made.revisions | _renamed(part.revisions, renamed),
        )
    return made


def _used_metrics(part: Group) -> list[str]:
    return [part.metrics[place] for place in dict.fromkeys(part.series_metric.tolist())]


def _lane_with(lane: LaneState, more: LaneState, series: int) -> LaneState:
    return LaneState(
        np.concatenate([lane.series, more.series + np.int32(series)]),
        np.concatenate([lane.open_ms, more.open_ms]),
        _appended(lane.cells, more.cells),
    )


def _ring_places(rows: Int64s, ring: int) -> Int64s:
    """Return the places of all cells of the rows, where each row has ``ring`` of them."""
    return np.asarray((rows[:, None] * ring + np.arange(ring)).ravel(), np.int64)


def _taken(cells: CellsT, places: Int64s) -> CellsT:
    return type(cells)(**{name: getattr(cells, name)[places] for name in cells.FILLS})


def _appended(cells: CellsT, more: CellsT) -> CellsT:
    columns = {name: np.concatenate([getattr(cells, name), getattr(more, name)]) for name in cells.FILLS}
    return type(cells)(**columns)


def _sketches_of(sketches: Sketches, rows: Sequence[Int64s], rings: Sequence[int]) -> Sketches:
    """Return the sketches of the rows of each owner, renumbered; rows ascend, so the order stays."""
    row = sketches.cell // np.asarray(rings, np.int64)[sketches.owner]
    cell, is_kept = sketches.cell.copy(), np.zeros(len(sketches), bool)
    for owner, (kept, ring) in enumerate(zip(rows, rings, strict=True), start=SLICE_OWNER):
        here = (sketches.owner == owner) & np.isin(row, kept)
        cell[here] += (np.searchsorted(kept, row[here]) - row[here]) * ring
        is_kept |= here
    return Sketches(sketches.owner[is_kept], cell[is_kept], sketches.bucket[is_kept], sketches.count[is_kept])


def _sketches_with(sketches: Sketches, more: Sketches, offsets: Sequence[int]) -> Sketches:
    moved = more.cell + np.asarray(offsets, np.int64)[more.owner]
    for owner in range(len(offsets)):
        here = more.owner == owner
        sketches = sketches.add(owner, moved[here], more.bucket[here], more.count[here])
    return sketches


def _renamed(revisions: Mapping[str, int], rows: Mapping[int, int]) -> dict[str, int]:
    """Return the revisions of the series rows that are kept, under their new rows."""
    kept = {}
    for key, number in revisions.items():
        series, _, window = key.partition(".")
        if int(series) in rows:
            kept[f"{rows[int(series)]}.{window}"] = number
    return kept
