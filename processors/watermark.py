"""Watermarks: how far each device's event time has come at each message of a batch.

A device's watermark is its highest event time less the allowed out-of-orderness; its *horizon* is
the watermark less the allowed lateness, and everything that ends at or before it is closed. Both
are taken per message, so they do not depend on where batches end.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from processors.state import Group
from tocsin.core.columns import Int64s

_SPAN: Final = 1 << 42
"""More milliseconds than lie between any two event times that pass validation."""


@dataclass(frozen=True, slots=True)
class Running:
    """Horizons before each message and at the end, for the devices of some messages.

    Attributes:
        before_max_ms: shape (m,), the device's highest event time before each message.
        before_ms: shape (m,), the device's horizon before each message.
        devices: shape (d,), rows of the distinct devices, ascending.
        first_ms: shape (d,), each device's horizon right after its first message.
        end_ms: shape (d,), each device's horizon at the end.
        max_ms: shape (d,), each device's highest event time at the end.
    """

    before_max_ms: Int64s
    before_ms: Int64s
    devices: Int64s
    first_ms: Int64s
    end_ms: Int64s
    max_ms: Int64s
    _order: Int64s
    _ladder: Int64s
    _base_ms: int
    _bound_ms: int

    @classmethod
    def over(cls, group: Group, device: Int64s, time_ms: Int64s, bound_ms: int) -> Self:
        """Return the horizons along the messages.

        Args:
            group: State before the first of them.
            device: shape (m,), row of each message's device, m at least 1.
            time_ms: shape (m,), event times.
            bound_ms: How far the horizon is behind the highest event time.
        """
        order = _stable_order(device, len(group.devices))
        row, time = device[order], time_ms[order]
        is_head = np.ones(len(row), np.bool_)
        np.not_equal(row[1:], row[:-1], out=is_head[1:])
        heads = np.flatnonzero(is_head)
        devices = row[heads]
        max_ms, horizon = group.max_ms[devices], group.horizon_ms[devices]
        base_ms = int(time.min()) - 1
        segment = np.cumsum(is_head) - 1
        # One accumulation serves all devices: each stands on a step of its own of a rising ladder.
        step = segment * _SPAN - base_ms
        ladder = np.maximum.accumulate(step + np.maximum(time, max_ms[segment]))
        after_max = ladder - step
        before_max = np.empty_like(after_max)
        before_max[1:] = after_max[:-1]
        before_max[heads] = max_ms
        tails = np.empty_like(heads)
        tails[:-1] = heads[1:] - 1
        tails[-1] = len(row) - 1
        unsorted_max = np.empty_like(before_max)
        unsorted_max[order] = before_max
        before = np.empty_like(before_max)
        before[order] = np.maximum(horizon[segment], before_max - bound_ms)
        return cls(
            before_max_ms=unsorted_max,
            before_ms=before,
            devices=devices,
            first_ms=np.maximum(horizon, after_max[heads] - bound_ms),
            end_ms=np.maximum(horizon, after_max[tails] - bound_ms),
            max_ms=after_max[tails],
            _order=order,
            _ladder=ladder,
            _base_ms=base_ms,
            _bound_ms=bound_ms,
        )

    def closing_message(self, devices: Int64s, end_ms: Int64s) -> Int64s:
        """Return which message first moved the device's horizon to the end of each window.

        Args:
            devices: shape (n,), rows, each among ``self.devices``.
            end_ms: shape (n,), ends above the device's horizon before the first message, and not
                above its horizon at the end.
        """
        segment = np.searchsorted(self.devices, devices)
        wanted = np.maximum(end_ms + self._bound_ms - self._base_ms, 0)
        return np.asarray(self._order[np.searchsorted(self._ladder, segment * _SPAN + wanted)])


def _stable_order(device: Int64s, devices: int) -> Int64s:
    """Return the order by device that keeps arrival order; 16-bit keys are sorted by radix."""
    return np.argsort(device.astype(np.uint16) if devices <= 1 << 16 else device, kind="stable")
