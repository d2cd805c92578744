"""Memory: what a series keeps of its windows, for rules that compare with before and for evidence."""

from dataclasses import fields
from typing import TypeVar

import numpy as np

from anomaly.contract import Observations, Scores
from anomaly.detectors import drift, flatline, quality
from anomaly.detectors.missing import observe
from anomaly.fold import Fold
from anomaly.observations import take_scores, take_windows
from anomaly.presence import presence_of, save_presence
from anomaly.rows import NONE
from anomaly.soundness import judge_quality
from anomaly.verdicts import Verdicts, joined
from tocsin.core.columns import Int64s
from tocsin.core.messages import PANES_MAX
from tocsin.core.plan.model import DriftRule, FlatlineRule, QualityRule

Kept = TypeVar("Kept", flatline.Stills, drift.Levels, quality.Told)


def remember(fold: Fold, rows: Int64s, windows: Observations) -> None:
    """Keep one window of each series.

    Args:
        fold: The fold.
        rows: shape (n,), series rows, distinct.
        windows: n windows.
    """
    series = fold.state.series
    place = series["ring"][rows] % PANES_MAX
    for name in ("start_ms", "count", "mean", "min", "max"):
        series[f"ring_{name}"][rows, place] = getattr(windows, name)
    # Counted on from PANES_MAX again, so that it tells full from filling and never grows.
    series["ring"][rows] = np.where(series["ring"][rows] + 1 == 2 * PANES_MAX, PANES_MAX, series["ring"][rows] + 1)
    series["start_ms"][rows] = windows.start_ms
    newer = windows.last_ms >= series["last_ms"][rows]
    series["last"][rows[newer]] = windows.last[newer]
    save_presence(series, rows, observe(presence_of(series, rows), windows))


def score(fold: Fold, rows: Int64s, windows: Observations) -> Scores:
    """Let the adaptive detector score and learn the windows of the series that it watches.

    Args:
        fold: The fold.
        rows: shape (n,), series rows, distinct.
        windows: n windows.

    Returns:
        n scores; series that it does not watch are warming for ever.
    """
    state = fold.state
    watched = np.flatnonzero(state.series["detector"][rows] != NONE)
    scores = unscored(len(rows))
    if not len(watched):
        return scores
    learners = state.series["detector"][rows[watched]].astype(np.int64)
    if _are_all(learners, len(state.detector)):  # a round of the whole group: nothing is gathered and scattered
        found, after = fold.detector.score(state.detector.columns, take_windows(windows, watched))
        state.detector.replace(after)
    else:
        found, after = fold.detector.score(state.detector.take(learners), take_windows(windows, watched))
        state.detector.put(learners, after)
    where = np.zeros(len(rows), np.int64)
    where[watched] = np.arange(len(watched))
    spread = take_scores(found, where)
    spread.warming[state.series["detector"][rows] == NONE] = True
    return spread


def judge_stillness(fold: Fold, rule: int, rows: Int64s, windows: Observations) -> Verdicts:
    """Judge the windows by a flatline rule, and keep what it learned of their movement.

    Args:
        fold: The fold.
        rule: Place of the rule in the plan.
        rows: shape (n,), series rows, distinct, all covered by the rule.
        windows: n windows.
    """
    wanted = fold.plan.rules[rule]
    assert isinstance(wanted, FlatlineRule), wanted
    places = fold.coverage.still[rows, rule].astype(np.int64)
    verdicts, after = flatline.judge(wanted, windows, _kept(fold, places, flatline.Stills))
    _keep(fold, places, after)
    return verdicts


def judge_level(fold: Fold, rule: int, rows: Int64s, windows: Observations) -> Verdicts:
    """Judge the windows by a drift rule, and keep what it learned of their level; arguments as for stillness."""
    wanted = fold.plan.rules[rule]
    assert isinstance(wanted, DriftRule), wanted
    return judge_level_at(fold, wanted, fold.coverage.still[rows, rule].astype(np.int64), windows)


def judge_told(fold: Fold, rule: int, rows: Int64s, windows: Observations) -> Verdicts:
    """Judge the windows by a rule about the quality of data; arguments as for stillness."""
    wanted = fold.plan.rules[rule]
    assert isinstance(wanted, QualityRule), wanted
    if wanted.check == "range":
        return judge_quality(fold, wanted, rows, windows)
    if wanted.check == "time":
        return quality.agree(windows)
    return _judge_units(fold, rule, rows, windows)


def _judge_units(fold: Fold, rule: int, rows: Int64s, windows: Observations) -> Verdicts:
    """Judge each metric's windows by the units that it may be told in by mistake."""
    codes = fold.state.series["metric"][rows].tolist()
    ends = np.array([fold.state.metric_names[code].rsplit("_", 1)[-1] for code in codes])
    found = []
    for name in np.unique(ends).tolist():
        here = np.flatnonzero(ends == name)
        places = fold.coverage.still[rows[here], rule].astype(np.int64)
        units = quality.CONVERSIONS.get(name, ()) + quality.ANY
        verdicts, after = quality.judge_unit(units, take_windows(windows, here), _kept(fold, places, quality.Told))
        _keep(fold, places, after)
        found.append((here, verdicts))
    return joined(found, len(rows))


def judge_level_at(fold: Fold, wanted: DriftRule, places: Int64s, windows: Observations) -> Verdicts:
    """Judge the windows by a drift rule that keeps their levels in these rows, shape (n,)."""
    verdicts, after = drift.judge(wanted, windows, _kept(fold, places, drift.Levels))
    _keep(fold, places, after)
    return verdicts


def _kept(fold: Fold, places: Int64s, kind: type[Kept]) -> Kept:
    """Return what the rule keeps of its series."""
    return kind(**{field.name: fold.state.stills[field.name][places] for field in fields(kind)})


def _keep(fold: Fold, places: Int64s, after: flatline.Stills | drift.Levels | quality.Told) -> None:
    fold.state.stills.put(places, {field.name: getattr(after, field.name) for field in fields(after)})


def _are_all(rows: Int64s, count: int) -> bool:
    """Tell whether the rows are all of the table's, in order."""
    return len(rows) == count and bool((rows == np.arange(count)).all())


def unscored(count: int) -> Scores:
    """Return of that many windows that nobody scored them."""
    zeros, unknown = np.zeros(count), np.full(count, np.nan)
    return Scores(zeros, zeros, np.ones(count, np.bool_), unknown, unknown, {})
