"""Revisions: within the correction horizon a late reading becomes a delta of each window it missed.

A revision pane is the mergeable result of the late reading alone, under the window's next revision
number; readers merge it. Longer windows that are still open take the reading directly.
"""

from dataclasses import dataclass

import numpy as np

from processors.emission import Piece, no_quantiles
from processors.lanes import first_open_ms, hop_cell
from processors.partials import Partials, partials_of_one
from processors.sketch import buckets
from processors.state import NEVER_MS
from processors.work import Work
from tocsin.core.columns import PaneKind


@dataclass(frozen=True, slots=True)
class LateReading:
    """A reading whose slice is closed.

    Attributes:
        cause: Ordinal of its message.
        series: Row of its series.
        time_ms: Its event time.
        value: Its value.
    """

    cause: int
    series: int
    time_ms: int
    value: float

    def partials(self) -> Partials:
        """Return the reading as a result of its own."""
        return partials_of_one(np.array([self.value]), np.array([self.time_ms]))


def revise(work: Work, late: LateReading) -> None:
    """Work the late reading into its windows: a pane for each closed one; changes the group in place."""
    slice_ms = int(work.rows.slice_ms[late.series])
    if work.rows.emits_slices[late.series]:
        work.gathered.add(_revision(work, late, late.time_ms // slice_ms * slice_ms, slice_ms))
    metric = work.geometry.metric(work.group.metrics[work.group.series_metric[late.series]])
    horizon_ms = int(work.group.horizon_ms[work.group.series_device[late.series]])
    for place in metric.lanes:
        lane = work.geometry.lanes[place]
        newest_ms = late.time_ms // lane.hop_ms * lane.hop_ms
        for start_ms in range(newest_ms - lane.size_ms + lane.hop_ms, newest_ms + 1, lane.hop_ms):
            if start_ms + lane.size_ms <= horizon_ms:
                work.gathered.add(_revision(work, late, start_ms, lane.size_ms))
        if newest_ms + lane.size_ms > horizon_ms:
            _merge_into_open(work, place, late, horizon_ms)


def _revision(work: Work, late: LateReading, start_ms: int, size_ms: int) -> Piece:
    key = f"{late.series}.{start_ms}.{size_ms}"
    number = work.group.revisions.get(key, 0) + 1
    work.group.revisions[key] = number
    return Piece(
        kind=PaneKind.REVISION,
        cause=np.array([late.cause]),
        series=np.array([late.series]),
        size_ms=np.array([size_ms]),
        start_ms=np.array([start_ms]),
        partials=late.partials(),
        quantiles=no_quantiles(1, len(work.geometry.quantiles)),
        revision=np.array([number], np.int32),
    )


def _merge_into_open(work: Work, place: int, late: LateReading, horizon_ms: int) -> None:
    """Merge the reading into the hop that holds it; a window that is still open needs it."""
    lane, state = work.geometry.lanes[place], work.group.lanes[place]
    row = int(np.searchsorted(state.series, late.series))
    hop_ms = late.time_ms // lane.hop_ms * lane.hop_ms
    if state.open_ms[row] == NEVER_MS:
        # The earlier ones of the windows that hold the reading are closed, and revised.
        state.open_ms[row] = first_open_ms(lane, np.array([horizon_ms]))[0]
    cell = hop_cell(lane, np.array([row]), np.array([hop_ms]))
    state.cells.merge(cell, late.partials())
    if work.rows.sketched[late.series]:
        bucket = buckets(np.array([late.value]))
        work.group.sketches = work.group.sketches.add(place + 1, cell, bucket, np.ones(1, np.int64))


def forget_revisions(work: Work) -> None:
    """Drop the numbers of windows that can no longer be revised; changes the group in place."""
    kept = {}
    for key, number in work.group.revisions.items():
        series, start_ms, size_ms = map(int, key.split("."))
        horizon_ms = work.group.horizon_ms[work.group.series_device[series]]
        if start_ms + size_ms > horizon_ms - work.geometry.correction_ms:
            kept[key] = number
    work.group.revisions = kept
