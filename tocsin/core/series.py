"""Windows of one series as columns, as the table of windows gives them for a look over a long time."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np

from tocsin.core.columns import Floats, Int32s, Int64s

FIELDS: Final = ("count", "mean", "sum", "variance", "min", "max", "first", "last", "rate", "quantiles")
"""Of ``WindowStats``, in its order."""


@dataclass(frozen=True, slots=True)
class SeriesWindows:
    """Windows of one metric of one device as columns, by start and revision.

    Attributes:
        start_ms: shape (n,), starts of the windows, ascending.
        revision: shape (n,), 0 on time; later ones are deltas to merge.
        count: shape (n,), readings.
        mean: shape (n,), as all following in the metric's unit.
        sum: shape (n,).
        variance: shape (n,), of the population, in the unit's square.
        min: shape (n,).
        max: shape (n,).
        first: shape (n,).
        last: shape (n,).
        rate: shape (n,), per second; NaN where there was but one reading.
        quantiles: n dictionaries of the quantiles that were kept, e.g. ``p50``.
    """

    start_ms: Int64s
    revision: Int32s
    count: Int64s
    mean: Floats
    sum: Floats
    variance: Floats
    min: Floats
    max: Floats
    first: Floats
    last: Floats
    rate: Floats
    quantiles: list[dict[str, float]]

    def __len__(self) -> int:
        return len(self.start_ms)

    def on_time(self) -> Self:
        """Return the windows without their revisions."""
        if not self.revision.any():
            return self
        kept = np.flatnonzero(self.revision == 0)
        columns = {field.name: getattr(self, field.name)[kept] for field in fields(self) if field.name != "quantiles"}
        return type(self)(**columns, quantiles=[self.quantiles[place] for place in kept.tolist()])


def series_of(starts: Sequence[int], revisions: Sequence[int], stats: Sequence[Sequence[Any]]) -> SeriesWindows:
    """Return the columns of the windows.

    Args:
        starts: Start of each, ascending.
        revisions: Revision of each.
        stats: Values of each in the order of ``WindowStats``; a rate may be None.
    """
    counts, *others, quantiles = zip(*stats, strict=True) if stats else ((),) * len(FIELDS)
    floats = {name: np.array(values, np.float64) for name, values in zip(FIELDS[1:-1], others, strict=True)}
    return SeriesWindows(
        start_ms=np.array(starts, np.int64),
        revision=np.array(revisions, np.int32),
        count=np.array(counts, np.int64),
        quantiles=list(quantiles),
        **floats,
    )
