"""Partial results as columns: open slices, and the merged hops of longer windows.

Both are flat arrays of ``series x ring`` cells. A cell with count 0 is empty and holds the fill values.
Cells are changed in place; ``processors.step`` works on a copy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Floats, Int32s, Int64s

NO_FIRST: Final = np.iinfo(np.int32).max
NO_LAST: Final = -1


@dataclass(slots=True)
class Partials:
    """Mergeable results of n windows, in no particular order.

    Attributes:
        count: shape (n,), readings; at least 1.
        sum: shape (n,).
        mean: shape (n,).
        m2: shape (n,), sum of squared deviations from the mean.
        min: shape (n,).
        max: shape (n,).
        first: shape (n,), value at the earliest event time.
        last: shape (n,), value at the latest event time.
        first_ms: shape (n,), event time of ``first``.
        last_ms: shape (n,), event time of ``last``.
    """

    count: Int64s
    sum: Floats
    mean: Floats
    m2: Floats
    min: Floats
    max: Floats
    first: Floats
    last: Floats
    first_ms: Int64s
    last_ms: Int64s

    def take(self, places: Int64s) -> Self:
        """Return the results at the places, in that order."""
        return type(self)(*(getattr(self, name)[places] for name in PARTIAL_NAMES))


PARTIAL_NAMES: Final = tuple(field.name for field in fields(Partials))


@dataclass(slots=True)
class Cells:
    """Columns of cells; each kind of cells names its columns.

    Attributes:
        FILLS: Name to (dtype, fill value) of each column.
    """

    FILLS: ClassVar[Mapping[str, tuple[str, float]]] = {}

    @classmethod
    def empty(cls, cells: int) -> Self:
        """Return that many empty cells."""
        return cls(**{name: np.full(cells, fill, dtype) for name, (dtype, fill) in cls.FILLS.items()})

    def columns(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return prefixed name to array, for the codec."""
        return {prefix + name: getattr(self, name) for name in self.FILLS}

    @classmethod
    def of_columns(cls, columns: Mapping[str, NDArray[Any]], prefix: str) -> Self:
        """Return the cells that ``columns`` described."""
        return cls(**{name: columns[prefix + name] for name in cls.FILLS})

    def copy(self) -> Self:
        """Return cells that can be changed without changing these."""
        return type(self)(**{name: getattr(self, name).copy() for name in self.FILLS})

    def grow(self, cells: int) -> None:
        """Append empty cells until there are that many."""
        for name, (dtype, fill) in self.FILLS.items():
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.full(cells - len(old), fill, dtype)]))

    def clear(self, cells: Int64s) -> None:
        """Empty the cells."""
        for name, (_, fill) in self.FILLS.items():
            getattr(self, name)[cells] = fill


@dataclass(slots=True)
class SliceCells(Cells):
    """Open slices: sums shifted by the slice's first value, times as offsets from the slice's start.

    Attributes:
        count: shape (cells,), readings folded.
        shift: shape (cells,), the value that arrived first.
        s1: shape (cells,), sum of ``value - shift`` in the order of arrival.
        s2: shape (cells,), sum of its squares.
        min: shape (cells,).
        max: shape (cells,).
        first: shape (cells,).
        last: shape (cells,).
        first_at: shape (cells,), milliseconds after the slice's start.
        last_at: shape (cells,), milliseconds after the slice's start.
        told: shape (cells,), a bit for each limit that an early pane was emitted for.
    """

    count: Int32s
    shift: Floats
    s1: Floats
    s2: Floats
    min: Floats
    max: Floats
    first: Floats
    last: Floats
    first_at: Int32s
    last_at: Int32s
    told: NDArray[np.uint16]

    FILLS: ClassVar[Mapping[str, tuple[str, float]]] = {
        "count": ("<i4", 0),
        "shift": ("<f8", 0.0),
        "s1": ("<f8", 0.0),
        "s2": ("<f8", 0.0),
        "min": ("<f8", np.inf),
        "max": ("<f8", -np.inf),
        "first": ("<f8", 0.0),
        "last": ("<f8", 0.0),
        "first_at": ("<i4", NO_FIRST),
        "last_at": ("<i4", NO_LAST),
        "told": ("<u2", 0),
    }

    def fold(self, cells: Int64s, values: Floats, offsets_ms: Int64s) -> None:
        """Add the readings, in order.

        Sums are added one by one in the order of arrival, so they do not depend on where batches
        end. Sums of squares are shifted against cancellation (Chan, Golub and LeVeque, 1983).

        Args:
            cells: shape (r,), cell of each reading.
            values: shape (r,), finite.
            offsets_ms: shape (r,), event time after the slice's start.
        """
        fresh = self.count[cells] == 0
        if fresh.any():
            # Assigned back to front, so that the earliest arrival is the one that stays.
            self.shift[cells[fresh][::-1]] = values[fresh][::-1]
        # Of the column's own type: with any other, numpy takes a way that is thirty times slower.
        np.add.at(self.count, cells, np.ones(len(cells), np.int32))
        deviation = values - self.shift[cells]
        np.add.at(self.s1, cells, deviation)
        np.add.at(self.s2, cells, deviation * deviation)
        np.minimum.at(self.min, cells, values)
        np.maximum.at(self.max, cells, values)
        self._fold_ends(cells, values, offsets_ms.astype(np.int32))

    def _fold_ends(self, cells: Int64s, values: Floats, offsets: Int32s) -> None:
        earliest_before = self.first_at[cells]
        np.minimum.at(self.first_at, cells, offsets)
        np.maximum.at(self.last_at, cells, offsets)
        earlier = (offsets < earliest_before) & (offsets == self.first_at[cells])
        self.first[cells[earlier][::-1]] = values[earlier][::-1]
        latest = offsets == self.last_at[cells]
        self.last[cells[latest]] = values[latest]

    def partials(self, cells: Int64s, start_ms: Int64s) -> Partials:
        """Return the results of the cells, each of which must hold readings.

        Args:
            cells: shape (n,).
            start_ms: shape (n,), start of each cell's slice.
        """
        count = self.count[cells].astype(np.int64)
        shift, s1 = self.shift[cells], self.s1[cells]
        low, high = self.min[cells], self.max[cells]
        m2 = np.maximum(self.s2[cells] - s1 * s1 / count, 0.0)
        return Partials(
            count=count,
            sum=count * shift + s1,
            mean=np.clip(shift + s1 / count, low, high),
            m2=m2,
            min=low,
            max=high,
            first=self.first[cells],
            last=self.last[cells],
            first_ms=start_ms + self.first_at[cells],
            last_ms=start_ms + self.last_at[cells],
        )


