"""Remembered categories: how far a point lies from everything seen so far, with bounded memory.

Two memories of axis-parallel boxes, as in fuzzy adaptive resonance (Carpenter, Grossberg and Rosen 1991):
the nearest box is widened to hold the point where it stays small enough, else a new box is opened in place
of the one that was unused longest. A box is kept as its lower corner and its negated upper corner, so that
widening is one minimum. Differences from the source: each side is limited instead of their sum, lengths are
relative to the range of the feature so far, and what is used is the distance to the nearest box.
"""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from anomaly.detectors.features import FEATURES, VALUE_FEATURES
from tocsin.core.columns import Int64s

Singles = NDArray[np.float32]
Int32s = NDArray[np.int32]

BOXES: Final = 45
MEMORIES: Final = 2
SIDE_MAX: Final = np.array([0.9, 0.2], np.float32)
"""Longest side of a box, as a share of the feature's range: of value and band-passes, of level and spread."""

SPAN_MIN: Final = np.array([6.0] * (FEATURES - 1) + [0.3], np.float32)
"""Smallest range of a feature: noise alone spans a few units, and the log of its spread about a third."""

NOVELTY_MAX: Final = np.array(10.0, np.float32)
EMPTY: Final = np.float32(1e37)

# Arrays of no dimension and not Python numbers: with few series those cost more than the arithmetic.
_ZERO: Final = np.array(0.0, np.float32)
_MINUS: Final = np.array(-1.0, np.float32)
_ROW: Final = np.array(1)
_SPAN: Final = -SPAN_MIN

_MEMORY_OF: Final = np.array([0] * VALUE_FEATURES + [1] * (FEATURES - VALUE_FEATURES))
_STARTS: Final = np.array([0, VALUE_FEATURES])


class Novelty(NamedTuple):
    """How new a point is, and the memories after it.

    Attributes:
        distance: shape (n, MEMORIES), float32, to the nearest box, in ranges; 0 inside a box.
        found: shape (k,), ascending, which series lay outside the boxes of a memory.
        gaps: shape (k, FEATURES), float32, what each feature adds to the distance, of those series.
        bounds: shape (n, 2, FEATURES), float32, smallest value of each feature and of its negative.
        boxes: shape (n, 2, FEATURES, BOXES), float32, corners.
        used: shape (n, MEMORIES, BOXES), int32, number of the row that last used each box, from 1; 0 never.
    """

    distance: Singles
    found: Int64s
    gaps: Singles
    bounds: Singles
    boxes: Singles
    used: Int32s


def initial_memory(series: int) -> dict[str, NDArray[Any]]:
    """Return empty memories, as the columns ``bounds``, ``boxes`` and ``used``."""
    return {
        "bounds": np.full((series, 2, FEATURES), EMPTY),
        "boxes": np.full((series, 2, FEATURES, BOXES), EMPTY),
        "used": np.zeros((series, MEMORIES, BOXES), np.int32),
    }


def remember(bounds: Singles, boxes: Singles, used: Int32s, rows: Int64s, point: Singles) -> Novelty:
    """Return how new the points are; widen or open a box for each that is outside.

    Args:
        bounds: As in ``Novelty``, before the row; left unchanged, like all.
        boxes: As in ``Novelty``.
        used: As in ``Novelty``.
        rows: shape (n,), rows before this one.
        point: shape (n, 2, FEATURES), the features and the features negated.
    """
    bounds = np.minimum(bounds, point)
    per_range = _MINUS / np.minimum(bounds[:, 0] + bounds[:, 1], _SPAN)
    distances = _distances(boxes, point, per_range)
    slot = distances.argmin(axis=2)
    places = _places(len(rows))
    taken = places + slot
    distance = np.minimum(distances.reshape(-1)[taken], NOVELTY_MAX)
    found = np.maximum(distance[:, 0], distance[:, 1]).nonzero()[0]
    gaps = np.empty((0, FEATURES), np.float32)
    if len(found):
        near = boxes.reshape(-1)[_corners(found, slot[found])]
        outer, scale = point[found], per_range[found]
        apart = near - outer
        gaps = np.maximum(np.maximum(apart[:, 0], apart[:, 1]), _ZERO) * scale
        wide = np.minimum(near, outer)
        fits = _longest_sides(wide, scale) <= SIDE_MAX
        slot[found] = np.where(fits, slot[found], used[found].argmin(axis=2))
        boxes = boxes.copy()
        boxes.reshape(-1)[_corners(found, slot[found])] = np.where(fits[:, None, _MEMORY_OF], wide, outer)
        taken = places + slot
    used = used.copy()
    used.reshape(-1)[taken] = (rows + _ROW)[:, None]
    return Novelty(distance, found, gaps, bounds, boxes, used)


def _distances(boxes: Singles, point: Singles, per_range: Singles) -> Singles:
    """Return the distance to every box; shape (n, MEMORIES, BOXES)."""
    apart = boxes - point[:, :, :, None]
    outside = np.maximum(apart[:, 0], apart[:, 1])
    np.maximum(outside, _ZERO, out=outside)
    outside *= per_range[:, :, None]
    distances = np.empty((len(point), MEMORIES, BOXES), np.float32)
    # Added one by one: the order of a reduction may depend on how many series there are.
    of_value = distances[:, 0]
    np.add(outside[:, 0], outside[:, 1], out=of_value)
    of_value += outside[:, 2]
    of_value += outside[:, 3]
    of_value += outside[:, 4]
    np.add(outside[:, 5], outside[:, 6], out=distances[:, 1])
    return distances


def _longest_sides(boxes: Singles, per_range: Singles) -> Singles:
    """Return the longest side of one box a memory, in ranges; shape (k, MEMORIES)."""
    return np.asarray(np.maximum.reduceat(-(boxes[:, 0] + boxes[:, 1]) * per_range, _STARTS, axis=1))


def _corners(found: Int64s, slot: Int64s) -> Int64s:
    """Return where the corners of one box a memory stand in the flat memory; shape (k, 2, FEATURES)."""
    first = (found * (2 * FEATURES * BOXES))[:, None, None]
    return np.asarray(first + _CORNERS + slot[:, None, _MEMORY_OF])


_CORNERS: Final = (np.arange(2 * FEATURES) * BOXES).reshape(2, FEATURES)


@lru_cache(maxsize=16)
def _places(series: int) -> Int64s:
    """Return where each memory's first box stands in flat ``used``; shape (series, MEMORIES)."""
    return (np.arange(series * MEMORIES) * BOXES).reshape(series, MEMORIES)
