"""Rows: which row of the group's columns a device or a series has, and what the plan says of it.

All of this can be derived from the group and the plan, so it is kept beside the state, not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from processors.geometry import Geometry
from processors.state import METRICS_MAX, NEVER_MS, Group, LaneState
from tocsin.core.columns import Bools, Floats, Int32s, Int64s, MessageColumns
from tocsin.core.errors import ConfigError
from tocsin.core.formats.arrays import int64s, looked_up
from tocsin.core.keys import split_key
from tocsin.core.plan.resolve import EARLY_LIMITS_MAX, early_rules, time_rules


@dataclass(frozen=True, slots=True)
class Rows:
    """Lookups of one group; replaced, never changed, when the group grows.

    Attributes:
        device: Partition key to row.
        metric: Metric name to index.
        series: shape (devices, metrics), row of each series, -1 where there is none.
        slice_ms: shape (series,), length of the series' slices.
        emits_slices: shape (series,), whether closed slices are panes.
        sketched: shape (series,), whether quantiles are kept.
        limits: shape (series, limits), what early panes watch; NaN pads.
        upper: shape (series, limits), whether the limit is an upper one.
        limit_rules: For each series, the names of the rules of its limits.
        common_slice_ms: Length of all slices, 0 where they differ.
    """

    device: dict[str, int]
    metric: dict[str, int]
    series: Int32s
    slice_ms: Int64s
    emits_slices: Bools
    sketched: Bools
    limits: Floats
    upper: Bools
    limit_rules: tuple[tuple[str, ...], ...]
    common_slice_ms: int

    @classmethod
    def of(cls, group: Group, geometry: Geometry) -> Self:
        """Return the lookups of the group under the plan."""
        nothing = cls(
            device={},
            metric={},
            series=np.empty((0, 0), np.int32),
            slice_ms=np.empty(0, np.int64),
            emits_slices=np.empty(0, bool),
            sketched=np.empty(0, bool),
            limits=np.empty((0, 0)),
            upper=np.empty((0, 0), bool),
            limit_rules=(),
            common_slice_ms=0,
        )
        return nothing.grown(group, geometry)

    def grown(self, group: Group, geometry: Geometry) -> Self:
        """Return the lookups with the rows that the group has beyond these."""
        known = len(self.slice_ms)
        device, metric = group.series_device[known:], group.series_metric[known:]
        table = np.full((len(group.devices), len(group.metrics)), -1, np.int32)
        table[: len(self.device), : len(self.metric)] = self.series
        table[device, metric] = np.arange(known, known + len(device), dtype=np.int32)
        metrics = [geometry.metric(name) for name in group.metrics]
        lengths = {one.slice_ms for one in metrics}
        watched = _watched_by_series(group, geometry, known)
        width = max([self.limits.shape[1], *map(len, watched)])
        limits = _padded([[limit for limit, _, _ in one] for one in watched], width)
        upper = _padded([[float(is_upper) for _, is_upper, _ in one] for one in watched], width) == 1.0
        return type(self)(
            device=self.device | {key: row for row, key in enumerate(group.devices) if row >= len(self.device)},
            metric=self.metric | {name: row for row, name in enumerate(group.metrics) if row >= len(self.metric)},
            series=table,
            slice_ms=_appended(self.slice_ms, np.array([one.slice_ms for one in metrics], np.int64), metric),
            emits_slices=_appended(self.emits_slices, np.array([one.emits_slices for one in metrics], bool), metric),
            sketched=_appended(self.sketched, np.array([bool(one.quantiles) for one in metrics], bool), metric),
            limits=np.concatenate([_widened(self.limits, width, np.nan), limits]),
            upper=np.concatenate([_widened(self.upper, width, fill=False), upper]),
            limit_rules=self.limit_rules + tuple(tuple(rule for _, _, rule in one) for one in watched),
            common_slice_ms=lengths.pop() if len(lengths) == 1 else 0,
        )

    def slice_of(self, series: Int64s) -> Int64s | int:
        """Return the length of each series' slices; one number where all have the same, which is divided by faster."""
        return self.common_slice_ms or self.slice_ms[series]


