"""What the stage knows of one device, for people."""

from typing import Any

import numpy as np

from processors.geometry import Geometry
from processors.state import NEVER_MS, Group
from tocsin.core.clock import iso
from tocsin.core.columns import Int64s


def shown(group: Group, geometry: Geometry, key: str) -> dict[str, Any] | None:
    """Return watermark, horizon, identities and open slices of the device, or None where it is not known.

    Args:
        group: The device's key group.
        geometry: Of the plan in force.
        key: ``tenant#device``.
    """
    if key not in group.devices:
        return None
    row = group.devices.index(key)
    newest_ms, horizon_ms = int(group.max_ms[row]), int(group.horizon_ms[row])
    slots = row * geometry.identity_ring + np.arange(geometry.identity_ring)
    series = np.flatnonzero(group.series_device == row)
    return {
        "newest": iso(newest_ms),
        "watermark": iso(newest_ms - geometry.plan.timing.out_of_orderness_ms),
        "closed_before": None if horizon_ms <= NEVER_MS // 2 else iso(max(0, horizon_ms)),
        "identities": int(group.identity_count[slots].sum()),
        "metrics": {group.metrics[group.series_metric[one]]: _slices(group, geometry, int(one)) for one in series},
    }


def _slices(group: Group, geometry: Geometry, series: int) -> list[dict[str, Any]]:
    """Return the open slices of the series, oldest first."""
    slice_ms = geometry.metric(group.metrics[group.series_metric[series]]).slice_ms
    first = int(group.horizon_ms[group.series_device[series]]) // slice_ms
    ring = np.arange(geometry.ring, dtype=np.int64)
    numbers: Int64s = first + (ring - first) % geometry.ring
    cells = series * geometry.ring + ring
    held = group.slices.count[cells] > 0
    order = np.argsort(numbers[held])
    parts = group.slices.partials(cells[held][order], numbers[held][order] * slice_ms)
    return [
        {
            "start": iso(max(0, int(start) * slice_ms)),
            "count": int(parts.count[place]),
            "mean": float(parts.mean[place]),
            "min": float(parts.min[place]),
            "max": float(parts.max[place]),
        }
        for place, start in enumerate(numbers[held][order])
    ]
