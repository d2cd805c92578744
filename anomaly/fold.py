"""One fold: the group's state while a batch is worked into it, and the transitions that came of it."""

from dataclasses import dataclass, field

import numpy as np

from anomaly.contract import Detector
from anomaly.coverage import Coverage, empty_coverage, rules_over_device, rules_over_series
from anomaly.lifecycle import LIFE_COLUMNS, Lives
from anomaly.rows import NONE, STILL
from anomaly.state import GroupState
from anomaly.table import Table, new_rows
from tocsin.core.columns import Int32s, Int64s
from tocsin.core.messages import Transition
from tocsin.core.plan.model import (
    AdaptiveRule,
    DriftRule,
    FlatlineRule,
    MultivariateRule,
    Plan,
    QualityRule,
    Rule,
    plan_hash,
)
from tocsin.core.plan.resolve import has_memories, kind_of


@dataclass(slots=True)
class Fold:
    """What the parts of a step work on; made at its beginning, dropped at its end.

    Attributes:
        state: The group's state, a copy of the step's own.
        plan: The plan in force.
        plan_hash: Its hash.
        detector: The adaptive detector.
        coverage: Which rules of the plan judge what.
        rule_place: shape (r,), place of each of the plan's rules in ``state.rule_names``.
        moves: (place in the batch, place of the rule, transition), as they were found.
        peers: Whether this is the group of cohorts, whose rules compare with peers; all others judge elsewhere.
    """

    state: GroupState
    plan: Plan
    plan_hash: str
    detector: Detector
    coverage: Coverage
    rule_place: Int32s
    moves: list[tuple[int, int, Transition]] = field(default_factory=list)
    peers: bool = False


def open_fold(state: GroupState, plan: Plan, detector: Detector, *, peers: bool = False) -> Fold:
    """Return the fold of the state under the plan, with rows for all that the plan's rules need."""
    places = np.array([_rule_place(state, rule) for rule in plan.rules], np.int32)
    fresh = state.coverage is None
    coverage = state.coverage or _coverage(state, plan, peers=peers)
    fold = Fold(state, plan, plan_hash(plan), detector, coverage, places, peers=peers)
    state.coverage = coverage
    if fresh:
        _find_alerts(fold)
        _find_stills(fold)
        _find_joints(fold)
        _find_modes(fold)
        settle(fold, np.arange(len(state.series)))
    return fold


def settle(fold: Fold, series: Int64s) -> None:
    """Open the rows that rules need to remember something of the series: movement, level, and the detector's.

    Args:
        fold: The fold.
        series: shape (k,), series rows, ascending.
    """
    if not len(series):
        return
    state, rules = fold.state, fold.plan.rules
    adaptive = np.array([isinstance(rule, AdaptiveRule) and not has_memories(rule) for rule in rules], np.bool_)
    keeping = np.array([_keeps(rule) for rule in rules], np.bool_)
    covered = fold.coverage.series[series]
    learning = series[(covered & adaptive).any(axis=1) & (state.series["detector"][series] == NONE)]
    state.series["detector"][learning] = len(state.detector) + np.arange(len(learning))
    if len(learning):
        state.detector.append(fold.detector.initial(len(learning)))
    lacking = covered & keeping & (fold.coverage.still[series] == NONE)
    place, rule = np.nonzero(lacking)
    fold.coverage.still[series[place], rule] = len(state.stills) + np.arange(len(place))
    rows = new_rows(STILL, len(place))
    rows["series"], rows["rule"] = series[place], fold.rule_place[rule]
    state.stills.append(rows)


def lives_of(fold: Fold, alerts: Int64s) -> Lives:
    """Return where the alerts of the rows stand."""
    columns = fold.state.alerts.columns
    return Lives(*[columns[name][alerts] for name in LIFE_COLUMNS])


def save_lives(fold: Fold, alerts: Int64s, lives: Lives) -> None:
    """Write where the alerts of the rows stand."""
    fold.state.alerts.put(alerts, {name: getattr(lives, name) for name in LIFE_COLUMNS})


def _rule_place(state: GroupState, rule: Rule) -> int:
    """Return the place of the rule's name, which is added at the end if it is new."""
    if rule.name not in state.rule_names:
        state.rule_names.append(rule.name)
        state.rule_kinds.append(("", ""))
    place = state.rule_names.index(rule.name)
    state.rule_kinds[place] = (kind_of(rule), rule.severity.value)
    return place


