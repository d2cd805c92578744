"""Soundness: windows that hold what cannot be are told as such, and no other rule judges or learns from them."""

import numpy as np

from anomaly.contract import Observations
from anomaly.detectors import quality
from anomaly.fold import Fold
from anomaly.intake import Intake
from anomaly.observations import observations
from anomaly.rows import NONE
from anomaly.verdicts import Verdicts
from tocsin.core.columns import Bools, Floats, Int64s, PaneColumns
from tocsin.core.plan.model import QualityRule
from tocsin.core.plan.resolve import possible_range, range_rules


def unsound(fold: Fold, rows: Int64s, windows: Observations) -> Int64s:
    """Return the places of windows with impossible values, of series that a rule watches for them.

    Args:
        fold: The fold.
        rows: shape (n,), series rows.
        windows: n windows.
    """
    rules = list(range_rules(fold.plan))
    if not rules:
        return np.empty(0, np.int64)
    watched = fold.coverage.series[rows][:, rules].any(axis=1)
    return np.flatnonzero(watched & quality.impossible(*_limits(fold, rows), windows))


def sound_panes(fold: Fold, panes: PaneColumns, intake: Intake) -> Bools:
    """Tell of each pane whether it holds nothing that a rule knows to be impossible; shape (n,)."""
    sound = np.ones(len(panes), np.bool_)
    if range_rules(fold.plan):
        places = np.flatnonzero(intake.series != NONE)
        sound[places[unsound(fold, intake.series[places], observations(panes, places))]] = False
    return sound


def judge_quality(fold: Fold, rule: QualityRule, rows: Int64s, windows: Observations) -> Verdicts:
    """Judge windows by a rule that looks for impossible values; arguments as above."""
    assert rule.check == "range", rule
    return quality.judge_range(*_limits(fold, rows), windows)


def _limits(fold: Fold, rows: Int64s) -> tuple[Floats, Floats]:
    """Return the smallest and the largest possible value of each series, each shape (n,)."""
    metric = fold.state.series["metric"][rows]
    codes, places = np.unique(metric, return_inverse=True)
    found = [possible_range(fold.plan, fold.state.metric_names[code]) for code in codes.tolist()]
    limits = np.array(found, np.float64).reshape(-1, 2)
    return limits[places, 0], limits[places, 1]
