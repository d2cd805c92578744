"""What the stage knows of one device, for people."""

from typing import Any

import numpy as np

from anomaly.health import health_of, health_of_series
from anomaly.lifecycle import PHASES, UNSET_MS
from anomaly.rows import NONE
from anomaly.state import GroupState
from tocsin.core.clock import iso
from tocsin.core.plan.bounds import Timing


def shown(state: GroupState, timing: Timing, key: str) -> dict[str, Any] | None:
    """Return health, cadence, series and alerts of the device, or None where it is not known.

    Args:
        state: The device's key group.
        timing: Of the plan in force.
        key: ``tenant#device``.
    """
    row = state.device_rows.get(key)
    if row is None:
        return None
    alerts = np.flatnonzero(state.alerts["device"] == row)
    return {
        "health": health_of(state, timing, row).value,
        "reports_every_ms": round(float(state.devices["cadence_ms"][row])),
        "gaps_learned": int(state.devices["gaps"][row]),
        "first": _instant(state.devices["first_ms"][row]),
        "last": _instant(state.devices["last_ms"][row]),
        "series": [_series(state, int(one)) for one in np.flatnonzero(state.series["device"] == row)],
        "alerts": [_alert(state, int(one)) for one in alerts],
    }


def _series(state: GroupState, row: int) -> dict[str, Any]:
    last = float(state.series["last"][row])
    return {
        "health": health_of_series(state, row).value,
        "metric": state.metric_names[state.series["metric"][row]],
        "size_ms": state.sizes_ms[state.series["size"][row]],
        "newest_window": _instant(state.series["start_ms"][row]),
        "last": None if np.isnan(last) else last,
        "has_detector": bool(state.series["detector"][row] != NONE),
    }


def _alert(state: GroupState, row: int) -> dict[str, Any]:
    series = int(state.alerts["series"][row])
    return {
        "rule": state.rule_names[state.alerts["rule"][row]],
        "metric": "" if series == NONE else state.metric_names[state.series["metric"][series]],
        "phase": PHASES[state.alerts["phase"][row]].value,
        "episode": int(state.alerts["episode"][row]),
        "number": int(state.alerts["number"][row]),
        "since": _instant(state.alerts["since_ms"][row]),
    }


def _instant(at_ms: int) -> str | None:
    return None if at_ms == UNSET_MS else iso(max(0, int(at_ms)))
