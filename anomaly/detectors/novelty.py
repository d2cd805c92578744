"""Remembered categories: how far a point lies from everything seen so far, with bounded memory.

Two memories of axis-parallel boxes, as in fuzzy adaptive resonance (Carpenter, Grossberg and Rosen 1991):
the nearest box is widened to hold the point where it stays small enough, else a new box is opened in place
of the one that was unused longest. A box is kept as its lower corner and its negated upper corner, so that
widening is one minimum. Differences from the source: sides are limited instead of their sum, lengths are
relative to the range of each feature so far, and what is used is the distance to the nearest box.
"""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anomaly.detectors.features import FEATURES, VALUE_FEATURES
from tocsin.core.columns import Floats, Int64s

Singles = NDArray[np.float32]

BOXES: Final = 64
MEMORIES: Final = 2
SIDE_MAX: Final = np.array([0.9, 0.2], np.float32)
"""Longest side of a box, as a share of the feature's range: of value and band-passes, of level and spread."""

SPAN_MIN: Final = np.array([1.0] * (FEATURES - 1) + [0.3], np.float32)
"""Smallest range of a feature: the noise unit, and for the log of the spread a third."""

NOVELTY_MAX: Final = 10.0
EMPTY: Final = np.float32(3e30)

_MEMORY_OF: Final = np.array([0] * VALUE_FEATURES + [1] * (FEATURES - VALUE_FEATURES))
_STARTS: Final = np.array([0, VALUE_FEATURES])


class Novelty(NamedTuple):
    """How new a point is, and the memories after it.

    Attributes:
        distance: shape (n, MEMORIES), float64, to the nearest box, in ranges; 0 inside a box.
        gaps: shape (n, FEATURES), float32, what each feature adds to its memory's distance.
        bounds: shape (n, 2, FEATURES), float32, smallest value of each feature and of its negative.
        boxes: shape (n, 2, FEATURES, BOXES), float32, corners.
        used: shape (n, MEMORIES, BOXES), int32, number of the row that last used each box, from 1; 0 never.
    """

    distance: Floats
    gaps: Singles
    bounds: Singles
    boxes: Singles
    used: NDArray[np.int32]


def initial_memory(series: int) -> dict[str, NDArray[Any]]:
    """Return empty memories, as the columns ``bounds``, ``boxes`` and ``used``."""
    return {
        "bounds": np.full((series, 2, FEATURES), EMPTY),
        "boxes": np.full((series, 2, FEATURES, BOXES), EMPTY),
        "used": np.zeros((series, MEMORIES, BOXES), np.int32),
    }


def remember(bounds: Singles, boxes: Singles, used: NDArray[np.int32], rows: Int64s, point: Singles) -> Novelty:
    """Return how new the points are; widen or open a box for each.

    Args:
        bounds: As in ``Novelty``, before the row; left unchanged, like all.
        boxes: As in ``Novelty``.
        used: As in ``Novelty``.
        rows: shape (n,), rows before this one.
        point: shape (n, 2, FEATURES), the features and the features negated.
    """
    bounds = np.minimum(bounds, point)
    per_range = 1.0 / np.maximum(-(bounds[:, 0] + bounds[:, 1]), SPAN_MIN)
    nearest = _distances(boxes, point, per_range).argmin(axis=2)
    corners = _corners(len(rows))
    near = boxes.reshape(-1)[corners + nearest[:, None, _MEMORY_OF]]
    gaps = np.maximum((near - point).max(axis=1), 0.0) * per_range
    distance = np.minimum(_by_memory(gaps), NOVELTY_MAX)
    wide = np.minimum(near, point)
    side = np.maximum.reduceat(-(wide[:, 0] + wide[:, 1]) * per_range, _STARTS, axis=1)
    fits = side <= SIDE_MAX
    slot = np.where(fits, nearest, used.argmin(axis=2))
    boxes, used = boxes.copy(), used.copy()
    boxes.reshape(-1)[corners + slot[:, None, _MEMORY_OF]] = np.where(fits[:, None, _MEMORY_OF], wide, point)
    used.reshape(-1)[_places(len(rows)) + slot] = (rows + 1)[:, None]
    return Novelty(distance, gaps, bounds, boxes, used)


def _distances(boxes: Singles, point: Singles, per_range: Singles) -> Singles:
    """Return the distance to every box; shape (n, MEMORIES, BOXES)."""
    outside = (boxes - point[:, :, :, None]).max(axis=1)
    np.maximum(outside, 0.0, out=outside)
    outside *= per_range[:, :, None]
    distances = np.empty((len(point), MEMORIES, BOXES), np.float32)
    np.add(outside[:, 0], outside[:, 1], out=distances[:, 0])
    for feature in range(2, VALUE_FEATURES):
        distances[:, 0] += outside[:, feature]
    np.add(outside[:, 5], outside[:, 6], out=distances[:, 1])
    return distances


def _by_memory(gaps: Singles) -> Floats:
    # Added one by one: a reduction's order may depend on how many series there are.
    wide = gaps.astype(np.float64)
    distance = np.empty((len(gaps), MEMORIES))
    distance[:, 0] = wide[:, 0] + wide[:, 1] + wide[:, 2] + wide[:, 3] + wide[:, 4]
    distance[:, 1] = wide[:, 5] + wide[:, 6]
    return distance


@lru_cache(maxsize=16)
def _corners(series: int) -> Int64s:
    """Return where the first box's corners stand in the flat memory; shape (series, 2, FEATURES)."""
    return (np.arange(series * 2 * FEATURES) * BOXES).reshape(series, 2, FEATURES)


@lru_cache(maxsize=16)
def _places(series: int) -> Int64s:
    return (np.arange(series * MEMORIES) * BOXES).reshape(series, MEMORIES)
