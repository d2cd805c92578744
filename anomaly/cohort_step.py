"""The step of the group of cohorts: panes and ticks of all key groups in, transitions out. Pure.

It is one more group beside the key groups: each batch of panes goes to both. It looks at the panes that rules compare
with peers, and at ticks. A batch that its fence knows changes nothing, and neither does one that has none of these;
so numbers that are missing are no gap here.
"""

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from anomaly.cohort_judging import hold, judge_due
from anomaly.cohort_ticks import note, told_ms
from anomaly.contract import Detector
from anomaly.coverage import rules_over_series
from anomaly.fold import Fold, open_fold
from anomaly.folding import Batches, fold_batches, switch_plan
from anomaly.intake import take_in
from anomaly.lifecycle import UNSET_MS
from anomaly.moves import expire_alerts, withdraw_uncovered
from anomaly.state import GroupState
from anomaly.step import alert_entry
from tocsin.core.columns import Int64s, PaneBatch, PaneColumns, PaneKind
from tocsin.core.machine import Entry, Step
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Plan

COMPARED_MAX = 65_536


def step_cohorts(
    state: GroupState, batches: Batches, *, plans: PlanBook, detector: Detector
) -> Step[GroupState, Batches]:
    """Fold the batches, and tell which alerts moved.

    Args:
        state: The group's state; left as it is.
        batches: Of any key groups, those of each in their order.
        plans: Finds the plan in force.
        detector: Whose columns the state has; nothing is scored.

    Raises:
        UnavailableError: The first tick that is new names a plan that is not published.
    """
    return fold_batches(
        state,
        batches,
        due=partial(_due, plans=plans),
        begin=lambda copy: open_fold(copy, plans.at(copy.plan_hash), detector, peers=True),
        take=partial(_take, plans=plans),
    )


def _due(state: GroupState, batch: PaneBatch, *, plans: PlanBook) -> PaneBatch | None:
    """Return the batch with the panes that are compared and its tick; None if it has neither."""
    plan = plans.at(state.plan_hash)
    plans.at(batch.plan_hash)
    places = compared(plan, batch.panes)
    if batch.tick_ms is None and not len(places):
        return None
    return replace(batch, panes=batch.panes.take(places), traces={})


def compared(plan: Plan, panes: PaneColumns) -> Int64s:
    """Return the places of the panes that some rule compares with peers."""
    places = np.flatnonzero(panes.kind == PaneKind.ON_TIME)
    names = np.stack([panes.device[places], panes.metric[places], panes.size_ms[places]])
    kinds, which = np.unique(names, axis=1, return_inverse=True)
    is_wanted = [
        _is_compared(plan, panes.devices[device], panes.metrics[metric], size_ms)
        for device, metric, size_ms in kinds.T.tolist()
    ]
    return places[np.array(is_wanted, np.bool_)[which.ravel()]]


@lru_cache(maxsize=COMPARED_MAX)
def _is_compared(plan: Plan, key: str, metric: str, size_ms: int) -> bool:
    return bool(rules_over_series(plan, key, metric, size_ms, peers=True).any())


def _take(fold: Fold, batch: PaneBatch, *, plans: PlanBook) -> tuple[Fold, list[Entry]]:
    """Fold one batch: let its windows wait, then judge what all groups' ticks have passed."""
    if len(batch.panes):
        hold(fold, batch.panes, take_in(fold, batch.panes), told_ms(fold.state, batch))
    passed_ms = None if batch.tick_ms is None else note(fold.state, fold.plan, batch)
    if passed_ms is None:
        return fold, []
    fold = switch_plan(fold, batch.plan_hash, plans)
    withdraw_uncovered(fold, passed_ms)
    entries = _told(fold)
    with np.errstate(over="ignore", invalid="ignore"):  # readings may be as large as numbers go
        judge_due(fold, passed_ms)
    entries += _told(fold)
    expire_alerts(fold, _gone(fold, passed_ms), passed_ms)
    entries += _told(fold)
    fold.state.tick_ms = passed_ms
    return fold, entries


def _gone(fold: Fold, passed_ms: int) -> np.ndarray:
    """Return shape (d,): devices that were not compared for so long that their alerts expire."""
    last_ms, expire_ms = fold.state.devices["last_ms"], fold.plan.timing.expire_ms
    age_ms = passed_ms - np.where(last_ms == UNSET_MS, passed_ms, last_ms)
    return np.asarray((age_ms >= expire_ms) & bool(expire_ms))


def _told(fold: Fold) -> list[Entry]:
    """Return the transitions found so far, and forget them; by name, as rows depend on who was heard first."""
    moves = sorted(fold.moves, key=lambda move: (move[0], move[1], move[2].tenant, move[2].device, move[2].metric))
    fold.moves.clear()
    return [alert_entry(told) for _, _, told in moves]
