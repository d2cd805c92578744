"""Amending: what late data say of alerts that were told, as long as the windows that led there are kept.

A revision is a delta of a closed window. It is merged into the window that the series keeps; where a limits rule judged
that window, the rule is asked again; what other kinds of rules are held against is in ``anomaly.late``. Late data
confirm, weaken or withdraw an alert; they never make one fire.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from anomaly.detectors import limits
from anomaly.fold import Fold, lives_of
from anomaly.late import Span, may_be_proven, moved_late, prove, tell, unusual_late
from anomaly.lifecycle import BREACH, PHASES, Lives
from anomaly.rows import NONE
from anomaly.state import series_key
from anomaly.table import Table
from anomaly.verdicts import Verdicts
from tocsin.core.columns import PANE_ARRAYS, REVISION, Bools, Floats, Int64s, PaneColumns
from tocsin.core.messages import PANES_MAX, Amendment, Phase
from tocsin.core.plan.model import AdaptiveRule, FlatlineRule, LimitsRule
from tocsin.core.plan.resolve import is_switched

MERGEABLE: Final = ("mean", "min", "max")
"""Statistics of windows that are kept, and so can be revised."""

AMENDED_PHASES: Final = (Phase.FIRING, Phase.RESOLVED)


def runs_between_revisions(panes: PaneColumns) -> Iterator[tuple[int, PaneColumns]]:
    """Yield the panes in runs, each with the place of its first: windows and readings first, then revisions.

    Late data are judged at their place: after the windows before them, and before those behind them.
    """
    is_revision = panes.kind == REVISION
    begins = [0, *(np.flatnonzero(is_revision[:-1] & ~is_revision[1:]) + 1).tolist()]
    if len(begins) == 1:
        yield from [(0, panes)] if len(panes) else []
        return
    for begin, end in pairwise([*begins, len(panes)]):
        yield begin, replace(panes, **{name: getattr(panes, name)[begin:end] for name in PANE_ARRAYS})


def amend_alerts(fold: Fold, panes: PaneColumns) -> None:
    """Let revisions confirm, weaken or withdraw the alerts that their windows led to.

    Cost: a loop over the revisions, which are rare.
    """
    for place in np.flatnonzero(panes.kind == REVISION).tolist():
        row = _series_row(fold, panes, place)
        if row == NONE:
            continue
        _ask_of_times(fold, panes, row, place)
        cell = _cell(fold.state.series, row, int(panes.start_ms[place]))
        if cell == NONE:
            continue
        before = _windows(fold, row)
        _merge(fold.state.series, row, cell, panes, place)
        change = (before, _windows(fold, row))
        for rule in np.flatnonzero(fold.coverage.series_alert[row] != NONE).tolist():
            if not is_switched(fold.plan.rules[rule]):  # the mode, which has passed, would have to be known
                _ask(fold, rule, row, span_of(panes, place), change)


def _ask_of_times(fold: Fold, panes: PaneColumns, row: int, place: int) -> None:
    """Hold a late reading against the silence and the standstill of its metric, whether its window is kept or not."""
    alerts = np.asarray(fold.coverage.series_alert[row], np.int64)
    for rule in may_be_proven(fold, alerts).tolist():
        end_ms = int(panes.start_ms[place] + panes.size_ms[place])
        prove(fold, rule, int(alerts[rule]), span_of(panes, place), end_ms)
    for rule in np.flatnonzero(alerts != NONE).tolist():
        wanted = fold.plan.rules[rule]
        if isinstance(wanted, FlatlineRule) and not is_switched(wanted):
            moved_late(fold, rule, int(alerts[rule]), row, span_of(panes, place))


def span_of(panes: PaneColumns, place: int) -> Span:
    """Return the pane as late data are told by."""
    first_ms, last_ms = int(panes.first_ms[place]), int(panes.last_ms[place])
    return Span(place, first_ms, last_ms, float(panes.min[place]), float(panes.max[place]))


def _ask(fold: Fold, rule: int, row: int, span: Span, change: "_Change") -> None:
    """Let a late reading that changed a kept window say what it does of one rule's alert."""
    wanted, alert = fold.plan.rules[rule], int(fold.coverage.series_alert[row, rule])
    if isinstance(wanted, LimitsRule) and wanted.statistic in MERGEABLE:
        _reconsider(fold, rule, alert, span.place, change)
    elif isinstance(wanted, AdaptiveRule):
        before, after = change
        for cell in np.flatnonzero(before["mean"] != after["mean"]).tolist():
            means = (int(after["end_ms"][cell]), float(before["mean"][cell]), float(after["mean"][cell]))
            unusual_late(fold, rule, alert, span.place, means)


