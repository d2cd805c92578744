"""The memories of a single series, kept open: the arithmetic of ``novelty`` in place, without index arrays."""

from operator import lt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import State
from anomaly.detectors import novelty
from anomaly.detectors.features import FEATURES, VALUE_FEATURES
from anomaly.detectors.weighing import DOUBT_ROWS, NOVELTY_UNIT, SLOWNESS_USUAL

_ZERO: Final = np.array(0.0, np.float32)
_MINUS: Final = np.array(-1.0, np.float32)
_SPAN: Final = -novelty.SPAN_MIN
_SIDE_MAX: Final = novelty.SIDE_MAX.tolist()
_MINE: Final = (slice(0, VALUE_FEATURES), slice(VALUE_FEATURES, FEATURES))
"""Features of each memory."""


class Memories:
    """Both memories of one series; they change with every point."""

    __slots__ = ("_apart", "_bounds", "_boxes", "_distance", "_least", "_outside", "_per_range", "_point", "_used")

    def __init__(self, state: State) -> None:
        """Open the state of one series, whose columns are left unchanged."""
        self._bounds = state["bounds"][0].copy()
        self._boxes = state["boxes"][0].copy()
        self._used = state["used"][0].copy()
        self._point = np.empty((2, FEATURES, 1), np.float32)
        self._apart = np.empty((2, FEATURES, novelty.BOXES), np.float32)
        self._outside = np.empty((FEATURES, novelty.BOXES), np.float32)
        self._distance = np.empty((novelty.MEMORIES, novelty.BOXES), np.float32)
        self._range()

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the state as it is now, in memory that the next point changes."""
        return {"bounds": self._bounds[None], "boxes": self._boxes[None], "used": self._used[None]}

    def remember(self, rows: int, features: list[float]) -> list[float] | None:
        """Return how far the point lies outside along each feature, in steps of novelty; None where it is inside.

        Args:
            rows: Rows before this one.
            features: The features, then the features negated.
        """
        flat = self._point.reshape(-1)
        flat[:] = features
        if True in map(lt, flat.tolist(), self._least):
            np.minimum(self._bounds, self._point[:, :, 0], out=self._bounds)
            self._range()
        of_value, of_level = self._measured()
        first, second = int(of_value.argmin()), int(of_level.argmin())
        row = rows + 1
        if of_value.item(first) == 0.0 and of_level.item(second) == 0.0:
            self._used[0, first] = self._used[1, second] = row
            return None
        gaps = self._outside[_MINE[0], first].tolist() + self._outside[_MINE[1], second].tolist()
        self._enter(0, first, row)
        self._enter(1, second, row)
        return self._weighed(gaps, row)

    def _range(self) -> None:
        """Take note of the ranges of the features."""
        sums = self._bounds[0] + self._bounds[1]
        self._per_range = (_MINUS / np.minimum(sums, _SPAN))[:, None]
        self._least: list[float] = self._bounds.reshape(-1).tolist()

    def _measured(self) -> NDArray[np.float32]:
        """Return the distance to every box; shape (MEMORIES, BOXES)."""
        apart, outside, distance = self._apart, self._outside, self._distance
        np.subtract(self._boxes, self._point, out=apart)
        np.maximum(apart[0], apart[1], out=outside)
        np.maximum(outside, _ZERO, out=outside)
        np.multiply(outside, self._per_range, out=outside)
        np.add.reduce(outside[_MINE[0]], axis=0, out=distance[0])
        np.add.reduce(outside[_MINE[1]], axis=0, out=distance[1])
        return distance

    def _enter(self, memory: int, slot: int, row: int) -> None:
        """Widen the nearest box to hold the point, or open one in place of the one unused longest."""
        mine = _MINE[memory]
        point = self._point[:, mine, 0]
        wide = np.minimum(self._boxes[:, mine, slot], point)
        sides = (-(wide[0] + wide[1]) * self._per_range[mine, 0]).tolist()
        if max(sides) > _SIDE_MAX[memory]:
            slot, wide = int(self._used[memory].argmin()), point
        self._boxes[:, mine, slot] = wide
        self._used[memory, slot] = row

    def _weighed(self, gaps: list[float], row: int) -> list[float]:
        """Return the gaps in steps of novelty; see ``weighing.weighed_gaps``."""
        sums = self._bounds[0, :2] + self._bounds[1, :2]
        span, band = np.maximum(-sums, novelty.SPAN_MIN[:2]).tolist()
        slowness = max(span / (SLOWNESS_USUAL * band), 1.0)
        doubt = DOUBT_ROWS / row
        doubt *= doubt
        fast = NOVELTY_UNIT + doubt
        slow = NOVELTY_UNIT + doubt * (slowness * slowness)
        value, fastest, second, third, slowest, level, spread = gaps
        return [value / slow, fastest / fast, second / slow, third / slow, slowest / slow, level / slow, spread / fast]
