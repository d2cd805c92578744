"""Runs: into what parts a batch is taken, so that its borders leave no trace in what is judged."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from anomaly.amending import runs_between_revisions
from tocsin.core.columns import PANE_ARRAYS, PaneColumns
from tocsin.core.plan.model import Plan
from tocsin.core.plan.resolve import switched_rules


def runs_of(panes: PaneColumns, plan: Plan) -> Iterator[tuple[int, PaneColumns]]:
    """Yield the panes in runs, each with the place of its first.

    Revisions are the end of a run. Where modes switch rules, a run holds at most one pane a series: a window that waits
    for its mode is then judged before the same newer windows are known, however the batches were cut.
    """
    for begin, run in runs_between_revisions(panes):
        if not switched_rules(plan):
            yield begin, run
            continue
        for first, last in pairwise([*_cuts(run), len(run)]):
            yield begin + first, _part(run, first, last)


def _part(panes: PaneColumns, begin: int, end: int) -> PaneColumns:
    return replace(panes, **{name: getattr(panes, name)[begin:end] for name in PANE_ARRAYS})


def _cuts(panes: PaneColumns) -> list[int]:
    """Return the places at which a series comes again that came since the cut before."""
    keys = np.stack([panes.device.astype(np.int64), panes.metric.astype(np.int64), panes.size_ms])
    _, series = np.unique(keys, axis=1, return_inverse=True)
    cuts = [0]
    newest: dict[int, int] = {}
    for place, one in enumerate(series.ravel().tolist()):
        if newest.get(one, -1) >= cuts[-1]:
            cuts.append(place)
        newest[one] = place
    return cuts
