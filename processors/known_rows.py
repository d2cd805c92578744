"""Lookups that outlive a load: a group that another writer has committed has the rows that it had, and maybe more."""

from dataclasses import dataclass

import numpy as np

from processors.geometry import Geometry
from processors.rows import Rows
from processors.state import Group
from tocsin.core.columns import Int32s


@dataclass(frozen=True, slots=True)
class _Known:
    """Lookups, and what of the group they were made of."""

    rows: Rows
    geometry: Geometry
    devices: tuple[str, ...]
    metrics: tuple[str, ...]
    series_device: Int32s
    series_metric: Int32s

    def size(self) -> tuple[int, int, int]:
        """Return how many devices, metrics and series they were made of."""
        return len(self.devices), len(self.metrics), len(self.series_device)

    def goes_on(self, group: Group) -> bool:
        """Tell whether the group has the same rows, and maybe more behind them."""
        series = len(self.series_device)
        return (
            group.devices[: len(self.devices)] == self.devices
            and group.metrics[: len(self.metrics)] == self.metrics
            and np.array_equal(group.series_device[:series], self.series_device)
            and np.array_equal(group.series_metric[:series], self.series_metric)
        )


class KnownRows:
    """The newest lookups of each group that was loaded; at most the plan's number of groups."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    def of(self, group: Group, geometry: Geometry) -> Rows:
        """Return the group's lookups: those known before, as far as they are still right.

        Cost: made anew, a pass over all series; else only over those that are new.
        """
        known = self._known.get(group.key_group)
        if known is None or known.geometry is not geometry or not known.goes_on(group):
            rows = Rows.of(group, geometry)
        elif known.size() == (len(group.devices), len(group.metrics), len(group.series_device)):
            return known.rows
        else:
            rows = known.rows.grown(group, geometry)
        self._known[group.key_group] = _Known(
            rows, geometry, group.devices, group.metrics, group.series_device, group.series_metric
        )
        return rows
