"""Early panes: a reading over a declared limit is told at once, once per slice and limit."""

import numpy as np

from processors.emission import Piece, no_quantiles
from processors.partials import partials_of_one
from processors.rows import Rows
from processors.work import Work
from tocsin.core.columns import Bools, Floats, Int64s, PaneKind


def early_panes(
    work: Work,
    *,
    message: Int64s,
    series: Int64s,
    number: Int64s,
    cells: Int64s,
    time_ms: Int64s,
    values: Floats,
    other: Floats | None = None,
) -> list[Piece]:
    """Return a pane for each reading that is the first of its slice over a limit; marks the limits as told.

    Of a limit that is infinite it is the first that tells another value for a time that was told before, and its pane
    carries that value in place of the limit.

    Args:
        work: The group; only its slices' ``told`` changes.
        message: shape (r,), ordinal of each reading's message.
        series: shape (r,), rows.
        number: shape (r,), number of each reading's slice.
        cells: shape (r,), its cell.
        time_ms: shape (r,), event times.
        values: shape (r,).
        other: shape (r,), the value told before for the same time, NaN where there is none; None where of none.
    """
    rows = work.rows
    pieces = []
    for rank in range(rows.limits.shape[1]):
        limit, over = _over(rows.limits[series, rank], rows.upper[series, rank], values, other)
        hits = _first_hits(work, over, cells, rank)
        if not len(hits):
            continue
        size_ms = rows.slice_ms[series[hits]]
        pieces.append(
            Piece(
                kind=PaneKind.EARLY,
                cause=message[hits],
                series=series[hits],
                size_ms=size_ms,
                start_ms=number[hits] * size_ms,
                partials=partials_of_one(values[hits], time_ms[hits]),
                quantiles=no_quantiles(len(hits), len(work.geometry.quantiles)),
                limit=limit[hits],
                rank=np.full(len(hits), rank, np.int32),
                rules=tuple(rows.limit_rules[row][rank] for row in series[hits].tolist()),
            )
        )
    return pieces


def _over(limit: Floats, upper: Bools, values: Floats, other: Floats | None) -> tuple[Floats, Bools]:
    """Return what each reading is told to have crossed, and whether it has; each shape (r,)."""
    over = np.where(upper, values > limit, values < limit)
    if other is None:
        return limit, over
    watches = np.isinf(limit)
    return np.where(watches, other, limit), over | (watches & ~np.isnan(other))


def _first_hits(work: Work, over: Bools, cells: Int64s, rank: int) -> Int64s:
    """Return the readings that are the first of their slice over the limit of the rank; marks it as told."""
    told = work.group.slices.told
    hits = np.flatnonzero(over & (told[cells] >> rank & 1 == 0))
    if not len(hits):
        return hits
    hits = hits[np.sort(np.unique(cells[hits], return_index=True)[1])]
    told[cells[hits]] |= np.uint16(1 << rank)
    return hits


def keep_told(work: Work, before: Rows) -> None:
    """Let open slices know which limits of a new plan they have told; changes the group in place.

    Args:
        work: The group, with the lookups under the new plan.
        before: The lookups under the plan before.
    """
    cells = np.flatnonzero(work.group.slices.told)
    for cell, told in zip(cells.tolist(), work.group.slices.told[cells].tolist(), strict=True):
        series = cell // work.geometry.ring
        ones = {limit for rank, limit in enumerate(_limits(before, series)) if told >> rank & 1}
        now = enumerate(_limits(work.rows, series))
        work.group.slices.told[cell] = sum(1 << rank for rank, limit in now if limit in ones)


def _limits(rows: Rows, series: int) -> list[tuple[str, float, bool]]:
    """Return (rule, limit, whether it is an upper one) of what early panes watch on the series, by rank."""
    names = rows.limit_rules[series]
    return list(zip(names, rows.limits[series].tolist(), rows.upper[series].tolist(), strict=False))
