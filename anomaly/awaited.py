"""Awaited: devices that the plan names and that have never sent anything; each has a row, and its silence counts."""

import numpy as np

from anomaly.coverage import rules_over_device
from anomaly.fold import Fold
from anomaly.lifecycle import UNSET_MS
from anomaly.rows import DEVICE
from anomaly.state import GroupState, devices_max
from anomaly.table import new_rows
from tocsin.core.columns import Bools, PaneBatch
from tocsin.core.plan.expected import expected_keys


def never_seen(state: GroupState) -> Bools:
    """Return shape (d,): devices of which nothing has ever come."""
    return np.asarray(state.devices["first_ms"] == UNSET_MS)


def await_devices(fold: Fold, batch: PaneBatch) -> None:
    """Open a row for each device that the plan names and nobody has heard of; they are awaited from this tick on.

    One that the plan does not name any more is judged no longer, and its alert closed like those of a rule that left.

    Args:
        fold: Under the plan of the tick.
        batch: With the tick, of the generation in force or an older one.
    """
    assert batch.tick_ms is not None, batch.number
    state, plan = fold.state, fold.plan
    if batch.generation != plan.generation or batch.group >= plan.groups:
        return
    expected = expected_keys(plan)[batch.group]
    room = devices_max(plan) - len(state.device_keys)
    new = [key for key in expected if key not in state.device_rows][: max(room, 0)]
    if new:
        rows = new_rows(DEVICE, len(new))
        rows["seen_ms"][:] = batch.tick_ms
        state.device_rows |= {key: len(state.device_keys) + place for place, key in enumerate(new)}
        state.device_keys += new
        state.devices.append(rows)
        fold.coverage.add_devices(np.array([rules_over_device(plan, key) for key in new]))
    named = set(expected)
    for row in np.flatnonzero(never_seen(state)).tolist():
        key = state.device_keys[row]
        fold.coverage.device[row] = rules_over_device(plan, key) & (key in named)