def _appended(column: NDArray[Any], by_metric: NDArray[Any], metric: Int32s) -> NDArray[Any]:
    return np.concatenate([column, by_metric[metric]])


def _widened(table: NDArray[Any], width: int, fill: float) -> NDArray[Any]:
    if table.shape[1] == width:
        return table
    wide = np.full((len(table), width), fill, table.dtype)
    wide[:, : table.shape[1]] = table
    return wide


def _watched_by_series(group: Group, geometry: Geometry, known: int) -> list[list[tuple[float, bool, str]]]:
    """Return the limits that early panes watch, for each series from row ``known`` on."""
    device, metric = group.series_device[known:].tolist(), group.series_metric[known:].tolist()
    if not geometry.has_early_limits:
        return [[] for _ in device]
    return [_watched(geometry, group.devices[d], group.metrics[m]) for d, m in zip(device, metric, strict=True)]


def _watched(geometry: Geometry, device: str, metric: str) -> list[tuple[float, bool, str]]:
    """Return (limit, whether it is an upper one, rule) for each limit that early panes watch."""
    tenant, name = split_key(device)
    watched: list[tuple[float, bool, str]] = []
    for rule in early_rules(geometry.plan, tenant, name, metric):
        if rule.above is not None:
            watched.append((rule.above, True, rule.name))
        if rule.below is not None:
            watched.append((rule.below, False, rule.name))
    # No value is above infinity: it stands for readings of one time that differ.
    watched += [(inf, True, rule) for rule in time_rules(geometry.plan, tenant, name, metric)]
    if len(watched) > EARLY_LIMITS_MAX:  # the bits of a slice's ``told``
        raise ConfigError(f"{metric} of {device} has {len(watched)} limits, at most {EARLY_LIMITS_MAX} can be watched")
    return watched


def _padded(ragged: Sequence[Sequence[float]], width: int) -> Floats:
    rows = [[*values, *(nan,) * (width - len(values))] for values in ragged]
    return np.array(rows, np.float64).reshape(len(rows), width)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Messages of a batch with the group's rows.

    Attributes:
        messages: Those that the group takes, in order.
        device: shape (m,), row of each message's device.
        series: shape (r,), row of each reading's series.
        message: shape (r,), which message each reading is of.
        refused: Places in the batch of the messages that the full group does not take.
    """

    messages: MessageColumns
    device: Int64s
    series: Int64s
    message: Int64s
    refused: Int64s


def admit(group: Group, rows: Rows, geometry: Geometry, messages: MessageColumns) -> tuple[Admitted, Rows]:
    """Give every device and series its row, new ones in the order of appearance.

    Changes the group in place; returns the messages with their rows, and the lookups afterwards.
    """
    device = _names_to_rows(messages.devices, messages.device, rows.device)
    metric = _names_to_rows(messages.metrics, messages.metric, rows.metric)
    full = np.empty(0, np.int64)
    if (device < 0).any() or (metric < 0).any():
        messages, full = _without_overflow(group, rows, geometry, messages)
        _append_names(group, geometry, rows, messages)
        rows = rows.grown(group, geometry)
        device = _names_to_rows(messages.devices, messages.device, rows.device)
        metric = _names_to_rows(messages.metrics, messages.metric, rows.metric)
    message = messages.of_reading()
    device_of_reading = device if messages.has_one_reading_each() else device[message]
    series = _series(rows, device_of_reading, metric)
    if len(series) and series.min() < 0:
        _append_series(group, geometry, device_of_reading[series < 0], metric[series < 0])
        rows = rows.grown(group, geometry)
        series = _series(rows, device_of_reading, metric)
    return Admitted(messages, device, series, message, full), rows


def _series(rows: Rows, device: Int64s, metric: Int64s) -> Int64s:
    """Return the row of each series, -1 for new ones; of a flat table, which numpy looks up in a third of the time."""
    found = rows.series.ravel()[device * rows.series.shape[1] + metric]
    return np.asarray(found, np.int64)


def _names_to_rows(names: tuple[str, ...], codes: Int32s, known: dict[str, int]) -> Int64s:
    """Return the known row of each code's name, -1 for new names."""
    try:
        table = int64s(looked_up(known, names))  # most often all are known, which costs a third
    except KeyError:
        table = int64s([known.get(name, -1) for name in names])
    return np.asarray(table[codes])


