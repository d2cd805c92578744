"""All measures of a family of labelled series, under the names by which they are published."""

from collections.abc import Sequence

from tocsin.runtime.row_scores.alarms import alarms_at, changes_at
from tocsin.runtime.row_scores.model import Scored
from tocsin.runtime.row_scores.nab import PROFILES, NabSweep
from tocsin.runtime.row_scores.points import best_f1, points_at
from tocsin.runtime.row_scores.vus import vus

Report = dict[str, float | int]


def row_report(scored: Sequence[Scored], *, threshold: float | None, is_nab: bool = True) -> Report:
    """Return name to figure.

    Args:
        scored: The series; at least one.
        threshold: Of the alert scores. Without one the best is taken, by the standard profile or else by F1: an
            optimum that was picked on the labels, and no promise.
        is_nab: Whether the benchmark's score is meant for these series.
    """
    found: Report = {"series": len(scored), "rows": sum(one.labels.rows for one in scored)}
    if is_nab:
        found |= _nab(scored, threshold)
    found["point_f1_best"], found["point_f1_best_threshold"] = best_f1(scored)
    if threshold is None:
        threshold = found["nab_threshold_standard"] if is_nab else best_f1(scored, of_alerts=True)[1]
    found["threshold"] = threshold
    found |= _thresholded(scored, threshold)
    found["vus_pr"], found["vus_roc"], found["vus_series"] = vus(scored)
    return found


def _nab(scored: Sequence[Scored], threshold: float | None) -> Report:
    sweep = NabSweep(scored)
    found: Report = {"nab_windows": sweep.windows}
    for profile in PROFILES:
        found[f"nab_{profile}"], found[f"nab_threshold_{profile}"] = sweep.best(profile)
        if threshold is not None:
            found[f"nab_{profile}_fixed"] = sweep.at(profile, threshold)
    return found


def _thresholded(scored: Sequence[Scored], threshold: float) -> Report:
    points, alarms = points_at(scored, threshold), alarms_at(scored, threshold)
    found: Report = {
        "point_f1": points.f1,
        "point_far_pct": points.false_percent,
        "point_mar_pct": points.missed_percent,
        "windows": alarms.windows,
        "found": alarms.found,
        "alarms": alarms.alarms,
        "false_alarms": alarms.false,
        "event_precision": alarms.precision,
        "event_recall": alarms.recall,
        "event_f1": alarms.f1,
        "false_alarms_per_1000_rows": alarms.false_per_1000_rows,
        "false_alarms_per_series_day": alarms.false_per_day,
        "delay_rows_median": alarms.delay("rows"),
        "delay_share_of_window_median": alarms.delay("share"),
        "delay_seconds_median": alarms.delay("s"),
        "normal_series_days": alarms.normal_days,
    }
    if any(one.labels.changepoints for one in scored):
        changes = changes_at(scored, threshold)
        found |= {"cp_total": changes.changes, "cp_missed": changes.missed, "cp_false": changes.false}
        found |= {f"cp_nab_{profile}": score for profile, score in changes.scores.items()}
    return found
