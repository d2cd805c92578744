"""Fold: messages go into open slices; duplicates and late readings go aside.

A batch is taken in parts, each as long as everything in it fits the rings of open slices. A part is
folded as columns, then the horizons move to its end, and what they pass is closed.
"""

from dataclasses import dataclass, field

import numpy as np

from processors.closing import advance
from processors.conflicts import other_values
from processors.early import early_panes
from processors.geometry import place_in_ring
from processors.identities import are_known, identity_slots, is_slot_open, remember
from processors.parts import Batch, Part, next_part
from processors.revisions import LateReading, revise
from processors.rows import Admitted
from processors.sketch import SLICE_OWNER, buckets
from processors.work import Work
from tocsin.core.columns import Bools, Floats, Int64s


@dataclass(slots=True)
class Tally:
    """What became of the messages and readings of a batch.

    Attributes:
        messages: Messages that were not known.
        duplicates: Messages that were.
        readings: Readings folded into windows.
        conflicts: Of those, readings that tell another value for a time that was told already.
        late: Places, in the batch's readings, of those whose slice was closed.
    """

    messages: int = 0
    duplicates: int = 0
    readings: int = 0
    conflicts: int = 0
    late: list[int] = field(default_factory=list)


def fold(work: Work, admitted: Admitted) -> Tally:
    """Fold the messages into the group, in place."""
    batch = Batch.of(work, admitted)
    tally = Tally()
    begin = 0
    while begin < len(admitted.messages):
        part = next_part(work, batch, begin)
        _fold_part(work, batch, part, tally)
        begin = part.end
    return tally


def _fold_part(work: Work, batch: Batch, part: Part, tally: Tally) -> None:
    running = part.running

    def cause(devices: Int64s, ends_ms: Int64s) -> Int64s:
        return part.begin + running.closing_message(devices, ends_ms)

    if part.collides:
        advance(work, devices=running.devices, horizon_ms=running.first_ms, cause=cause)
    known = _take_identities(work, batch, part)
    duplicates = int(np.count_nonzero(known))
    tally.duplicates += duplicates
    tally.messages += len(known) - duplicates
    late = batch.is_late(work, part)
    if duplicates:
        is_new = ~known[batch.message_of(part)]
        late &= is_new
        taken = ~late & is_new
    else:
        taken = ~late
    other = other_values(work, batch, part, taken)
    tally.conflicts += 0 if other is None else int(np.count_nonzero(~np.isnan(other)))
    tally.readings += _fold_readings(work, batch, part, taken, other)
    work.group.max_ms[running.devices] = running.max_ms
    for place in (batch.first_reading(part) + np.flatnonzero(late)).tolist():
        if _is_correctable(work, batch, part, place):
            _revise(work, batch, place)
            tally.readings += 1
        else:
            tally.late.append(place)
    advance(work, devices=running.devices, horizon_ms=running.end_ms, cause=cause)


def _take_identities(work: Work, batch: Batch, part: Part) -> Bools:
    """Return which messages of the part came before; remember the others."""
    messages, device = batch.admitted.messages, batch.admitted.device[part.begin : part.end]
    time_ms = messages.time_ms[part.begin : part.end]
    identity = messages.identity[part.begin : part.end]
    is_open = is_slot_open(work.geometry, time_ms, part.running)
    slots = identity_slots(work.geometry, device, time_ms)
    # What is newer than all that the device has sent cannot have come before, unless the device counts.
    suspect = messages.counted[part.begin : part.end] | (time_ms <= part.running.before_max_ms)
    known = are_known(work.group, slots, identity, suspect=suspect, is_open=is_open)
    keep = is_open & ~known
    remember(work.group, slots[keep], identity[keep])
    return known


def _fold_readings(work: Work, batch: Batch, part: Part, taken: Bools, other: Floats | None) -> int:
    """Fold the part's readings that are taken; return how many.

    Args:
        work: The group, changed in place.
        batch: All messages.
        part: Those in question.
        taken: Which of the part's readings.
        other: Of those, the value that was told before for the same time, NaN where none was; None where of none.
    """
    first = batch.first_reading(part)
    places = slice(first, first + len(taken)) if taken.all() else first + np.flatnonzero(taken)
    group, geometry, admitted = work.group, work.geometry, batch.admitted
    series, number, values = admitted.series[places], batch.number[places], admitted.messages.value[places]
    cells = series * geometry.ring + place_in_ring(number, geometry.ring)
    opens = group.slices.count[cells] == 0
    if opens.any():
        group.opened_ms[group.series_device[series[opens]]] = work.tick_ms
    time_ms = batch.time_ms[places]
    group.slices.fold(cells, values, time_ms - number * work.rows.slice_of(series))
    if work.rows.limits.shape[1]:
        over = early_panes(
            work,
            message=admitted.message[places],
            series=series,
            number=number,
            cells=cells,
            time_ms=time_ms,
            values=values,
            other=other,
        )
        for piece in over:
            work.gathered.add(piece)
    _sketch(work, series, cells, values)
    return len(values)


def _sketch(work: Work, series: Int64s, cells: Int64s, values: Floats) -> None:
    wanted = np.flatnonzero(work.rows.sketched[series])
    if len(wanted):
        ones = np.ones(len(wanted), np.int64)
        work.group.sketches = work.group.sketches.add(SLICE_OWNER, cells[wanted], buckets(values[wanted]), ones)


def _is_correctable(work: Work, batch: Batch, part: Part, place: int) -> bool:
    """Tell whether the late reading's slice closed within the correction horizon."""
    if not work.geometry.correction_ms:
        return False
    slice_ms = int(work.rows.slice_ms[batch.admitted.series[place]])
    horizon_ms = int(part.running.before_ms[batch.admitted.message[place] - part.begin])
    return (int(batch.number[place]) + 1) * slice_ms > horizon_ms - work.geometry.correction_ms


def _revise(work: Work, batch: Batch, place: int) -> None:
    admitted = batch.admitted
    late = LateReading(
        cause=int(admitted.message[place]),
        series=int(admitted.series[place]),
        time_ms=int(batch.time_ms[place]),
        value=float(admitted.messages.value[place]),
    )
    revise(work, late)
