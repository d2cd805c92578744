"""Known identities: a message that came before, while any of its slices is open, is a duplicate.

Identities are kept per device in slots as long as the longest slice. A slot lives until the horizon,
less the correction horizon, has passed its end; afterwards its messages are late, not duplicates.
"""

import numpy as np

from processors.geometry import Geometry, place_in_ring
from processors.state import Group
from processors.watermark import Running
from tocsin.core.columns import Bools, Int32s, Int64s, UInt64s


def identity_slots(geometry: Geometry, device: Int64s, time_ms: Int64s) -> Int64s:
    """Return the slot of each message."""
    return device * geometry.identity_ring + place_in_ring(time_ms // geometry.identity_ms, geometry.identity_ring)


def is_slot_open(geometry: Geometry, time_ms: Int64s, running: Running) -> Bools:
    """Tell for each message whether its identity slot was open when it came."""
    end_ms = (time_ms // geometry.identity_ms + 1) * geometry.identity_ms
    return np.asarray(end_ms > running.before_ms - geometry.correction_ms)


def are_known(group: Group, slots: Int64s, identity: UInt64s, *, suspect: Bools, is_open: Bools) -> Bools:
    """Tell for each message whether it came before.

    Args:
        group: Holds the identities of earlier batches.
        slots: shape (m,), identity slot of each message.
        identity: shape (m,).
        suspect: shape (m,), False where the message is newer than all the device has sent.
        is_open: shape (m,), whether the slot was open when the message came.
    """
    if is_open.all():
        known = _repeated(slots, identity)
    else:
        known = np.zeros(len(slots), bool)
        # A closed slot may stand at the same place of the ring as an open one.
        known[is_open] = _repeated(slots[is_open], identity[is_open])
    looked_up = np.flatnonzero(suspect & is_open & ~known)
    if len(looked_up):
        known[looked_up] = _are_stored(group, slots[looked_up], identity[looked_up])
    return known


def _repeated(slots: Int64s, identity: UInt64s) -> Bools:
    """Tell for each message whether an earlier one of these has the same slot and identity."""
    repeated = np.zeros(len(slots), bool)
    key = identity ^ (slots.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    in_order = np.sort(key)
    twice = in_order[1:][in_order[1:] == in_order[:-1]]
    if not len(twice):
        return repeated
    # Few are left, and among them whatever is equal: only they are compared by slot and identity.
    few = np.flatnonzero(twice[np.minimum(np.searchsorted(twice, key), len(twice) - 1)] == key)
    slots, identity = slots[few], identity[few]
    order = np.lexsort((few, identity, slots))
    same = (slots[order][1:] == slots[order][:-1]) & (identity[order][1:] == identity[order][:-1])
    repeated[few[order[1:][same]]] = True
    return repeated


def _are_stored(group: Group, slots: Int64s, identity: UInt64s) -> Bools:
    ends = np.cumsum(group.identity_count, dtype=np.int64)
    counts = group.identity_count[slots].astype(np.int64)
    asked = np.repeat(np.arange(len(slots)), counts)
    within = np.arange(len(asked)) - np.repeat(np.cumsum(counts) - counts, counts)
    stored = group.identities[(ends[slots] - counts)[asked] + within]
    hits = np.bincount(asked[stored == identity[asked]], minlength=len(slots))
    return np.asarray(hits > 0)


def remember(group: Group, slots: Int64s, identity: UInt64s) -> None:
    """Add the identities at the end of their slots, in order; changes the group in place."""
    if not len(slots):
        return
    ends = np.cumsum(group.identity_count, dtype=np.int64)
    order = np.argsort(slots, kind="stable")
    places = ends[slots[order]] + np.arange(len(slots))
    grown = np.empty(len(group.identities) + len(slots), np.uint64)
    is_old = np.ones(len(grown), bool)
    is_old[places] = False
    grown[places] = identity[order]
    grown[is_old] = group.identities
    group.identities = grown
    np.add.at(group.identity_count, slots, np.ones(len(slots), np.int32))


def forget(group: Group, geometry: Geometry, devices: Int64s, before_ms: Int64s, now_ms: Int64s) -> None:
    """Drop the slots that closed as the devices' horizons moved; changes the group in place.

    Args:
        group: Holds the identities.
        geometry: Length and number of the slots.
        devices: shape (d,), rows.
        before_ms: shape (d,), their horizons before.
        now_ms: shape (d,), their horizons now.
    """
    first = (before_ms - geometry.correction_ms) // geometry.identity_ms
    last = (now_ms - geometry.correction_ms) // geometry.identity_ms
    steps = np.minimum(last - first, geometry.identity_ring)
    if not steps.any():
        return
    rows = np.repeat(devices, steps)
    ordinal = np.arange(len(rows)) - np.repeat(np.cumsum(steps) - steps, steps)
    slots = rows * geometry.identity_ring + (np.repeat(first, steps) + ordinal) % geometry.identity_ring
    _drop(group, slots)


def _drop(group: Group, slots: Int64s) -> None:
    if not group.identity_count[slots].any():
        return
    keep = np.ones(len(group.identity_count), bool)
    keep[slots] = False
    group.identities = group.identities[np.repeat(keep, group.identity_count)]
    counts: Int32s = np.where(keep, group.identity_count, 0).astype(np.int32)
    group.identity_count = counts
