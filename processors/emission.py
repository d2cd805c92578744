"""Emission: panes are gathered in pieces and put into one order that no batch border can change.

The order is: the message (or tick) that caused the pane; closed windows before early panes before
revisions; then end, size and series of the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from processors.partials import PARTIAL_NAMES, Partials
from processors.state import Group
from processors.traces import Traces
from tocsin.core.columns import PANE_ARRAYS, Floats, Int32s, Int64s, PaneColumns, PaneKind

CLOSED, EARLY, REVISED = 0, 1, 2
_WHOLE_MAX: Final = 1 << 62
PHASES: Final = {PaneKind.ON_TIME: CLOSED, PaneKind.EARLY: EARLY, PaneKind.REVISION: REVISED}
_PHASE_OF_KIND: Final = np.array([PHASES[kind] for kind in PaneKind], np.int32)


@dataclass(slots=True)
class Piece:
    """Panes of one kind, in no particular order.

    Attributes:
        kind: Why they are emitted.
        cause: shape (n,), ordinal of the message that caused each, within the batch.
        series: shape (n,), rows.
        size_ms: shape (n,), lengths of the windows.
        start_ms: shape (n,), their starts.
        partials: Their results.
        quantiles: shape (n, q), NaN where not asked for.
        revision: shape (n,), 0 unless they are revisions.
        limit: shape (n,), limits that early panes crossed, else NaN.
        rank: shape (n,), orders early panes of one reading: the place of its limit among the series' limits.
        rules: For each pane the rule of its limit, or empty where there are none.
        positions: For each pane the position of its reading, or empty where there are none.
        traces: For each pane the trace id of the message that caused it, or empty where there are none.
    """

    kind: PaneKind
    cause: Int64s
    series: Int64s
    size_ms: Int64s
    start_ms: Int64s
    partials: Partials
    quantiles: Floats
    revision: Int32s | None = None
    limit: Floats | None = None
    rank: Int32s | None = None
    rules: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.series)


@dataclass(slots=True)
class Gathered:
    """What a batch has emitted up to here."""

    pieces: list[Piece] = field(default_factory=list)

    def add(self, piece: Piece) -> None:
        """Take the piece, unless it is empty."""
        if len(piece):
            self.pieces.append(piece)

    def columns(self, group: Group) -> tuple[PaneColumns, Traces] | None:
        """Return all panes in their order, with the traces behind them, or None where there are none."""
        if not self.pieces:
            return None
        panes, order = _columns(self.pieces, group)
        return panes, _traces(self.pieces, order)


def _traces(pieces: list[Piece], order: Int64s) -> Traces:
    if not any(piece.traces for piece in pieces):
        return {}
    gathered = [trace for piece in pieces for trace in piece.traces or ("",) * len(piece)]
    return {place: gathered[at] for place, at in enumerate(order.tolist()) if gathered[at]}


def _columns(pieces: list[Piece], group: Group) -> tuple[PaneColumns, Int64s]:
    """Return the panes in their order, and for each its place among the pieces' panes."""
    kind = np.concatenate([np.full(len(piece), int(piece.kind), np.int32) for piece in pieces])
    cause, series, size_ms, start_ms = (
        np.concatenate([getattr(piece, name) for piece in pieces])
        for name in ("cause", "series", "size_ms", "start_ms")
    )
    revision = np.concatenate([_or_fill(piece.revision, piece, 0, np.int32) for piece in pieces])
    limit = np.concatenate([_or_fill(piece.limit, piece, np.nan, np.float64) for piece in pieces])
    rank = np.concatenate([_or_fill(piece.rank, piece, 0, np.int32) for piece in pieces])
    rules, rule = _table([(piece.rules, len(piece)) for piece in pieces])
    positions, position = _table([(piece.positions, len(piece)) for piece in pieces])
    phase = _PHASE_OF_KIND[kind]
    order = _order((cause, phase, start_ms + size_ms, size_ms, series, revision, rank))
    series = series[order]
    devices, device = _distinct(group.series_device[series], len(group.devices))
    metrics, metric = _distinct(group.series_metric[series], len(group.metrics))
    panes = PaneColumns(
        devices=tuple(group.devices[row] for row in devices.tolist()),
        metrics=tuple(group.metrics[row] for row in metrics.tolist()),
        rules=rules,
        positions=positions,
        device=device,
        metric=metric,
        kind=kind[order],
        size_ms=size_ms[order],
        start_ms=start_ms[order],
        revision=revision[order],
        quantiles=np.concatenate([piece.quantiles for piece in pieces])[order],
        limit=limit[order],
        rule=rule[order],
        position=position[order],
        **{name: np.concatenate([getattr(piece.partials, name) for piece in pieces])[order] for name in PARTIAL_NAMES},
    )
    return panes, order


def _order(keys: Sequence[NDArray[Any]]) -> Int64s:
    """Return the order by the keys, the first one first; most often few of them differ, and numbers are close."""
    number = np.zeros(len(keys[0]), np.int64)
    span = 1
    for key in reversed(keys):
        low, high = int(key.min()), int(key.max())
        if low == high:
            continue
        if (high - low + 1) * span > _WHOLE_MAX:
            return np.lexsort(keys[::-1])
        number += (key.astype(np.int64) - low) * span
        span *= high - low + 1
    return np.argsort(number, kind="stable")


def _distinct(codes: Int32s, count: int) -> tuple[Int64s, Int32s]:
    """Return the distinct codes of ``count``, ascending, and for each code which of these it is; -1 stays -1."""
    is_used = np.zeros(count + 1, np.bool_)
    is_used[codes] = True  # -1 is the last place
    is_used[-1] = False
    place: Int32s = np.cumsum(is_used, dtype=np.int32) - np.int32(1)
    place[-1] = -1
    return np.flatnonzero(is_used), place[codes]


def _or_fill(
    column: NDArray[Any] | None, piece: Piece, fill: float, dtype: type[np.int32] | type[np.float64]
) -> NDArray[Any]:
    return np.full(len(piece), fill, dtype) if column is None else column


def _table(pieces: list[tuple[tuple[str, ...], int]]) -> tuple[tuple[str, ...], Int32s]:
    """Return the distinct names in the order of appearance, and each pane's code; -1 where it has none."""
    codes: dict[str, int] = {}
    columns = [
        np.array([codes.setdefault(name, len(codes)) for name in names], np.int32)
        if names
        else np.full(panes, -1, np.int32)
        for names, panes in pieces
    ]
    return tuple(codes), np.concatenate(columns)


def no_quantiles(panes: int, quantiles: int) -> Floats:
    """Return the quantile columns of panes without any."""
    return np.full((panes, quantiles), np.nan)


def split(panes: PaneColumns, size: int) -> list[PaneColumns]:
    """Return the panes in runs of at most ``size``, each with the tables of its own names."""
    if len(panes) <= size:
        return [panes]
    return [_run(panes, slice(at, at + size)) for at in range(0, len(panes), size)]


def _run(panes: PaneColumns, here: slice) -> PaneColumns:
    columns: dict[str, Any] = {name: getattr(panes, name)[here] for name in PANE_ARRAYS}
    for name in ("device", "metric", "rule", "position"):
        codes, table = columns[name], f"{name}s"
        used, columns[name] = _distinct(codes, len(getattr(panes, table)))
        columns[table] = tuple([getattr(panes, table)[code] for code in used.tolist()])
    return PaneColumns(**columns)
