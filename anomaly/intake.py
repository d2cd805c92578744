"""Intake: which rows a batch's panes belong to; rows that are new are opened in the order of the panes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from anomaly.coverage import is_judged, rules_over_device, rules_over_series, window_of
from anomaly.fold import Fold, settle
from anomaly.rows import DEVICE, NONE, SERIES
from anomaly.state import (
    METRICS_MAX,
    SIZES_MAX,
    GroupState,
    devices_max,
    keys_of_series,
    series_key,
    series_max,
)
from anomaly.table import new_rows
from tocsin.core.columns import EARLY, REVISION, Bools, Int64s, PaneColumns

NameT = TypeVar("NameT", str, int)


@dataclass(frozen=True, slots=True)
class Intake:
    """Where each of a batch's n panes belongs.

    Attributes:
        device: shape (n,), device row; ``NONE`` for revisions and where the group is full.
        series: shape (n,), series row; ``NONE`` where no rule judges the pane.
        rule: shape (n,), place in the plan of the rule whose limit an early pane crossed, else ``NONE``.
    """

    device: Int64s
    series: Int64s
    rule: Int64s


def take_in(fold: Fold, panes: PaneColumns) -> Intake:
    """Find the rows of the panes, open those that are new, count what cannot be judged.

    Cost: vectorised; a loop over the distinct devices, and over the series that are new.
    """
    device = _device_rows(fold, panes)
    rule, size_ms = _targets(fold, panes)
    series = _series_rows(fold, panes, np.where(size_ms > 0, device, NONE), size_ms)
    is_revision = panes.kind == REVISION
    is_lost = (panes.kind == EARLY) & (rule == NONE)
    fold.state.count("revisions", int(np.count_nonzero(is_revision)))
    fold.state.count("devices_refused", int(np.count_nonzero(~is_revision & (device == NONE))))
    fold.state.count("early_without_rule", int(np.count_nonzero(is_lost)))
    return Intake(device, series, rule)


def _device_rows(fold: Fold, panes: PaneColumns) -> Int64s:
    state = fold.state
    told = np.flatnonzero(panes.kind != REVISION)
    codes, first = np.unique(panes.device[told], return_index=True)
    rows = np.full(len(panes.devices), NONE, np.int64)
    covered = []
    for code in codes[np.argsort(first)].tolist():
        key = panes.devices[code]
        row = state.device_rows.get(key, NONE)
        if row == NONE and len(state.device_keys) < devices_max(fold.plan):
            row = state.device_rows[key] = len(state.device_keys)
            state.device_keys.append(key)
            covered.append(rules_over_device(fold.plan, key, peers=fold.peers))
        rows[code] = row
    if covered:
        state.devices.append(new_rows(DEVICE, len(covered)))
        fold.coverage.add_devices(np.array(covered))
    return np.where(panes.kind != REVISION, rows[panes.device], NONE)


def _targets(fold: Fold, panes: PaneColumns) -> tuple[Int64s, Int64s]:
    """Return the rule of each early pane, and the window length of the series that each pane is for.

    An early pane is for the series that its rule judges, whatever slice it came from; length 0 if the
    plan in force has no such rule.
    """
    rules = fold.plan.rules
    rule, size_ms = np.full(len(panes), NONE, np.int64), panes.size_ms.copy()
    places = {known.name: place for place, known in enumerate(rules)}
    for pane in np.flatnonzero(panes.kind == EARLY).tolist():
        place = places.get(panes.rules[panes.rule[pane]], NONE)
        rule[pane] = place
        metric = panes.metrics[panes.metric[pane]]
        size_ms[pane] = window_of(fold.plan, rules[place], metric) if place != NONE else 0
    return rule, size_ms


def _series_rows(fold: Fold, panes: PaneColumns, device: Int64s, size_ms: Int64s) -> Int64s:
    state = fold.state
    metric = _places(state.metric_names, panes.metrics)[panes.metric]
    sizes, size_codes = np.unique(size_ms, return_inverse=True)
    size = _places(state.sizes_ms, sizes.tolist())[size_codes]
    keys = series_key(device, metric, size)
    keys[(device == NONE) | (metric == NONE) | (size == NONE)] = NONE
    rows = np.array([state.series_rows.get(key, NONE) for key in keys.tolist()], np.int64)
    opening = _Opening(fold)
    for pane in np.flatnonzero((rows == NONE) & (device != NONE)).tolist():
        name = panes.metrics[panes.metric[pane]]
        rows[pane] = opening.row(int(device[pane]), name, int(size_ms[pane]))
    opening.close()
    return rows


def _places(known: list[NameT], names: Sequence[NameT]) -> Int64s:
    """Return the place of each name among those known, else ``NONE``."""
    places = {name: place for place, name in enumerate(known)}
    return np.array([places.get(name, NONE) for name in names], np.int64)


class _Opening:
    """Opens series rows one by one, and writes them in one go."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._rows: dict[tuple[int, str, int], int] = {}
        self._covered: list[Bools] = []

    def row(self, device: int, metric: str, size_ms: int) -> int:
        """Return the row of the series, a new one if a rule judges it and the group is not full."""
        name, state, plan = (device, metric, size_ms), self._fold.state, self._fold.plan
        if name in self._rows:
            return self._rows[name]
        if not is_judged(plan, metric, size_ms, peers=self._fold.peers):
            return NONE
        covered = rules_over_series(plan, state.device_keys[device], metric, size_ms, peers=self._fold.peers)
        if not covered.any():
            return NONE
        row = len(state.series) + len(self._rows)
        is_full = row >= series_max(plan)
        if is_full or not (
            _admit(state.metric_names, metric, METRICS_MAX) and _admit(state.sizes_ms, size_ms, SIZES_MAX)
        ):
            state.count("series_refused", 1)
            return NONE
        self._rows[name] = row
        self._covered.append(covered)
        return row

    def close(self) -> None:
        """Append the rows that were opened."""
        if not self._rows:
            return
        fold, begin = self._fold, len(self._fold.state.series)
        fold.state.series.append(_named_rows(fold.state, list(self._rows)))
        keys = keys_of_series(fold.state)[begin:].tolist()
        fold.state.series_rows |= {key: begin + place for place, key in enumerate(keys)}
        fold.coverage.add_series(np.array(self._covered))
        settle(fold, np.arange(begin, begin + len(self._rows)))


def _named_rows(state: GroupState, names: list[tuple[int, str, int]]) -> dict[str, np.ndarray]:
    rows = new_rows(SERIES, len(names))
    rows["device"] = np.array([device for device, _, _ in names])
    rows["metric"] = _places(state.metric_names, [metric for _, metric, _ in names])
    rows["size"] = _places(state.sizes_ms, [size_ms for _, _, size_ms in names])
    return rows


def _admit(names: list[NameT], name: NameT, names_max: int) -> bool:
    """Add the name at the end if it is new and there is room; tell whether it is there."""
    if name not in names and len(names) < names_max:
        names.append(name)
    return name in names
