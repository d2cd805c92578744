"""Presence: what panes say of their devices: that they are there, and how often they report."""

import numpy as np

from anomaly.coverage import rules_over_device
from anomaly.detectors.missing import Presence, observe, returned
from anomaly.fold import Fold
from anomaly.intake import Intake
from anomaly.late import Span, may_be_proven, prove
from anomaly.lifecycle import UNSET_MS
from anomaly.moves import Subjects, judge, open_alerts
from anomaly.observations import observations
from anomaly.rounds import rounds
from anomaly.rows import NONE, PRESENCE
from anomaly.table import Table
from tocsin.core.columns import ON_TIME, Int64s, PaneColumns
from tocsin.core.plan.model import MissingRule
from tocsin.core.plan.resolve import is_device_rule


def meet_devices(fold: Fold, panes: PaneColumns, intake: Intake) -> None:
    """Note that the panes' devices are there, clear their alerts of missing data, and learn their cadence."""
    present = np.flatnonzero(intake.device != NONE)
    if fold.state.tick_ms is not None:
        fold.state.devices["seen_ms"][intake.device[present]] = fold.state.tick_ms
    _note_first(fold, intake.device[present], panes.first_ms[present])
    for rule, wanted in enumerate(fold.plan.rules):
        if isinstance(wanted, MissingRule) and is_device_rule(wanted):
            _return(fold, rule, panes, intake, present)
    _learn(fold, panes, intake, present)


def _note_first(fold: Fold, rows: Int64s, first_ms: Int64s) -> None:
    """Note since when devices are known: of the panes of one that is new, the first to come says it."""
    devices = fold.state.devices
    is_new = devices["first_ms"][rows] == UNSET_MS
    if is_new.any():  # written back to front, so that the first stays
        devices["first_ms"][rows[is_new][::-1]] = first_ms[is_new][::-1]
        for row in set(rows[is_new].tolist()):  # it may have left the plan that named it before it came
            fold.coverage.device[row] = rules_over_device(fold.plan, fold.state.device_keys[row])


def presence_of(table: Table, rows: Int64s) -> Presence:
    """Return what is known of when the devices, or series, of the rows report."""
    return Presence(*(table[name][rows] for name in PRESENCE))


def save_presence(table: Table, rows: Int64s, presence: Presence) -> None:
    """Write what is known of when the devices, or series, of the rows report."""
    table.put(rows, {name: getattr(presence, name) for name in PRESENCE})


def _return(fold: Fold, rule: int, panes: PaneColumns, intake: Intake, present: Int64s) -> None:
    """Tell the open alerts of silent devices that each pane of theirs has come, and hold it against their silence."""
    none = np.full(len(present), NONE, np.int64)
    matters = open_alerts(fold, rule, intake.device[present], none)
    matters[may_be_proven(fold, fold.coverage.device_alert[intake.device[present], rule])] = True
    for places in rounds(intake.device, present[matters]):
        subjects = Subjects(
            device=intake.device[places],
            series=np.full(len(places), NONE, np.int64),
            at_ms=np.maximum(panes.last_ms[places], fold.state.tick_ms or 0),
            place=places,
        )
        prove_all(fold, rule, fold.coverage.device_alert[subjects.device, rule], panes, subjects)
        is_first = fold.state.devices["last_ms"][subjects.device] == UNSET_MS
        judge(fold, rule, subjects, returned(len(places), is_first))


def prove_all(fold: Fold, rule: int, alerts: Int64s, panes: PaneColumns, subjects: Subjects) -> None:
    """Hold panes, one a subject, against the silence that alerts were about.

    Args:
        fold: Takes the transitions.
        rule: Place of the rule in the plan.
        alerts: shape (n,), alert row of each subject, or ``NONE``.
        panes: Of which the subjects' places are.
        subjects: n devices or series.
    """
    for cell in may_be_proven(fold, alerts).tolist():
        place = int(subjects.place[cell])
        span = Span(place, int(panes.first_ms[place]), int(panes.last_ms[place]))
        prove(fold, rule, int(alerts[cell]), span, int(subjects.at_ms[cell]))


def _learn(fold: Fold, panes: PaneColumns, intake: Intake, present: Int64s) -> None:
    """Learn cadences from the panes that bring a newer event time; of several with the same, the first."""
    devices = fold.state.devices
    newer = present[
        (panes.kind[present] == ON_TIME) & (panes.last_ms[present] > devices["last_ms"][intake.device[present]])
    ]
    for places in rounds(intake.device, newer[_firsts(intake.device[newer], panes.last_ms[newer])]):
        rows = intake.device[places]
        before = presence_of(devices, rows)
        after = observe(before, observations(panes, places))
        save_presence(devices, rows, after)
        advanced = after.last_ms > before.last_ms
        devices["size_ms"][rows[advanced]] = panes.size_ms[places[advanced]]


def _firsts(device: Int64s, last_ms: Int64s) -> Int64s:
    """Return the places, ascending, of the first pane of each device and event time."""
    order = np.lexsort((last_ms, device))  # stable, so the first comes first
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (device[order[1:]] != device[order[:-1]]) | (last_ms[order[1:]] != last_ms[order[:-1]])
    return np.sort(order[is_first])
