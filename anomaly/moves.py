"""Moves: verdicts become signals to alerts, and alerts that moved become transitions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from anomaly.detectors.limits import severities, steps_of
from anomaly.evidence import Moved, expiry, transition, withdrawal
from anomaly.fold import Fold, lives_of, save_lives
from anomaly.late import keep_basis
from anomaly.lifecycle import BREACH, Lives, advance, are_open, expire, step_severity, withdraw
from anomaly.rows import ALERT, NONE
from anomaly.table import new_rows
from anomaly.verdicts import Verdicts
from tocsin.core.columns import Bools, Int64s
from tocsin.core.messages import Transition
from tocsin.core.plan.model import LimitsRule


@dataclass(frozen=True, slots=True)
class Subjects:
    """What n verdicts are about, and where in the batch they belong.

    Attributes:
        device: shape (n,), device rows.
        series: shape (n,), series rows; all ``NONE`` where whole devices are judged.
        at_ms: shape (n,), event time or tick time of the evaluation.
        place: shape (n,), orders the transitions of a batch.
        positions: Position of the reading behind each verdict, or empty.
    """

    device: Int64s
    series: Int64s
    at_ms: Int64s
    place: Int64s
    positions: Sequence[str] = ()

    def take(self, cells: Int64s) -> "Subjects":
        """Return the subjects at the places, in that order."""
        positions = [self.positions[cell] for cell in cells.tolist()] if self.positions else ()
        return Subjects(self.device[cells], self.series[cells], self.at_ms[cells], self.place[cells], positions)


def open_alerts(fold: Fold, rule: int, device: Int64s, series: Int64s) -> Bools:
    """Tell which alerts of the rule are pending or firing, by device and series rows."""
    alerts = alerts_of(fold, rule, device, series)
    phase = fold.state.alerts["phase"]
    # NONE finds the last alert, and is none.
    return are_open(phase[alerts]) & (alerts != NONE) if len(phase) else np.zeros(len(alerts), np.bool_)


def judge(
    fold: Fold,
    rule: int,
    subjects: Subjects,
    verdicts: Verdicts,
    *,
    for_ms: Int64s | None = None,
    clear_ms: Int64s | None = None,
) -> None:
    """Let the verdicts of one rule act on its alerts; each subject at most once.

    Args:
        fold: Takes the transitions.
        rule: Place of the rule in the plan.
        subjects: What the verdicts are about.
        verdicts: One a subject.
        for_ms: shape (n,), how long breached before firing, where it is not the rule's own time.
        clear_ms: shape (n,), how long clear before resolved, where it is not the rule's own time.
    """
    wanted = fold.plan.rules[rule]
    matters = open_alerts(fold, rule, subjects.device, subjects.series) | (verdicts.verdict == BREACH)
    cells = np.flatnonzero(matters)
    if not len(cells):
        return
    subjects, verdicts = subjects.take(cells), verdicts.take(cells)
    alerts = _ensure(fold, rule, subjects.device, subjects.series)
    before = lives_of(fold, alerts)
    held_ms = np.full(len(cells), wanted.for_ms) if for_ms is None else for_ms[cells]
    quiet_ms = np.full(len(cells), wanted.clear_ms) if clear_ms is None else clear_ms[cells]
    after = advance(before, verdicts.verdict, subjects.at_ms, for_ms=held_ms, clear_ms=quiet_ms)
    if isinstance(wanted, LimitsRule) and steps_of(wanted):
        after = step_severity(before, after, severities(wanted, verdicts, before, subjects.at_ms), subjects.at_ms)
    save_lives(fold, alerts, after)
    for cell in np.flatnonzero(after.number > before.number).tolist():
        life, position = after.take(np.array([cell])), subjects.positions[cell] if subjects.positions else ""
        moved = Moved(int(alerts[cell]), int(before.phase[cell]), life, position, int(before.severity[cell]))
        verdict = verdicts.take(np.array([cell]))
        told = transition(fold, rule, moved, verdict)
        if told.fires:
            keep_basis(fold, wanted, int(alerts[cell]), life, verdict)
        fold.moves.append((int(subjects.place[cell]), rule, told))


def withdraw_uncovered(fold: Fold, at_ms: int) -> None:
    """Close the open alerts that no rule of the plan in force judges any more."""
    is_open = are_open(fold.state.alerts["phase"])
    if not is_open.any():
        return
    uncovered = np.flatnonzero(is_open & ~_is_covered(fold))
    if not len(uncovered):
        return
    before = lives_of(fold, uncovered)
    _end(fold, uncovered, before, withdraw(before, at_ms), withdrawal)


def expire_alerts(fold: Fold, gone: Bools, at_ms: int) -> None:
    """Close the open alerts of devices from which nothing came for too long; nobody knows whether they are over.

    Args:
        fold: Takes the transitions.
        gone: shape (d,), which devices.
        at_ms: The tick.
    """
    if not gone.any():
        return
    alerts = np.flatnonzero(gone[fold.state.alerts["device"]])
    before = lives_of(fold, alerts)
    _end(fold, alerts, before, expire(before, at_ms), expiry)


def _end(fold: Fold, alerts: Int64s, before: Lives, after: Lives, told: Callable[[Fold, Moved], Transition]) -> None:
    """Save the alerts of the rows, and tell of those that moved."""
    save_lives(fold, alerts, after)
    device, series, rule = (fold.state.alerts[name][alerts] for name in ("device", "series", "rule"))
    place = tick_place(fold, device.astype(np.int64), series.astype(np.int64))
    for cell in np.flatnonzero(after.number > before.number).tolist():
        moved = Moved(int(alerts[cell]), int(before.phase[cell]), after.take(np.array([cell])))
        fold.moves.append((int(place[cell]), int(rule[cell]), told(fold, moved)))


def tick_place(fold: Fold, device: Int64s, series: Int64s) -> Int64s:
    """Return what orders the transitions of a tick: by device, the device itself before its series."""
    return device * (len(fold.state.series) + 1) + series + 1


def alerts_of(fold: Fold, rule: int, device: Int64s, series: Int64s) -> Int64s:
    """Return the alert row of each subject, ``NONE`` where there is none yet."""
    coverage = fold.coverage
    of_series = len(series) and series[0] != NONE
    rows = coverage.series_alert[series, rule] if of_series else coverage.device_alert[device, rule]
    return np.asarray(rows, np.int64)


def _ensure(fold: Fold, rule: int, device: Int64s, series: Int64s) -> Int64s:
    """Return the alert row of each subject, a new one where there was none."""
    alerts = alerts_of(fold, rule, device, series)
    lacking = np.flatnonzero(alerts == NONE)
    if not len(lacking):
        return alerts
    rows = new_rows(ALERT, len(lacking))
    rows["device"], rows["series"] = device[lacking], series[lacking]
    rows["rule"][:] = fold.rule_place[rule]
    alerts[lacking] = len(fold.state.alerts) + np.arange(len(lacking))
    fold.state.alerts.append(rows)
    if series[0] != NONE:
        fold.coverage.series_alert[series[lacking], rule] = alerts[lacking]
    else:
        fold.coverage.device_alert[device[lacking], rule] = alerts[lacking]
    return alerts


def _is_covered(fold: Fold) -> Bools:
    """Tell of each alert row whether the coverage has the rule over its subject."""
    alerts, coverage = fold.state.alerts, fold.coverage
    covered = np.zeros(len(alerts), np.bool_)
    for found, covers in (
        (coverage.series_alert, coverage.series),
        (coverage.device_alert, coverage.device),
    ):
        covered[found[covers & (found != NONE)]] = True
    return covered
