"""The pure step of the stage: transitions, actions and ticks in; notifications, decisions and open alerts out."""

from dataclasses import replace

from alerts.arriving import act, arrive
from alerts.batch import Batch
from alerts.fold import Fold
from alerts.people import Acted
from alerts.state import AlertsState
from alerts.ticking import tick
from tocsin.core.machine import Step


def step(state: AlertsState, batch: Batch) -> Step[AlertsState, Batch]:
    """Fold the batch; copies, and ticks at which nothing is due, change nothing."""
    fold = Fold(state, budget=batch.budget, budget_within_ms=batch.budget_within_ms)
    for arrival in batch.arrivals:
        if isinstance(arrival, Acted):
            act(fold, arrival)
        else:
            arrive(fold, arrival)
    rest = None
    if batch.tick_ms is not None and tick(fold, batch, batch.tick_ms):
        rest = replace(batch, arrivals=())
    return Step(fold.state(), tuple(fold.emitted), rest)