def _in_order_of_appearance(codes: Int64s | Int32s) -> list[int]:
    return list(dict.fromkeys(codes.tolist()))


def _without_overflow(
    group: Group, rows: Rows, geometry: Geometry, messages: MessageColumns
) -> tuple[MessageColumns, Int64s]:
    """Return the messages whose names the group has or still takes, and the places of the others."""
    new_device = np.array([name not in rows.device for name in messages.devices])
    new_metric = np.array([name not in rows.metric for name in messages.metrics])
    devices_left = geometry.plan.bounds.devices_per_group_max - len(group.devices)
    metrics_left = METRICS_MAX - len(group.metrics)
    if new_device.sum() <= devices_left and new_metric.sum() <= metrics_left:
        return messages, np.empty(0, np.int64)
    has_new = new_device[messages.device]
    has_new[messages.of_reading()[new_metric[messages.metric]]] = True
    devices, metrics = _Room(devices_left, new_device), _Room(metrics_left, new_metric)
    bad = np.zeros(len(messages), bool)
    # One by one: a refused message takes no room, so what fits depends on those before it.
    for place in np.flatnonzero(has_new).tolist():
        device = {int(messages.device[place])}
        metric = set(messages.metric[messages.start[place] : messages.start[place + 1]].tolist())
        bad[place] = not (devices.fits(device) and metrics.fits(metric))
        if not bad[place]:
            devices.take(device)
            metrics.take(metric)
    return messages.take(np.flatnonzero(~bad)), np.flatnonzero(bad)


class _Room:
    """How many more names a group takes, and which of a batch's it has taken."""

    def __init__(self, left: int, is_new: Bools) -> None:
        self._left, self._is_new = left, is_new
        self._taken: set[int] = set()

    def fits(self, codes: set[int]) -> bool:
        return len(self._taken | self._new(codes)) <= max(self._left, 0)

    def take(self, codes: set[int]) -> None:
        self._taken |= self._new(codes)

    def _new(self, codes: set[int]) -> set[int]:
        return {code for code in codes if self._is_new[code]}


def _append_names(group: Group, geometry: Geometry, rows: Rows, messages: MessageColumns) -> None:
    devices = [messages.devices[code] for code in _in_order_of_appearance(messages.device)]
    metrics = [messages.metrics[code] for code in _in_order_of_appearance(messages.metric)]
    new = [name for name in devices if name not in rows.device]
    never = np.full(len(new), NEVER_MS, np.int64)
    group.devices += tuple(new)
    group.metrics += tuple(name for name in metrics if name not in rows.metric)
    group.max_ms = np.concatenate([group.max_ms, never])
    group.horizon_ms = np.concatenate([group.horizon_ms, never])
    group.opened_ms = np.concatenate([group.opened_ms, never])
    slots = np.zeros(len(new) * geometry.identity_ring, np.int32)
    group.identity_count = np.concatenate([group.identity_count, slots])


def _append_series(group: Group, geometry: Geometry, devices: Int64s, metrics: Int64s) -> None:
    """Append the series of the (device, metric) pairs, repeated ones once, with empty cells."""
    pairs = _in_order_of_appearance(devices * METRICS_MAX + metrics)
    first = len(group.series_device)
    group.series_device = np.concatenate([group.series_device, np.array(pairs, np.int32) // METRICS_MAX])
    group.series_metric = np.concatenate([group.series_metric, np.array(pairs, np.int32) % METRICS_MAX])
    group.slices.grow(len(group.series_device) * geometry.ring)
    for place, lane in enumerate(geometry.lanes):
        having = [
            row
            for row, pair in enumerate(pairs, first)
            if place in geometry.metric(group.metrics[pair % METRICS_MAX]).lanes
        ]
        _append_lane_rows(group.lanes[place], having, lane.ring)


def _append_lane_rows(lane: LaneState, series: Sequence[int], ring: int) -> None:
    lane.series = np.concatenate([lane.series, np.array(series, np.int32)])
    lane.open_ms = np.concatenate([lane.open_ms, np.full(len(series), NEVER_MS, np.int64)])
    lane.cells.grow(len(lane.series) * ring)
