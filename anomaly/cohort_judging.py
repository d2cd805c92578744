"""Judging cohorts: windows wait until all members' can be there, and are then compared with each other."""

import numpy as np

from anomaly.contract import Observations
from anomaly.detectors import peers
from anomaly.fold import Fold, plan_places
from anomaly.intake import Intake
from anomaly.memory import remember
from anomaly.moves import Subjects, judge
from anomaly.observations import observations, take_windows
from anomaly.rounds import rounds
from anomaly.rows import HELD, NONE
from anomaly.table import Table, new_rows
from tocsin.core.columns import Int64s, PaneColumns
from tocsin.core.keys import split_key
from tocsin.core.plan.model import PeersRule
from tocsin.core.plan.resolve import cohort_of

HELD_MAX = 64
"""Most windows of a series that wait under a rule; more are left out, and counted."""

FIELDS = ("start_ms", "end_ms", "count", "mean", "min", "max", "first", "last", "first_ms", "last_ms")
ROW_WINDOWS = 2
"""Unless the rule says how long: so many windows after the first it must still be breached, or clear."""


def hold(fold: Fold, panes: PaneColumns, intake: Intake, told_ms: int) -> None:
    """Let windows wait for those of the other members.

    Args:
        fold: The fold.
        panes: On time.
        intake: Their rows.
        told_ms: Up to which instant their sender has told everything: windows due by then come too late.
    """
    for rule, wanted in _rules(fold):
        places = np.flatnonzero(intake.series != NONE)
        places = places[fold.coverage.series[intake.series[places], rule]]
        is_late = panes.start_ms[places] + panes.size_ms[places] + wanted.wait_ms <= told_ms
        fold.state.count("peers_late", int(np.count_nonzero(is_late)))
        places = places[~is_late]
        rows = new_rows(HELD, len(places))
        windows = observations(panes, places)
        rows["series"], rows["rule"][:] = intake.series[places], fold.rule_place[rule]
        for name in FIELDS:
            rows[name] = getattr(windows, name)
        fold.state.held.append(rows)
    _bound(fold)


def judge_due(fold: Fold, passed_ms: int) -> None:
    """Compare the windows whose time has come, oldest first; forget those that no rule compares any more."""
    held = fold.state.held
    rule = plan_places(fold)[held["rule"]]
    covered = np.pad(fold.coverage.series, ((0, 0), (0, 1)))[held["series"], rule]  # NONE finds the last column
    wait_ms = np.array([getattr(wanted, "wait_ms", 0) for wanted in fold.plan.rules] + [0], np.int64)[rule]
    is_due = covered & (held["end_ms"] + wait_ms <= passed_ms)
    due, rule = held.take(np.flatnonzero(is_due)), rule[is_due]
    fold.state.held = Table(held.take(np.flatnonzero(covered & ~is_due)))
    ends = np.unique(due["end_ms"])
    for place, end_ms in enumerate(ends.tolist()):
        for one, wanted in _rules(fold):
            here = np.flatnonzero((due["end_ms"] == end_ms) & (rule == one))
            for turn in rounds(due["series"], here):  # more than one only of windows of several lengths
                _compare(fold, one, wanted, place, {name: column[turn] for name, column in due.items()})


def _rules(fold: Fold) -> list[tuple[int, PeersRule]]:
    return [(place, rule) for place, rule in enumerate(fold.plan.rules) if isinstance(rule, PeersRule)]


def _bound(fold: Fold) -> None:
    """Leave out what waits beyond ``HELD_MAX`` a series and rule; those that came first stay."""
    held = fold.state.held
    if len(held) <= HELD_MAX:
        return
    key = held["series"].astype(np.int64) * (len(fold.state.rule_names) + 1) + held["rule"]
    turns = list(rounds(key, np.arange(len(held))))
    over = sum(map(len, turns[HELD_MAX:]))
    if over:
        fold.state.count("peers_refused", over)
        fold.state.held = Table(held.take(np.sort(np.concatenate(turns[:HELD_MAX]))))


def _compare(fold: Fold, rule: int, wanted: PeersRule, place: int, due: dict[str, np.ndarray]) -> None:
    """Judge windows of one time by one rule."""
    rows = due["series"].astype(np.int64)
    windows = Observations(**{name: due[name] for name in FIELDS})
    newer = np.flatnonzero(windows.start_ms > fold.state.series["start_ms"][rows])
    remember(fold, rows[newer], take_windows(windows, newer))
    device = fold.state.series["device"][rows].astype(np.int64)
    np.maximum.at(fold.state.devices["last_ms"], device, windows.end_ms)
    verdicts = peers.judge(wanted, windows, _cohorts(fold, wanted, rows))
    subjects = Subjects(device, rows, windows.end_ms, np.full(len(rows), place, np.int64))
    usual_ms = ROW_WINDOWS * (windows.end_ms - windows.start_ms)
    judge(
        fold,
        rule,
        subjects,
        verdicts,
        for_ms=np.where(wanted.for_ms, wanted.for_ms, usual_ms),
        clear_ms=np.where(wanted.clear_ms, wanted.clear_ms, usual_ms),
    )


def _cohorts(fold: Fold, wanted: PeersRule, rows: Int64s) -> Int64s:
    """Return shape (n,): the number of each series' cohort and metric."""
    state = fold.state
    device, metric, size = (state.series[name][rows].tolist() for name in ("device", "metric", "size"))
    names = {one: cohort_of(fold.plan, *split_key(state.device_keys[one]), wanted.cohort) for one in set(device)}
    codes: dict[object, int] = {}
    found = [
        codes.setdefault((names[one], *which), len(codes)) for one, *which in zip(device, metric, size, strict=True)
    ]
    return np.array(found, np.int64)
