"""Windows merged into steps: what is right for counts, sums, means, variances, extremes, first and last."""

from collections.abc import Callable
from typing import Final

import numpy as np

from tocsin.core.columns import Floats, Int64s
from tocsin.core.series import SeriesWindows

Column = list[float | None]
PLAIN: Final = ("mean", "sum", "min", "max", "first", "last", "variance", "stddev", "rate")


def counts_of(windows: SeriesWindows, places: Int64s, steps: int) -> list[int]:
    """Return the readings of each step.

    Args:
        windows: By start.
        places: shape (n,), to which step each belongs.
        steps: How many steps there are.
    """
    counts: list[int] = np.bincount(places, windows.count, steps).astype(np.int64).tolist()
    return counts


def column_of(name: str, windows: SeriesWindows, places: Int64s, steps: int) -> Column:
    """Return the aggregation of each step, None or NaN where nothing came or it cannot be known.

    Rates and quantiles are those of a window; of several windows they cannot be known.
    """
    if not len(windows):
        return [None] * steps
    if name in MERGES:
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        return _spread(MERGES[name](windows, starts), places[starts], steps)
    alone = _alone(places)
    values = windows.rate[alone] if name == "rate" else _quantile(name, windows, alone)
    return _spread(values, places[alone], steps)


def _alone(places: Int64s) -> Int64s:
    """Return the windows that have their step for themselves."""
    _, first, counts = np.unique(places, return_index=True, return_counts=True)
    return np.asarray(first[counts == 1], np.int64)


def _quantile(name: str, windows: SeriesWindows, alone: Int64s) -> Floats:
    return np.array([windows.quantiles[place].get(name, np.nan) for place in alone.tolist()], np.float64)


def _spread(values: Floats, places: Int64s, steps: int) -> Column:
    """Return the values at their places; NaN elsewhere, which JSON has as null."""
    column = np.full(steps, np.nan)
    column[places] = values
    spread: Column = column.tolist()
    return spread


def _sum(windows: SeriesWindows, starts: Int64s) -> Floats:
    return np.asarray(np.add.reduceat(windows.sum, starts))


def _count(windows: SeriesWindows, starts: Int64s) -> Floats:
    return np.asarray(np.add.reduceat(windows.count.astype(np.float64), starts))


def _mean(windows: SeriesWindows, starts: Int64s) -> Floats:
    weighted = np.add.reduceat(windows.mean * windows.count, starts)
    return np.asarray(np.where(_sizes(windows, starts) == 1, windows.mean[starts], weighted / _count(windows, starts)))


def _variance(windows: SeriesWindows, starts: Int64s) -> Floats:
    """Return the variance of all readings together.

    Source: Chan, Golub and LeVeque (1983): within the windows, and of their means about the mean of all.
    """
    middle = np.repeat(_mean(windows, starts), _sizes(windows, starts))
    spread = windows.count * (windows.variance + (windows.mean - middle) ** 2)
    return np.asarray(np.add.reduceat(spread, starts) / _count(windows, starts))


def _sizes(windows: SeriesWindows, starts: Int64s) -> Int64s:
    return np.diff(starts, append=len(windows))


def _first(windows: SeriesWindows, starts: Int64s) -> Floats:
    return windows.first[starts]


def _last(windows: SeriesWindows, starts: Int64s) -> Floats:
    """Return the last value of the last window that is no revision; of a step of revisions, the last one's."""
    ends = np.append(starts[1:], len(windows)) - 1
    on_time = np.where(windows.revision == 0, np.arange(len(windows)), -1)
    newest = np.maximum.reduceat(on_time, starts)
    return windows.last[np.where(newest >= 0, newest, ends)]


MERGES: Final[dict[str, Callable[[SeriesWindows, Int64s], Floats]]] = {
    "mean": _mean,
    "sum": _sum,
    "min": lambda windows, starts: np.asarray(np.minimum.reduceat(windows.min, starts)),
    "max": lambda windows, starts: np.asarray(np.maximum.reduceat(windows.max, starts)),
    "first": _first,
    "last": _last,
    "variance": _variance,
    "stddev": lambda windows, starts: np.asarray(np.sqrt(_variance(windows, starts))),
}
