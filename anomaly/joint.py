"""Judging devices: a device's panes of one window are gathered into a row, which multivariate rules judge.

The panes may come in any order and in several batches. A row is judged when it is complete, which is known once
the device is no longer warming up, or when a pane of a later window shows that nothing more will come.

A device of more than eight metrics has further rows, its *blocks*; see ``seats``. All are judged together, and give one
verdict.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

import numpy as np

from anomaly.detectors.blocks import together
from anomaly.detectors.joint_settings import ROWS, WARM_ROWS, JointScores
from anomaly.detectors.surprise import CLEAR_WINDOWS
from anomaly.fold import Fold
from anomaly.intake import Intake
from anomaly.moves import Subjects, judge
from anomaly.rounds import rounds
from anomaly.rows import NONE
from anomaly.seats import blocks_of, open_blocks, seated
from anomaly.soundness import sound_panes
from anomaly.state import JOINT_DETECTOR
from anomaly.verdicts import Verdicts, constants, verdict_of
from tocsin.core.columns import Bools, Floats, Int64s, PaneColumns, PaneKind
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
    open_blocks(fold, device, fold.rule_place[rule])


def _gather(fold: Fold, rule: int, known: MultivariateRule, panes: PaneColumns, places: Int64s, rows: Int64s) -> None:
    """Take one pane of each device; judge the row before it where a new one begins, and its own once complete.

    Args:
        fold: The fold.
        rule: Place of the rule in the plan.
        known: The rule.
        panes: The batch.
        places: shape (k,), panes of it, of distinct devices.
        rows: shape (k,), first row of the device of each.
    """
    joints = fold.state.joints
    start_ms = panes.start_ms[places]
    begins = start_ms > joints["start_ms"][rows]
    _judge(fold, rule, known, places[begins], rows[begins])
    joints["start_ms"][rows[begins]] = start_ms[begins]
    _forget(fold, rows[begins])
    ours = start_ms == joints["start_ms"][rows]
    places, rows = places[ours], rows[ours]
    names = {name: place for place, name in enumerate(fold.state.channel_names)}
    codes = np.array([names.get(name, NONE) for name in panes.metrics], np.int64)
    block, channel = seated(fold, rows, codes[panes.metric[places]])
    has_room = channel != NONE
    fold.state.count("channels_refused", int(np.count_nonzero(~has_room)))
    joints["value"][block[has_room], channel[has_room]] = panes.mean[places[has_room]]
    done = np.flatnonzero(_is_complete(fold, block))
    done = done[_are_complete(fold, rows[done])]
    _judge(fold, rule, known, places[done], rows[done])
    _forget(fold, rows[done])


def _forget(fold: Fold, rows: Int64s) -> None:
    """Forget the values that were gathered in all blocks of the devices."""
    blocks, _ = blocks_of(fold, rows)
    fold.state.joints["value"][blocks] = np.nan


def _are_complete(fold: Fold, rows: Int64s) -> Bools:
    """Tell which devices have all metrics, given the first row of each."""
    if not len(rows):
        return np.empty(0, np.bool_)
    blocks, begins = blocks_of(fold, rows)
    return np.asarray(np.logical_and.reduceat(_is_complete(fold, blocks), begins))


def _is_complete(fold: Fold, blocks: Int64s) -> Bools:
    """Tell which blocks have all metrics; while one warms up, nobody knows what all are."""
    joints = fold.state.joints
    has_all = (np.isnan(joints["value"][blocks]) == (joints["channel"][blocks] == NONE)).all(axis=1)
    return np.asarray(has_all & (fold.state.joint_detector["course"][blocks, ROWS] >= WARM_ROWS))


def _judge(fold: Fold, rule: int, known: MultivariateRule, places: Int64s, rows: Int64s) -> None:
    """Score the gathered rows of devices, those that hold anything, and let the verdicts act."""
    joints, columns = fold.state.joints, fold.state.joint_detector
    filled = _are_filled(fold, rows)
    places, rows = places[filled], rows[filled]
    if not len(rows):
        return
    blocks, begins = blocks_of(fold, rows)
    scores, after = JOINT_DETECTOR.score(columns.take(blocks), joints["value"][blocks])
    columns.put(blocks, after)
    window_ms = joint_window_ms(fold.plan, known)
    subjects = Subjects(
        device=joints["device"][rows].astype(np.int64),
        series=np.full(len(rows), NONE, np.int64),
        at_ms=joints["start_ms"][rows] + window_ms,
        place=places,
    )
    clear_ms = np.full(len(rows), known.clear_ms or CLEAR_WINDOWS * window_ms)
    verdicts = _verdicts(fold, known, blocks, begins, together(scores, begins))
    judge(fold, rule, subjects, verdicts, clear_ms=clear_ms)


def _are_filled(fold: Fold, rows: Int64s) -> Bools:
    """Tell which devices have any value, given the first row of each."""
    if not len(rows):
        return np.empty(0, np.bool_)
    blocks, begins = blocks_of(fold, rows)
    return np.asarray(np.logical_or.reduceat(~np.isnan(fold.state.joints["value"][blocks]).all(axis=1), begins))


def _verdicts(fold: Fold, known: MultivariateRule, blocks: Int64s, begins: Int64s, scores: JointScores) -> Verdicts:
    """Compare the alert scores with the threshold; while warming up it is neither breached nor clear."""
    unknown = constants(len(begins), None)
    breached = scores.alert >= known.threshold
    return Verdicts(
        verdict=verdict_of(breached & ~scores.warming, ~scores.warming),
        value=scores.alert,
        threshold=constants(len(begins), known.threshold),
        low=unknown,
        high=unknown,
        score=scores.alert,
        parts=_parts(fold, blocks, begins, scores, breached),
    )


def _parts(fold: Fold, blocks: Int64s, begins: Int64s, scores: JointScores, breached: Bools) -> dict[str, Floats]:
    """Return the shares by metric, each shape (d,), NaN where nothing is to be said of it.

    That is of metrics that a device does not have, of devices that have nothing to explain, and of quiet blocks among
    several.
    """
    lengths = np.diff(np.append(begins, len(blocks)))
    subject = np.repeat(np.arange(len(begins)), lengths)
    told = breached[subject] & (scores.shares.any(axis=1) | (lengths == 1)[subject])
    channel = np.where(told[:, None], fold.state.joints["channel"][blocks], NONE)
    parts = {}
    for code in np.unique(channel[channel != NONE]).tolist():
        block, place = np.nonzero(channel == code)
        share = np.full(len(begins), np.nan)
        share[subject[block]] = scores.shares[block, place]
        parts[fold.state.channel_names[code]] = share
    return parts
