"""Conflicts: readings that tell another value for a time that their series has told a value for already.

Looked for where it costs nothing to look: among messages whose time is the newest that their device has sent before
them. So a device that tells one time again and again, or two values at once, is found; one that tells an older time
anew, with other values, is not.
"""

from typing import Final

import numpy as np

from processors.geometry import place_in_ring
from processors.parts import Batch, Part
from processors.work import Work
from tocsin.core.columns import Bools, Floats, Int64s

NONE: Final = np.nan
"""Of a reading that is in conflict with none."""


def other_values(work: Work, batch: Batch, part: Part, taken: Bools) -> Floats | None:
    """Return for each reading that is taken the value that was told before for its time, where it is another.

    Args:
        work: The group, before the part's readings are folded.
        batch: All messages.
        part: Those in question.
        taken: shape (r,), which readings of the part are folded.

    Returns:
        Shape (k,), NaN where there is no conflict; None where there is none at all.
    """
    repeats = batch.admitted.messages.time_ms[part.begin : part.end] == part.running.before_max_ms
    if not repeats.any():
        return None
    asked = np.flatnonzero(taken & repeats[batch.message_of(part)]) + batch.first_reading(part)
    if not len(asked):
        return None
    places = np.flatnonzero(taken) + batch.first_reading(part)
    series = batch.admitted.series
    is_asked = np.zeros(len(work.rows.slice_ms), np.bool_)
    is_asked[series[asked]] = True
    near = places[is_asked[series[places]]]
    before = np.full(len(taken), NONE)
    before[near - batch.first_reading(part)] = _told_before(work, batch, near)
    value = batch.admitted.messages.value[places]
    repeated = repeats[batch.message_of(part)][taken]
    told = before[taken]
    found = np.where(repeated & (told != value), told, NONE)
    return None if np.isnan(found).all() else found


def _told_before(work: Work, batch: Batch, places: Int64s) -> Floats:
    """Return for each of the readings, in their order, the value told before for its series and time, else NaN."""
    series, time_ms = batch.admitted.series[places], batch.time_ms[places]
    value = batch.admitted.messages.value[places]
    order = np.lexsort((np.arange(len(places)), time_ms, series))
    same = (series[order][1:] == series[order][:-1]) & (time_ms[order][1:] == time_ms[order][:-1])
    before = _stored(work, series, time_ms)
    before[order[1:][same]] = value[order][:-1][same]
    return before


def _stored(work: Work, series: Int64s, time_ms: Int64s) -> Floats:
    """Return the last value of each reading's slice, where it was told for the same time, else NaN."""
    number = time_ms // work.rows.slice_ms[series]
    cells = series * work.geometry.ring + place_in_ring(number, work.geometry.ring)
    at_ms = time_ms - number * work.rows.slice_ms[series]
    slices = work.group.slices
    is_told = (slices.count[cells] > 0) & (slices.last_at[cells] == at_ms)
    return np.where(is_told, slices.last[cells], NONE)
