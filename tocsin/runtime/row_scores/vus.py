"""Volume under the surface: area under precision and recall, averaged over how soft the windows' edges are.

Source: Paparrizos et al., "Volume Under the Surface" (2022), with the positive mass counted as far as it is detected,
as the TSB-AD leaderboard does.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from tocsin.runtime.row_scores.model import Floats, Ints, Scored, ranked, stretches

EDGE_ROWS_MAX: Final = 100
EDGE_STEPS: Final = 11
THRESHOLDS_MAX: Final = 250


def vus(scored: Sequence[Scored], *, edge_rows_max: int = EDGE_ROWS_MAX) -> tuple[float, float, int]:
    """Return VUS-PR and VUS-ROC, means over the series that have both labels past probation, and their number.

    Args:
        scored: The series; their continuous scores count.
        edge_rows_max: Longest soft edge, rows.
    """
    found = []
    for one in scored:
        label = one.labels.is_anomalous()[one.labels.probation :].astype(np.float64)
        if 0 < label.sum() < len(label):
            found.append(_volume(one.score[one.labels.probation :], label, edge_rows_max))
    if not found:
        return float("nan"), float("nan"), 0
    under_pr, under_roc = np.mean(found, axis=0)
    return float(under_pr), float(under_roc), len(found)


def _volume(score: Floats, label: Floats, edge_rows_max: int) -> Floats:
    _, order, _ = ranked([score])
    cuts = _cuts(np.where(np.isfinite(score), score, -np.inf)[order])
    lengths = np.unique(np.linspace(0, edge_rows_max, EDGE_STEPS).astype(np.int64))
    return np.asarray(np.mean([_areas(order, cuts, label, int(length)) for length in lengths], axis=0))


def _cuts(falling: Floats) -> Ints:
    """Return the places at which thresholds lie, at most ``THRESHOLDS_MAX``, evenly over the rows."""
    cuts = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    if len(cuts) <= THRESHOLDS_MAX:
        return cuts
    wanted = np.linspace(0, len(falling) - 1, THRESHOLDS_MAX).astype(np.int64)
    return cuts[np.unique(np.searchsorted(cuts, wanted))]


def _areas(order: Ints, cuts: Ints, label: Floats, edge_rows: int) -> tuple[float, float]:
    """Return the areas under precision over recall, and under the ROC, for edges of one length."""
    soft = _softened(label, edge_rows)
    rank = np.empty(len(label), np.int64)
    rank[order] = np.arange(len(label))
    first_ranks = np.sort([rank[first : last + 1].min() for first, last in stretches(soft > 0)])
    caught = np.cumsum(soft[order])[cuts]
    rim = np.cumsum((soft - label)[order])[cuts]
    told = cuts + 1.0
    existence = np.searchsorted(first_ranks, cuts, side="right") / len(first_ranks)
    positive = label.sum() + rim / 2.0
    recall = np.minimum(caught / positive, 1.0) * existence
    under_pr = np.sum(np.diff(recall, prepend=0.0) * caught / told)
    false = np.concatenate(([0.0], (told - caught) / (len(label) - positive), [1.0]))
    true = np.concatenate(([0.0], recall, [1.0]))
    return float(under_pr), float(np.sum(np.diff(false) * (true[1:] + true[:-1]) / 2.0))


def _softened(label: Floats, edge_rows: int) -> Floats:
    """Return the labels with edges that fall off over half of ``edge_rows`` to either side of each window."""
    soft = label.copy()
    half = edge_rows // 2
    for first, last in stretches(label > 0) if half else ():
        after = np.arange(last + 1, min(last + half + 1, len(label)))
        soft[after] += np.sqrt(1.0 - (after - last) / edge_rows)
        before = np.arange(max(first - half, 0), first)
        soft[before] += np.sqrt(1.0 - (first - before) / edge_rows)
    return np.minimum(soft, 1.0)
