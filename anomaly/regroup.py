"""Divides what is known of devices among another number of key groups; nothing of it is changed.

Only for groups that have folded all there is.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from anomaly.awaited import never_seen
from anomaly.contract import Detector
from anomaly.rows import NONE, PRESENCE
from anomaly.state import GroupState, initial, keys_of_series
from anomaly.table import Table, new_rows
from tocsin.core.columns import Int64s
from tocsin.core.keys import group_of

NameT = TypeVar("NameT", str, int)


def regrouped(
    states: Sequence[GroupState], detector: Detector, count: int, ticked: Mapping[str, range]
) -> list[GroupState]:
    """Return the devices of the states, divided among ``count`` groups by the hash of their keys.

    What was folded of the senders' former generation stays known. Counters add up to what they were; the first group
    has them all.

    Args:
        states: All groups of a generation, drained.
        detector: Whose columns they keep.
        count: How many groups there will be.
        ticked: Open shard of the log of readings to the new groups that its ticks reach; a group waits for no other.
    """
    made = [_group(states, detector, target, count) for target in range(count)]
    ticks = _newest_ticks(states)
    for target, state in enumerate(made):
        state.ticks = {shard: ticks[shard] for shard, groups in ticked.items() if target in groups and shard in ticks}
    for state in states:
        for what, how_many in state.counts.items():
            made[0].count(what, how_many)
    return made


def _group(states: Sequence[GroupState], detector: Detector, target: int, count: int) -> GroupState:
    joined = initial(detector)
    for state in states:
        rows = [row for row, key in enumerate(state.device_keys) if group_of(key, count) == target]
        _add(joined, _of_devices(state, np.array(rows, np.int64)))
        joined.fence |= state.fence
    newest = max(states, key=lambda state: state.tick_ms or 0)
    joined.plan_hash, joined.tick_ms, joined.watched_ms = newest.plan_hash, newest.tick_ms, newest.watched_ms
    joined.device_rows = {key: row for row, key in enumerate(joined.device_keys)}
    joined.series_rows = {key: row for row, key in enumerate(keys_of_series(joined).tolist())}
    return joined


def history_of(state: GroupState, known: Container[str]) -> GroupState:
    """Return what the state has learned of devices that are not known elsewhere.

    Its senders and ticks were others, and its alerts are over: nobody was told of them, so none may go on. When a
    device reports is learned anew: who last did so in the past is not silent now.
    """
    seen = ~never_seen(state)
    rows = np.array([row for row, key in enumerate(state.device_keys) if seen[row] and key not in known], np.int64)
    part = _of_devices(state, rows)
    for table in (part.devices, part.series):
        table.put(np.arange(len(table)), new_rows(PRESENCE, len(table)))
    nothing = Table(part.alerts.take(np.empty(0, np.int64)))
    return replace(part, alerts=nothing, fence={}, ticks={}, counts={}, tick_ms=None, watched_ms=0)


def unheard(state: GroupState) -> set[str]:
    """Return the keys of devices that are awaited and of which nothing was told either."""
    rows = np.flatnonzero(never_seen(state) & ~np.isin(np.arange(len(state.devices)), state.alerts["device"]))
    return {state.device_keys[row] for row in rows.tolist()}


def without(state: GroupState, keys: Container[str]) -> GroupState:
    """Return the state without the devices."""
    rows = np.array([row for row, key in enumerate(state.device_keys) if key not in keys], np.int64)
    return _of_devices(state, rows) if len(rows) < len(state.device_keys) else state


def carried(state: GroupState) -> GroupState:
    """Return what the group of cohorts knows, for a generation with other key groups: their ticks are heard anew."""
    return replace(state.copy(), ticks={}, watched_ms=0)


def _newest_ticks(states: Sequence[GroupState]) -> dict[str, int]:
    newest: dict[str, int] = {}
    for state in states:
        for shard, tick_ms in state.ticks.items():
            newest[shard] = max(tick_ms, newest.get(shard, tick_ms))
    return newest


def _of_devices(state: GroupState, rows: Int64s) -> GroupState:
    """Return the state with the devices of the rows alone, renumbered; names stay."""
    series = np.flatnonzero(np.isin(state.series["device"], rows))
    alerts = np.flatnonzero(np.isin(state.alerts["device"], rows))
    stills = np.flatnonzero(np.isin(state.stills["series"], series))
    joints = np.flatnonzero(np.isin(state.joints["device"], rows))
    learned = np.concatenate([state.series["detector"][series], state.stills["detector"][stills]])
    learned = learned[learned != NONE]
    modes = np.flatnonzero(np.isin(state.modes["device"], rows))
    held = np.flatnonzero(np.isin(state.held["series"], series))
    part = replace(
        state,
        device_keys=[state.device_keys[row] for row in rows],
        devices=Table(state.devices.take(rows)),
        series=Table(state.series.take(series)),
        alerts=Table(state.alerts.take(alerts)),
        stills=Table(state.stills.take(stills)),
        joints=Table(state.joints.take(joints)),
        modes=Table(state.modes.take(modes)),
        held=Table(state.held.take(held)),
        detector=Table(state.detector.take(learned.astype(np.int64))),
        joint_detector=Table(state.joint_detector.take(joints)),
    )
    for table in (part.series, part.alerts, part.joints, part.modes):
        table["device"] = _renumbered(table["device"], rows)
    for table in (part.alerts, part.stills, part.held):
        table["series"] = _renumbered(table["series"], series)
    first = 0
    for table in (part.series, part.stills):
        own = table["detector"] != NONE
        table["detector"] = np.where(own, first + np.cumsum(own) - 1, NONE).astype(np.int32)
        first += int(own.sum())
    return part


def _renumbered(column: NDArray[np.int32], rows: Int64s) -> NDArray[np.int32]:
    """Return the place among the rows of each row that the column names; ``NONE`` stays."""
    return np.where(column == NONE, NONE, np.searchsorted(rows, column)).astype(np.int32)


def _add(state: GroupState, part: GroupState) -> None:
    """Append the part's rows to the state, in place; names are those of the state."""
    devices, series, learned = len(state.device_keys), len(state.series), len(state.detector)
    metrics = _merged(state.metric_names, part.metric_names)
    sizes = _merged(state.sizes_ms, part.sizes_ms)
    channels = _merged(state.channel_names, part.channel_names)
    modes = _merged(state.mode_names, part.mode_names)
    part.modes["mode"] = modes[part.modes["mode"]]
    part.stills["baseline"] = np.append(0, modes + 1).astype(np.int32)[part.stills["baseline"]]
    rules = _merged_rules(state, part)
    for table in (part.series, part.alerts, part.joints, part.modes):
        table["device"] = _moved(table["device"], devices)
    for table in (part.alerts, part.stills, part.held):
        table["series"] = _moved(table["series"], series)
    for table in (part.series, part.stills):
        table["detector"] = _moved(table["detector"], learned)
    part.series["metric"] = metrics[part.series["metric"]]
    part.series["size"] = sizes[part.series["size"]]
    for table in (part.alerts, part.stills, part.joints, part.held):
        table["rule"] = rules[table["rule"]]
    channel = part.joints["channel"]
    part.joints["channel"] = np.where(channel == NONE, NONE, channels[channel]).astype(np.int32)
    state.device_keys += part.device_keys
    for name in ("devices", "series", "alerts", "stills", "joints", "modes", "held", "detector", "joint_detector"):
        getattr(state, name).append(getattr(part, name).columns)


def _moved(column: NDArray[np.int32], by: int) -> NDArray[np.int32]:
    return np.where(column == NONE, NONE, column + by).astype(np.int32)


def _merged(names: list[NameT], more: Sequence[NameT]) -> NDArray[np.int32]:
    """Add the names that are new at the end; return the place of each of ``more``, and of none where it is empty."""
    places = {name: place for place, name in enumerate(names)}
    for name in more:
        if name not in places:
            places[name] = len(names)
            names.append(name)
    return np.array([places[name] for name in more] or [0], np.int32)


def _merged_rules(state: GroupState, part: GroupState) -> NDArray[np.int32]:
    kinds = dict(zip(part.rule_names, part.rule_kinds, strict=True))
    known = len(state.rule_names)
    places = _merged(state.rule_names, part.rule_names)
    state.rule_kinds += [kinds[name] for name in state.rule_names[known:]]
    return places
