"""Judging devices: a device's panes of one window are gathered into a row, which multivariate rules judge.

The panes may come in any order and in several batches. A row is judged when it is complete, which is known once
the device is no longer warming up, or when a pane of a later window shows that nothing more will come.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

import numpy as np

from anomaly.detectors.joint_settings import ROWS, WARM_ROWS, JointScores
from anomaly.detectors.surprise import CLEAR_WINDOWS
from anomaly.fold import Fold
from anomaly.intake import Intake
from anomaly.moves import Subjects, judge
from anomaly.rounds import rounds
from anomaly.rows import JOINT, NONE
from anomaly.soundness import sound_panes
from anomaly.state import JOINT_DETECTOR
from anomaly.table import new_rows
from anomaly.verdicts import Verdicts, constants, verdict_of
from tocsin.core.columns import Bools, Int64s, PaneColumns, PaneKind
from tocsin.core.plan.model import MultivariateRule
from tocsin.core.plan.resolve import joint_window_ms


def judge_devices(fold: Fold, panes: PaneColumns, intake: Intake) -> None:
    """Gather the panes that multivariate rules look at, and judge the rows that are done."""
    rules = list(_rules(fold))
    wanted = {rule: _wanted(fold, rule, panes, intake) for rule, _ in rules}
    _open(fold, panes, intake, wanted)
    for rule, known in rules:
        for places in rounds(intake.device, wanted[rule].nonzero()[0]):
            _gather(fold, rule, known, panes, places, fold.coverage.joint[intake.device[places], rule].astype(np.int64))


def _rules(fold: Fold) -> Iterator[tuple[int, MultivariateRule]]:
    for place, rule in enumerate(fold.plan.rules):
        if isinstance(rule, MultivariateRule):
            yield place, rule


def _wanted(fold: Fold, rule: int, panes: PaneColumns, intake: Intake) -> Bools:
    """Tell which panes the rule looks at."""
    known = fold.plan.rules[rule]
    assert isinstance(known, MultivariateRule), known
    matches = np.array([fnmatchcase(metric, known.metric) for metric in panes.metrics], np.bool_)
    told = (intake.device != NONE) & (panes.kind == PaneKind.ON_TIME) & sound_panes(fold, panes, intake)
    asked = told & matches[panes.metric] & (panes.size_ms == joint_window_ms(fold.plan, known))
    asked[asked] = fold.coverage.device[intake.device[asked], rule]
    return np.asarray(asked)


def _open(fold: Fold, panes: PaneColumns, intake: Intake, wanted: dict[int, Bools]) -> None:
    """Open the rows and name the channels that are new, in the order of the panes and then of the rules."""
    if not wanted:
        return
    any_rule = np.logical_or.reduce(list(wanted.values()))
    for metric in dict.fromkeys(panes.metric[any_rule].tolist()):
        name = panes.metrics[metric]
        if name not in fold.state.channel_names:
            fold.state.channel_names.append(name)
    lacking = [
        (pane, rule)
        for rule, asked in wanted.items()
        for pane in asked.nonzero()[0].tolist()
        if fold.coverage.joint[intake.device[pane], rule] == NONE
    ]
    opened = dict.fromkeys((int(intake.device[pane]), rule) for pane, rule in sorted(lacking))
    if not opened:
        return
    device, rule = np.array(list(opened), np.int64).T
    fold.coverage.joint[device, rule] = len(fold.state.joints) + np.arange(len(device))
    rows = new_rows(JOINT, len(device))
    rows["device"], rows["rule"] = device, fold.rule_place[rule]
    fold.state.joints.append(rows)
    fold.state.joint_detector.append(JOINT_DETECTOR.initial(len(device)))


def _gather(fold: Fold, rule: int, known: MultivariateRule, panes: PaneColumns, places: Int64s, rows: Int64s) -> None:
    """Take one pane of each device; judge the row before it where a new one begins, and its own once complete."""
    joints = fold.state.joints
    start_ms = panes.start_ms[places]
    begins = start_ms > joints["start_ms"][rows]
    _judge(fold, rule, known, places[begins], rows[begins])
    joints["start_ms"][rows[begins]] = start_ms[begins]
    joints["value"][rows[begins]] = np.nan
    ours = start_ms == joints["start_ms"][rows]
    places, rows = places[ours], rows[ours]
    names = {name: place for place, name in enumerate(fold.state.channel_names)}
    codes = np.array([names.get(name, NONE) for name in panes.metrics], np.int64)
    channel = _channels(fold, rows, codes[panes.metric[places]])
    has_room = channel != NONE
    fold.state.count("channels_refused", int(np.count_nonzero(~has_room)))
    joints["value"][rows[has_room], channel[has_room]] = panes.mean[places[has_room]]
    done = _is_complete(fold, rows)
    _judge(fold, rule, known, places[done], rows[done])
    joints["value"][rows[done]] = np.nan


def _channels(fold: Fold, rows: Int64s, code: Int64s) -> Int64s:
    """Return the channel of each metric in its row, a free one if it is new; ``NONE`` where there is no room."""
    taken = fold.state.joints["channel"]
    same, free = taken[rows] == code[:, None], taken[rows] == NONE
    found = np.where(same.any(axis=1), same.argmax(axis=1), np.where(free.any(axis=1), free.argmax(axis=1), NONE))
    has_room = found != NONE
    taken[rows[has_room], found[has_room]] = code[has_room]
    return found


def _is_complete(fold: Fold, rows: Int64s) -> Bools:
    """Tell whose row has all metrics; while it warms up, nobody knows what all are."""
    joints = fold.state.joints
    has_all = (np.isnan(joints["value"][rows]) == (joints["channel"][rows] == NONE)).all(axis=1)
    return np.asarray(has_all & (fold.state.joint_detector["course"][rows, ROWS] >= WARM_ROWS))


def _judge(fold: Fold, rule: int, known: MultivariateRule, places: Int64s, rows: Int64s) -> None:
    """Score the gathered rows, those that hold anything, and let the verdicts act."""
    joints, columns = fold.state.joints, fold.state.joint_detector
    filled = ~np.isnan(joints["value"][rows]).all(axis=1)
    places, rows = places[filled], rows[filled]
    if not len(rows):
        return
    scores, after = JOINT_DETECTOR.score(columns.take(rows), joints["value"][rows])
    columns.put(rows, after)
    window_ms = joint_window_ms(fold.plan, known)
    subjects = Subjects(
        device=joints["device"][rows].astype(np.int64),
        series=np.full(len(rows), NONE, np.int64),
        at_ms=joints["start_ms"][rows] + window_ms,
        place=places,
    )
    clear_ms = np.full(len(rows), known.clear_ms or CLEAR_WINDOWS * window_ms)
    judge(fold, rule, subjects, _verdicts(fold, known, rows, scores), clear_ms=clear_ms)


def _verdicts(fold: Fold, known: MultivariateRule, rows: Int64s, scores: JointScores) -> Verdicts:
    """Compare the alert scores with the threshold; while warming up it is neither breached nor clear."""
    unknown = constants(len(rows), None)
    return Verdicts(
        verdict=verdict_of((scores.alert >= known.threshold) & ~scores.warming, ~scores.warming),
        value=scores.alert,
        threshold=constants(len(rows), known.threshold),
        low=unknown,
        high=unknown,
        score=scores.alert,
        parts=_parts(fold, rows, scores) if np.count_nonzero(scores.alert >= known.threshold) else {},
    )


def _parts(fold: Fold, rows: Int64s, scores: JointScores) -> dict[str, np.ndarray]:
    """Return the shares by metric, each shape (n,), NaN where a device does not have the metric."""
    channel = fold.state.joints["channel"][rows]
    parts = {}
    for code in np.unique(channel[channel != NONE]).tolist():
        here = channel == code
        share = (scores.shares * here).sum(axis=1)
        parts[fold.state.channel_names[code]] = np.where(here.any(axis=1), share, np.nan)
    return parts
