"""Quantile sketches: counts of readings in buckets whose width grows with the value.

Source: Masson, Rim and Lee (2019), DDSketch: with ``gamma = (1 + a) / (1 - a)`` bucket i holds
``(gamma**(i - 1), gamma**i]``, and its representative is within the ratio ``a`` of all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Bools, Floats, Int32s, Int64s

ERROR_RATIO: Final = 0.0099
GAMMA: Final = (1 + ERROR_RATIO) / (1 - ERROR_RATIO)
LOG_GAMMA: Final = float(np.log(GAMMA))
SMALLEST: Final = 1e-9
_OFFSET: Final = int(np.ceil(np.log(SMALLEST) / LOG_GAMMA)) - 1

SLICE_OWNER: Final = 0


def buckets(values: Floats) -> Int32s:
    """Return the bucket of each value: 0 for values nearer to zero than ``SMALLEST``, negative below zero."""
    magnitude = np.abs(values)
    index = np.ceil(np.log(np.maximum(magnitude, SMALLEST)) / LOG_GAMMA).astype(np.int32) - _OFFSET
    return np.where(magnitude < SMALLEST, 0, np.where(values < 0, -index, index)).astype(np.int32)


def representatives(codes: Int32s) -> Floats:
    """Return the value that stands for each bucket."""
    magnitude = 2.0 * np.exp((np.abs(codes) + _OFFSET) * LOG_GAMMA) / (GAMMA + 1.0)
    return np.asarray(np.where(codes == 0, 0.0, np.sign(codes) * magnitude))


@dataclass(frozen=True, slots=True)
class Sketches:
    """Sparse bucket counts of many cells, sorted by owner, cell and bucket.

    Attributes:
        owner: shape (b,), whose cells: 0 the open slices, k + 1 lane k.
        cell: shape (b,), which cell of the owner.
        bucket: shape (b,).
        count: shape (b,), readings in the bucket, at least 1.
    """

    owner: Int32s
    cell: Int64s
    bucket: Int32s
    count: Int64s

    @classmethod
    def empty(cls) -> Self:
        """Return sketches without any reading."""
        return cls(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.cell)

    def columns(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return prefixed name to array, for the codec."""
        return {prefix + name: getattr(self, name) for name in ("owner", "cell", "bucket", "count")}

    @classmethod
    def of_columns(cls, columns: Mapping[str, NDArray[Any]], prefix: str) -> Self:
        """Return the sketches that ``columns`` described."""
        return cls(*(columns[prefix + name] for name in ("owner", "cell", "bucket", "count")))

    def add(self, owner: int, cells: Int64s, codes: Int32s, counts: Int64s) -> Self:
        """Return the sketches with more counts; the order in which they come does not matter."""
        if not len(cells):
            return self
        owners = np.concatenate([self.owner, np.full(len(cells), owner, np.int32)])
        cell, code = np.concatenate([self.cell, cells]), np.concatenate([self.bucket, codes])
        count = np.concatenate([self.count, counts])
        order = np.lexsort((code, cell, owners))
        owners, cell, code, count = owners[order], cell[order], code[order], count[order]
        changed = (np.diff(owners) != 0) | (np.diff(cell) != 0) | (np.diff(code) != 0)
        heads = np.concatenate([[0], np.flatnonzero(changed) + 1])
        return type(self)(owners[heads], cell[heads], code[heads], np.add.reduceat(count, heads))

    def of(self, owner: int, cell: int) -> tuple[Int32s, Int64s]:
        """Return (buckets, counts) of one cell, by bucket."""
        here = (self.owner == owner) & (self.cell == cell)
        return self.bucket[here], self.count[here]

    def without(self, owner: int, cells: Int64s) -> Self:
        """Return the sketches without those of the cells."""
        if not len(self) or not len(cells):
            return self
        keep = ~((self.owner == owner) & np.isin(self.cell, cells))
        return self._where(keep)

    def _where(self, keep: Bools) -> Self:
        return type(self)(self.owner[keep], self.cell[keep], self.bucket[keep], self.count[keep])


def quantile_values(codes: Int32s, counts: Int64s, quantiles: Sequence[float]) -> list[float]:
    """Return the value at each quantile, within the ratio ``ERROR_RATIO`` of the reading there.

    The reading at quantile q of n is the one of rank ``floor(q * (n - 1))`` from 0.

    Args:
        codes: shape (b,), buckets, ascending.
        counts: shape (b,).
        quantiles: In ``[0, 1]``.
    """
    ends = np.cumsum(counts)
    ranks = np.floor(np.asarray(quantiles) * (ends[-1] - 1))
    return [float(value) for value in representatives(codes[np.searchsorted(ends, ranks, side="right")])]
