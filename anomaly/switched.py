"""Judging by rules that modes switch: windows whose mode is known are judged, or clear what was told before."""

from collections.abc import Callable, Sequence

import numpy as np

from anomaly.contract import Observations
from anomaly.detectors import surprise
from anomaly.fold import Fold
from anomaly.memory import judge_level_at, unscored
from anomaly.moves import Subjects, judge, open_alerts
from anomaly.round import Round
from anomaly.rounds import rounds
from anomaly.rows import NONE, STILL
from anomaly.summary import SWITCHED_OFF
from anomaly.table import new_rows
from anomaly.verdicts import Verdicts, constants, verdict_of
from anomaly.waiting import FIELDS, Released
from tocsin.core.columns import Int64s
from tocsin.core.plan.model import AdaptiveRule, DriftRule
from tocsin.core.plan.modes import Answer
from tocsin.core.plan.resolve import has_memories

Judge = Callable[[Fold, int, Round, Subjects], Verdicts]


def judge_released(fold: Fold, ready: Sequence[Released], plainly: Judge) -> None:
    """Judge the windows, each series' in their order.

    Args:
        fold: The fold.
        ready: Windows in the order in which their modes became known.
        plainly: Judges by a rule that learns nothing, or the same in all modes.
    """
    fold.state.count("mode_unknown", sum(one.standing.answer is Answer.BETWEEN for one in ready))
    known = [one for one in ready if one.standing.answer is not Answer.BETWEEN]
    memories = [_memory(fold, one) for one in known]
    for rule in dict.fromkeys(one.rule for one in known):
        mine = np.array([place for place, one in enumerate(known) if one.rule == rule])
        series = np.array([one.series for one in known])
        for turn in rounds(series, mine):
            of_turn = turn.tolist()
            _judge(fold, rule, [known[at] for at in of_turn], np.array([memories[at] for at in of_turn]), plainly)


def _judge(fold: Fold, rule: int, ready: Sequence[Released], memories: Int64s, plainly: Judge) -> None:
    """Judge one window of each of some series."""
    this = _round(ready)
    is_on = np.array([one.standing.answer is Answer.ON for one in ready])
    for chosen, on in ((np.flatnonzero(is_on), True), (np.flatnonzero(~is_on), False)):
        if not len(chosen):
            continue
        part = this.take(chosen)
        device = fold.state.series["device"][part.rows].astype(np.int64)
        subjects = Subjects(device=device, series=part.rows, at_ms=part.windows.end_ms, place=part.places)
        wanted, for_ms, clear_ms = fold.plan.rules[rule], None, None
        if not on:
            verdicts = _off(part.windows)
        elif has_memories(wanted):
            verdicts = _from_memory(fold, rule, part, subjects, memories[chosen])
        else:
            verdicts = plainly(fold, rule, part, subjects)
        if on and isinstance(wanted, AdaptiveRule):
            for_ms, clear_ms = surprise.times(wanted, part.windows, verdicts, fold.state.devices["first_ms"][device])
        judge(fold, rule, subjects, verdicts, for_ms=for_ms, clear_ms=clear_ms)


def _round(ready: Sequence[Released]) -> Round:
    table = np.array([one.window for one in ready], np.float64)
    start_ms, end_ms, count, mean, low, high, first, last, first_ms, last_ms = table.T[: len(FIELDS)]
    return Round(
        rows=np.array([one.series for one in ready], np.int64),
        places=np.array([one.place for one in ready], np.int64),
        windows=Observations(
            start_ms=start_ms.astype(np.int64),
            end_ms=end_ms.astype(np.int64),
            count=count.astype(np.int64),
            mean=mean,
            min=low,
            max=high,
            first=first,
            last=last,
            first_ms=first_ms.astype(np.int64),
            last_ms=last_ms.astype(np.int64),
        ),
        scores=unscored(len(ready)),
        last=table[:, -2].copy(),
        last_ms=table[:, -1].astype(np.int64),
    )


def _off(windows: Observations) -> Verdicts:
    """Return of windows in which the rule does not judge: clear."""
    none, unknown = np.zeros(len(windows), np.bool_), constants(len(windows), None)
    off = {SWITCHED_OFF: np.ones(len(windows))}
    return Verdicts(verdict_of(none, ~none), windows.mean, unknown, unknown, unknown, parts=off)


def _memory(fold: Fold, one: Released) -> int:
    """Return the row of what the rule learned of the series in the mode, a new one where there is none."""
    wanted = fold.plan.rules[one.rule]
    if one.standing.answer is not Answer.ON or not has_memories(wanted):
        return NONE
    name = (one.series, one.rule, one.standing.baseline)
    row = fold.coverage.memory.get(name, NONE)
    if row == NONE:
        state = fold.state
        row = fold.coverage.memory[name] = len(state.stills)
        rows = new_rows(STILL, 1)
        rows["series"][:], rows["rule"][:], rows["baseline"][:] = one.series, fold.rule_place[one.rule], name[2]
        if isinstance(wanted, AdaptiveRule):
            rows["detector"][:] = len(state.detector)
            state.detector.append(fold.detector.initial(1))
        state.stills.append(rows)
    return row


def _from_memory(fold: Fold, rule: int, this: Round, subjects: Subjects, memories: Int64s) -> Verdicts:
    """Judge against what was learned in the mode in which each window lies, and learn there."""
    wanted, state = fold.plan.rules[rule], fold.state
    if isinstance(wanted, DriftRule):
        return judge_level_at(fold, wanted, memories, this.windows)
    assert isinstance(wanted, AdaptiveRule), wanted
    learners = state.stills["detector"][memories].astype(np.int64)
    scores, after = fold.detector.score(state.detector.take(learners), this.windows)
    state.detector.put(learners, after)
    is_open = open_alerts(fold, rule, subjects.device, subjects.series)
    return surprise.judge(wanted, this.windows, scores, is_open)