def _series_row(fold: Fold, panes: PaneColumns, place: int) -> int:
    """Return the row of the series that the pane is of, ``NONE`` where none is kept."""
    state = fold.state
    device = state.device_rows.get(panes.devices[panes.device[place]], NONE)
    metric, size_ms = panes.metrics[panes.metric[place]], int(panes.size_ms[place])
    if device == NONE or metric not in state.metric_names or size_ms not in state.sizes_ms:
        return NONE
    key = series_key(
        np.array([device]), np.array([state.metric_names.index(metric)]), np.array([state.sizes_ms.index(size_ms)])
    )
    return state.series_rows.get(int(key[0]), NONE)


def _cell(series: Table, row: int, start_ms: int) -> int:
    """Return where in its ring the series keeps the window, ``NONE`` where it does not any more."""
    kept = min(int(series["ring"][row]), PANES_MAX)
    found = np.flatnonzero(series["ring_start_ms"][row][:kept] == start_ms)
    return int(found[0]) if len(found) else NONE


def _merge(series: Table, row: int, cell: int, panes: PaneColumns, place: int) -> None:
    """Merge the delta into the kept window."""
    known, late = int(series["ring_count"][row, cell]), int(panes.count[place])
    total = known + late
    mean = series["ring_mean"][row, cell]
    series["ring_mean"][row, cell] = mean + (panes.mean[place] - mean) * late / total
    series["ring_min"][row, cell] = min(series["ring_min"][row, cell], panes.min[place])
    series["ring_max"][row, cell] = max(series["ring_max"][row, cell], panes.max[place])
    series["ring_count"][row, cell] = min(total, np.iinfo(np.int32).max)


def _windows(fold: Fold, row: int) -> dict[str, Floats | Int64s]:
    """Return the kept windows of a series, oldest first: ``end_ms`` and the statistics, each shape (k,)."""
    series = fold.state.series
    kept = min(int(series["ring"][row]), PANES_MAX)
    order = np.argsort(series["ring_start_ms"][row][:kept])
    size_ms = fold.state.sizes_ms[int(series["size"][row])]
    statistics = {name: series[f"ring_{name}"][row][:kept][order].copy() for name in MERGEABLE}
    return {"end_ms": series["ring_start_ms"][row][:kept][order] + size_ms, **statistics}


_Change = tuple[dict[str, Floats | Int64s], dict[str, Floats | Int64s]]
"""The kept windows before and after a revision."""


def _reconsider(fold: Fold, rule: int, alert: int, place: int, change: _Change) -> None:
    """Ask the rule again, and tell what that says of its alert."""
    wanted = fold.plan.rules[rule]
    assert isinstance(wanted, LimitsRule), wanted
    before, after = change
    life = lives_of(fold, np.array([alert]))
    was, now = (limits.compare(wanted, np.asarray(windows[wanted.statistic])) for windows in (before, after))
    moved = np.flatnonzero(was.value != now.value)
    phase = PHASES[int(life.phase[0])]
    if not len(moved) or phase not in AMENDED_PHASES:
        return
    revised = int(moved[0])
    of_episode = _of_episode(life, np.asarray(after["end_ms"], np.int64), phase)
    if not of_episode[revised] or was.verdict[revised] != BREACH:
        return
    says = _says(wanted, life, (was, now), np.asarray(after["end_ms"], np.int64), of_episode, revised)
    if phase is Phase.RESOLVED and says is not Amendment.WITHDRAWN:
        return
    tell(fold, rule, alert, place, says, now.take(np.array([revised])))


def _of_episode(life: Lives, end_ms: Int64s, phase: Phase) -> Bools:
    """Tell which windows were judged within the newest episode of the alert."""
    since = end_ms >= life.since_ms[0]
    return np.asarray(since if phase is Phase.FIRING else since & (end_ms <= life.moved_ms[0]))


def _says(
    rule: LimitsRule, life: Lives, verdicts: tuple[Verdicts, Verdicts], end_ms: Int64s, of_episode: Bools, revised: int
) -> Amendment:
    """Return what the revised windows say of the alert.

    It is withdrawn only where all windows of its episode are kept, and it began with a window: a single reading over a
    limit stays one, whatever comes late.
    """
    was, now = verdicts
    over = end_ms[of_episode & (now.verdict == BREACH)]
    would_fire = len(over) > 0 and int(over[-1] - over[0]) >= rule.for_ms
    is_whole = bool((end_ms == life.since_ms[0]).any())
    if not would_fire and is_whole:
        return Amendment.WITHDRAWN
    is_over = now.verdict[revised] == BREACH
    beyond = np.abs(now.value[revised] - now.threshold[revised]) >= np.abs(was.value[revised] - was.threshold[revised])
    return Amendment.CONFIRMED if is_over and bool(beyond) else Amendment.WEAKENED
