"""What the steps of key groups and of cohorts have in common: batch after batch into one fold, within bounds. Pure."""

from collections.abc import Callable, Sequence
from typing import Final

from anomaly.fold import Fold, open_fold
from anomaly.state import GroupState
from tocsin.core.columns import PaneBatch
from tocsin.core.errors import TransientError
from tocsin.core.machine import Entry, Step
from tocsin.core.plan.book import PlanBook

EMITTED_BYTES_MAX: Final = 1024 * 1024
"""After so much the rest of the batches waits for the next commit."""

Batches = tuple[PaneBatch, ...]

Due = Callable[[GroupState, PaneBatch], PaneBatch | None]
"""Returns what of a new batch is folded, None if nothing is; raises ``TransientError`` if it cannot be now."""

Open = Callable[[GroupState], Fold]
Take = Callable[[Fold, PaneBatch], tuple[Fold, Sequence[Entry]]]


def fold_batches(
    state: GroupState, batches: Batches, *, due: Due, begin: Open, take: Take
) -> Step[GroupState, Batches]:
    """Fold the batches one after the other; skip what the fence knows.

    Where something hinders, what came before is folded and the rest returned; the next call raises.

    Args:
        state: The group's state; left as it is.
        batches: Those of each group in their order.
        due: Says what of a batch is folded.
        begin: Opens the fold over a copy of the state, before the first batch that is due.
        take: Folds one batch, and returns the fold that goes on with what was told.

    Raises:
        TransientError: From ``due``, of the first batch that is new.
    """
    fold: Fold | None = None
    emitted: list[Entry] = []
    for place, batch in enumerate(batches):
        known = fold.state if fold else state
        if batch.number <= known.fence.get((batch.generation, batch.group), 0):
            continue
        try:
            wanted = due(known, batch)
        except TransientError:
            if fold is None:
                raise
            return Step(known, tuple(emitted), batches[place:])
        if sum(len(entry.data) for entry in emitted) > EMITTED_BYTES_MAX:
            return Step(known, tuple(emitted), batches[place:])
        if wanted is None:
            continue
        fold, entries = take(fold or begin(state.copy()), wanted)
        fold.state.fence[batch.generation, batch.group] = batch.number
        emitted += entries
    return Step(fold.state if fold else state, tuple(emitted))


def switch_plan(fold: Fold, plan_hash: str, plans: PlanBook) -> Fold:
    """Return the fold under the plan of the hash, the same fold where that says nothing new."""
    if not plan_hash or plan_hash == fold.state.plan_hash:
        return fold
    fold.state.plan_hash = plan_hash
    plan = plans.at(plan_hash)
    if plan == fold.plan:
        return fold
    fold.state.coverage = None
    return open_fold(fold.state, plan, fold.detector, peers=fold.peers)
