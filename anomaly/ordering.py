"""The order in which tables are saved: one that does not tell how batches were cut."""

from collections.abc import Mapping

import numpy as np

from anomaly.rows import NONE
from anomaly.table import Table
from tocsin.core.columns import Int64s


def ordered(tables: Mapping[str, Table]) -> dict[str, Table]:
    """Return the tables with alerts, blocks, and what rules learned in modes in an order that follows from their names.

    They were appended in the order of a batch's rounds; all other rows, in that of the panes.
    """
    alerts, stills = tables["alerts"], tables["stills"]
    found = {**tables, "alerts": _taken(alerts, np.lexsort((alerts["rule"], alerts["series"], alerts["device"])))}
    if (stills["detector"] != NONE).any() or stills["baseline"].any():
        stills = _taken(stills, np.lexsort((stills["baseline"], stills["rule"], stills["series"])))
        found |= _with_learners(tables["series"], stills, tables["detector"])
    joints = tables["joints"]
    order = np.lexsort((joints["rule"], joints["device"]))
    if _are_there_blocks(joints, order):
        found |= {name: _taken(tables[name], order) for name in ("joints", "joint_detector")}
    return found


def _are_there_blocks(joints: Table, order: Int64s) -> bool:
    """Tell whether any device has several rows under one rule; those of one stay in the order of their making."""
    device, rule = joints["device"][order], joints["rule"][order]
    return bool(((device[1:] == device[:-1]) & (rule[1:] == rule[:-1])).any())


def _with_learners(series: Table, stills: Table, detector: Table) -> dict[str, Table]:
    """Return the tables with the detector's rows in the order of the series, then of the memories."""
    rows = np.concatenate([series["detector"], stills["detector"]]).astype(np.int64)
    owned = rows != NONE
    numbers = np.where(owned, np.cumsum(owned) - 1, NONE).astype(np.int32)
    first, second = np.split(numbers, [len(series)])
    return {
        "series": Table(series.columns | {"detector": first}),
        "stills": Table(stills.columns | {"detector": second}),
        "detector": _taken(detector, rows[owned]),
    }


def _taken(table: Table, rows: Int64s) -> Table:
    return Table(table.take(rows))
