"""Judging: every rule of the plan looks at the panes of the series that it covers."""

from typing import Final

import numpy as np

from anomaly.detectors import limits, missing, quality, rate, surprise
from anomaly.fold import Fold
from anomaly.intake import Intake
from anomaly.lifecycle import BREACH
from anomaly.memory import judge_level, judge_stillness, judge_told, remember, score, unscored
from anomaly.moves import Subjects, judge, open_alerts
from anomaly.observations import observations, take_windows
from anomaly.presence import prove_all
from anomaly.round import Round
from anomaly.rounds import rounds
from anomaly.rows import NONE
from anomaly.soundness import unsound
from anomaly.switched import judge_released
from anomaly.verdicts import Verdicts
from anomaly.waiting import released
from tocsin.core.columns import EARLY, ON_TIME, Int64s, PaneColumns
from tocsin.core.plan.model import (
    AdaptiveRule,
    DriftRule,
    FlatlineRule,
    LimitsRule,
    MissingRule,
    MultivariateRule,
    PeersRule,
    QualityRule,
    RateRule,
)
from tocsin.core.plan.resolve import is_switched, plain_rules, range_rules, switched_rules

TIME_CLEAR_WINDOWS: Final = 10
"""Windows without readings of one time that differ after which that is over, unless the rule says how long."""


def judge_panes(fold: Fold, panes: PaneColumns, intake: Intake) -> None:
    """Judge the panes of each series in their order, those of different series at once."""
    judged: list[Round] = []
    for places in rounds(intake.series, np.flatnonzero(intake.series != NONE)):
        kind = panes.kind[places]
        on_time = places[kind == ON_TIME]
        _prove_series(fold, panes, intake, on_time)
        judged += _judge_windows(fold, panes, intake, on_time)
        _judge_early(fold, panes, intake, places[kind == EARLY])
    if switched_rules(fold.plan):
        judge_released(fold, released(fold, panes, intake, judged), _verdicts)


def _prove_series(fold: Fold, panes: PaneColumns, intake: Intake, places: Int64s) -> None:
    """Hold windows against the silence of their metrics, before they end it."""
    for rule in plain_rules(fold.plan) if fold.plan.timing.correction_ms else ():
        if isinstance(fold.plan.rules[rule], MissingRule):
            rows = intake.series[places]
            device = fold.state.series["device"][rows].astype(np.int64)
            at_ms = panes.start_ms[places] + panes.size_ms[places]
            subjects = Subjects(device, rows, at_ms, places)
            prove_all(fold, rule, fold.coverage.series_alert[rows, rule], panes, subjects)


def _judge_windows(fold: Fold, panes: PaneColumns, intake: Intake, places: Int64s) -> list[Round]:
    """Judge one closed window a series; one that is not newer than the series' newest is counted only.

    Returns:
        The windows that are judged, as one round, or nothing.
    """
    if not len(places):
        return []
    series = fold.state.series
    is_newer = panes.start_ms[places] > series["start_ms"][intake.series[places]]
    fold.state.count("not_newer", int(np.count_nonzero(~is_newer)))
    places = places[is_newer]
    if not len(places):
        return []
    rows, windows = intake.series[places], observations(panes, places)
    last, last_ms = series["last"][rows], series["last_ms"][rows]
    remember(fold, rows, windows)
    bad = unsound(fold, rows, windows)
    if len(bad):
        _judge_unsound(fold, Round(rows, places, windows, unscored(len(rows)), last, last_ms).take(bad))
        good = np.setdiff1d(np.arange(len(rows)), bad)
        if not len(good):
            return []
        rows, places, windows = rows[good], places[good], take_windows(windows, good)
        last, last_ms = last[good], last_ms[good]
    this = Round(rows, places, windows, score(fold, rows, windows), last, last_ms)
    for rule in plain_rules(fold.plan):
        is_covered = fold.coverage.series[rows, rule]
        if is_covered.all():
            _act(fold, rule, this)
        elif is_covered.any():
            _act(fold, rule, this.take(np.flatnonzero(is_covered)))
    return [this]


def _judge_unsound(fold: Fold, this: Round) -> None:
    """Judge windows that hold what cannot be, by the rules that look for it alone."""
    for rule in range_rules(fold.plan):
        covered = np.flatnonzero(fold.coverage.series[this.rows, rule])
        if len(covered):
            _act(fold, rule, this.take(covered))


def _act(fold: Fold, rule: int, this: Round) -> None:
    """Let one rule, which covers all series of the round, judge it."""
    wanted = fold.plan.rules[rule]
    subjects = Subjects(
        device=fold.state.series["device"][this.rows].astype(np.int64),
        series=this.rows,
        at_ms=this.windows.end_ms,
        place=this.places,
    )
    verdicts = _verdicts(fold, rule, this, subjects)
    if isinstance(wanted, AdaptiveRule):
        for_ms, clear_ms = surprise.times(
            wanted, this.windows, verdicts, fold.state.devices["first_ms"][subjects.device]
        )
        judge(fold, rule, subjects, verdicts, for_ms=for_ms, clear_ms=clear_ms)
    elif isinstance(wanted, QualityRule) and wanted.check == "time":
        usual_ms = TIME_CLEAR_WINDOWS * (this.windows.end_ms - this.windows.start_ms)
        judge(fold, rule, subjects, verdicts, clear_ms=np.where(wanted.clear_ms, wanted.clear_ms, usual_ms))
    else:
        judge(fold, rule, subjects, verdicts)


def _verdicts(fold: Fold, rule: int, this: Round, subjects: Subjects) -> Verdicts:
    wanted = fold.plan.rules[rule]
    match wanted:
        case LimitsRule():
            return limits.judge(wanted, this.windows)
        case RateRule():
            return rate.judge(wanted, this.windows, this.last, this.last_ms)
        case FlatlineRule():
            return judge_stillness(fold, rule, this.rows, this.windows)
        case DriftRule() | QualityRule():
            learned = judge_level if isinstance(wanted, DriftRule) else judge_told
            return learned(fold, rule, this.rows, this.windows)
        case MissingRule():
            return missing.returned(len(this.rows))
        case AdaptiveRule():
            is_open = open_alerts(fold, rule, subjects.device, subjects.series)
            return surprise.judge(wanted, this.windows, this.scores, is_open)
        case MultivariateRule() | PeersRule():
            raise AssertionError(wanted)  # the one judges devices, the other in the group of cohorts


def _judge_early(fold: Fold, panes: PaneColumns, intake: Intake, places: Int64s) -> None:
    """Judge single readings that crossed a limit; each only by the rule whose limit it was.

    A reading can breach and not clear: what the rest of its window says, the window's own pane will tell.
    """
    for rule in sorted(set(intake.rule[places].tolist())):
        mine = places[intake.rule[places] == rule]
        mine = mine[fold.coverage.series[intake.series[mine], rule]]
        wanted = fold.plan.rules[rule]
        if not len(mine):
            continue
        if isinstance(wanted, QualityRule):
            verdicts = quality.differ(panes.last[mine], panes.limit[mine])
        elif isinstance(wanted, LimitsRule) and not is_switched(wanted):
            verdicts = limits.compare(wanted, panes.last[mine])
        else:
            continue
        over = np.flatnonzero(verdicts.verdict == BREACH)
        mine = mine[over]
        subjects = Subjects(
            device=intake.device[mine],
            series=intake.series[mine],
            at_ms=panes.last_ms[mine],
            place=mine,
            positions=[panes.positions[code] for code in panes.position[mine].tolist()],
        )
        judge(fold, rule, subjects, verdicts.take(over))