@dataclass(slots=True)
class HopCells(Cells):
    """Merged hops of longer windows: the columns of ``Partials``, cell by cell."""

    count: Int64s
    sum: Floats
    mean: Floats
    m2: Floats
    min: Floats
    max: Floats
    first: Floats
    last: Floats
    first_ms: Int64s
    last_ms: Int64s

    FILLS: ClassVar[Mapping[str, tuple[str, float]]] = {
        "count": ("<i8", 0),
        "sum": ("<f8", 0.0),
        "mean": ("<f8", 0.0),
        "m2": ("<f8", 0.0),
        "min": ("<f8", np.inf),
        "max": ("<f8", -np.inf),
        "first": ("<f8", 0.0),
        "last": ("<f8", 0.0),
        "first_ms": ("<i8", np.iinfo(np.int64).max),
        "last_ms": ("<i8", np.iinfo(np.int64).min),
    }

    def merge(self, cells: Int64s, more: Partials) -> None:
        """Merge one result into each of the cells; no cell may be named twice."""
        merged = merge(self.partials(cells), more)
        for name in PARTIAL_NAMES:
            getattr(self, name)[cells] = getattr(merged, name)

    def partials(self, cells: Int64s) -> Partials:
        """Return the results of the cells; empty ones have count 0."""
        return Partials(*(getattr(self, name)[cells] for name in PARTIAL_NAMES))


def merge(a: Partials, b: Partials) -> Partials:
    """Return the results of both, pair by pair; where one has count 0, the other.

    Of equal event times the first one stays ``first``, and b's is ``last``.
    Source: Chan, Golub and LeVeque (1983), the pairwise update.
    """
    count = a.count + b.count
    share = b.count / np.maximum(count, 1)
    delta = np.where((a.count > 0) & (b.count > 0), b.mean - a.mean, 0.0)
    b_is_first = b.first_ms < a.first_ms
    b_is_last = b.last_ms >= a.last_ms
    return Partials(
        count=count,
        sum=a.sum + b.sum,
        mean=np.where(a.count == 0, b.mean, a.mean + delta * share),
        m2=a.m2 + b.m2 + delta * delta * (a.count * share),
        min=np.minimum(a.min, b.min),
        max=np.maximum(a.max, b.max),
        first=np.where(b_is_first, b.first, a.first),
        last=np.where(b_is_last, b.last, a.last),
        first_ms=np.minimum(a.first_ms, b.first_ms),
        last_ms=np.maximum(a.last_ms, b.last_ms),
    )


def partials_of_one(values: Floats, times_ms: Int64s) -> Partials:
    """Return each reading as a result of its own."""
    ones = np.ones(len(values), np.int64)
    return Partials(ones, values, values, np.zeros(len(values)), values, values, values, values, times_ms, times_ms)