def _coverage(state: GroupState, plan: Plan, *, peers: bool) -> Coverage:
    coverage = empty_coverage(plan)
    if state.device_keys:
        coverage.add_devices(np.array([rules_over_device(plan, key, peers=peers) for key in state.device_keys]))
    places = zip(*(state.series[name].tolist() for name in ("device", "metric", "size")), strict=True)
    covered = [
        rules_over_series(
            plan, state.device_keys[device], state.metric_names[metric], state.sizes_ms[size], peers=peers
        )
        for device, metric, size in places
    ]
    if covered:
        coverage.add_series(np.array(covered))
    return coverage


def _find_alerts(fold: Fold) -> None:
    """Point the coverage to the alert rows of rules that the plan has."""
    alerts, coverage = fold.state.alerts, fold.coverage
    if not len(alerts):
        return
    rule = plan_places(fold)[alerts["rule"]]
    of_series = np.flatnonzero((rule != NONE) & (alerts["series"] != NONE))
    of_device = np.flatnonzero((rule != NONE) & (alerts["series"] == NONE))
    coverage.series_alert[alerts["series"][of_series], rule[of_series]] = of_series
    coverage.device_alert[alerts["device"][of_device], rule[of_device]] = of_device


def _find_stills(fold: Fold) -> None:
    """Point the coverage to the movements and levels that its rules watch, and forget the others."""
    stills, coverage = fold.state.stills, fold.coverage
    if not len(stills):
        return
    rule = plan_places(fold)[stills["rule"]]
    keeping = [_keeps(rule) or has_memories(rule) for rule in fold.plan.rules]
    covered = np.pad(coverage.series, ((0, 0), (0, 1)))  # NONE finds the last column
    kept = np.flatnonzero(np.array([*keeping, False], np.bool_)[rule] & covered[stills["series"], rule])
    for name in stills:
        stills[name] = stills[name][kept]
    rule = rule[kept]
    apart = np.array([has_memories(rule) for rule in fold.plan.rules] + [False], np.bool_)[rule]
    shared = np.flatnonzero(~apart)
    coverage.still[stills["series"][shared], rule[shared]] = shared
    names = zip(stills["series"].tolist(), rule.tolist(), stills["baseline"].tolist(), strict=True)
    coverage.memory |= {name: row for row, name in enumerate(names) if apart[row]}


def _keeps(rule: Rule) -> bool:
    """Tell whether the rule keeps something of each of its series, whatever its mode."""
    learns = isinstance(rule, FlatlineRule | DriftRule) or (isinstance(rule, QualityRule) and rule.check == "unit")
    return learns and not has_memories(rule)


def _find_joints(fold: Fold) -> None:
    """Point the coverage to what its rules gather of devices, and forget the others."""
    state, joints, coverage = fold.state, fold.state.joints, fold.coverage
    if not len(joints):
        return
    rule = plan_places(fold)[joints["rule"]]
    joint = np.array([isinstance(rule, MultivariateRule) for rule in fold.plan.rules] + [False], np.bool_)
    covered = np.pad(coverage.device, ((0, 0), (0, 1)))  # NONE finds the last column
    kept = np.flatnonzero(joint[rule] & covered[joints["device"], rule])
    state.joints, state.joint_detector = Table(joints.take(kept)), Table(state.joint_detector.take(kept))
    device, rule = state.joints["device"], rule[kept]
    order = np.lexsort((rule, device))
    goes_on = (np.diff(device[order]) == 0) & (np.diff(rule[order]) == 0)
    coverage.block = np.full(len(kept), NONE, np.int32)
    coverage.block[order[:-1][goes_on]] = order[1:][goes_on]
    first = order[np.append(np.ones(min(len(kept), 1), np.bool_), ~goes_on)]
    coverage.joint[device[first], rule[first]] = first


def _find_modes(fold: Fold) -> None:
    """Point the coverage to what is known of the plan's modes, and forget the others."""
    state = fold.state
    if not len(state.modes):
        return
    places = {mode.name: place for place, mode in enumerate(fold.plan.modes)}
    mode = np.array([*(places.get(name, NONE) for name in state.mode_names), NONE], np.int64)[state.modes["mode"]]
    kept = np.flatnonzero(mode != NONE)
    state.modes = Table(state.modes.take(kept))
    names = zip(state.modes["device"].tolist(), mode[kept].tolist(), strict=True)
    fold.coverage.mode |= {name: row for row, name in enumerate(names)}


def plan_places(fold: Fold) -> Int64s:
    """Return the place in the plan of each name in ``rule_names``, else ``NONE``."""
    places = np.full(len(fold.state.rule_names), NONE, np.int64)
    places[fold.rule_place] = np.arange(len(fold.rule_place))
    return places
