"""Readings and panes as columns: equally long numpy arrays and small tables of names."""

from dataclasses import dataclass, field, fields, replace
from enum import IntEnum
from functools import cache
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
UInt64s = NDArray[np.uint64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MessageColumns:
    """Valid messages of devices in log order, and their readings.

    Attributes:
        devices: The distinct partition keys ``tenant#device``; ``device`` indexes them.
        metrics: The distinct metric names; ``metric`` indexes them.
        record: shape (m,), which record of the batch each message came in, ascending.
        index: shape (m,), which message of its record, from 0.
        device: shape (m,), code of the device.
        time_ms: shape (m,), event time, UTC epoch milliseconds.
        identity: shape (m,), 64-bit identity of the message within its device.
        counted: shape (m,), whether the identity is the device's own counter.
        start: shape (m + 1,), readings of message i are ``start[i]:start[i + 1]``.
        metric: shape (r,), code of each reading's metric.
        value: shape (r,), each reading's value, finite.
    """

    devices: tuple[str, ...]
    metrics: tuple[str, ...]
    record: Int32s
    index: Int32s
    device: Int32s
    time_ms: Int64s
    identity: UInt64s
    counted: Bools
    start: Int64s
    metric: Int32s
    value: Floats

    def __len__(self) -> int:
        return len(self.time_ms)

    def has_one_reading_each(self) -> bool:
        """Tell whether each message has exactly one reading."""
        return len(self.value) == len(self.time_ms) and bool((self.start[1:] > self.start[:-1]).all())

    def of_reading(self) -> Int64s:
        """Return the place of each reading's message: shape (r,)."""
        messages: Int64s = np.arange(len(self))
        return messages if self.has_one_reading_each() else np.repeat(messages, self.start[1:] - self.start[:-1])

    def between(self, begin: int, end: int) -> Self:
        """Return the columns of the messages from the one place up to the other; views, nothing is copied."""
        if begin == 0 and end >= len(self):
            return self
        here, readings = slice(begin, end), slice(int(self.start[begin]), int(self.start[end]))
        return type(self)(
            self.devices,
            self.metrics,
            self.record[here],
            self.index[here],
            self.device[here],
            self.time_ms[here],
            self.identity[here],
            self.counted[here],
            self.start[begin : end + 1] - self.start[begin],
            self.metric[readings],
            self.value[readings],
        )

    def take(self, messages: Int64s) -> Self:
        """Return the columns of the messages at the given places, in that order.

        Args:
            messages: shape (k,), places in ``[0, m)``.
        """
        lengths = (self.start[1:] - self.start[:-1])[messages]
        start = np.zeros(len(messages) + 1, np.int64)
        np.cumsum(lengths, out=start[1:])
        readings = np.repeat(self.start[messages] - start[:-1], lengths) + np.arange(start[-1])
        return type(self)(
            self.devices,
            self.metrics,
            self.record[messages],
            self.index[messages],
            self.device[messages],
            self.time_ms[messages],
            self.identity[messages],
            self.counted[messages],
            start,
            self.metric[readings],
            self.value[readings],
        )


@cache
def no_messages() -> MessageColumns:
    """Return columns without any message."""
    ints, longs, floats = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64)
    return MessageColumns(
        devices=(),
        metrics=(),
        record=ints,
        index=ints,
        device=ints,
        time_ms=longs,
        identity=np.empty(0, np.uint64),
        counted=np.empty(0, np.bool_),
        start=np.zeros(1, np.int64),
        metric=ints,
        value=floats,
    )


class PaneKind(IntEnum):
    """Why a pane was emitted."""

    ON_TIME = 0
    REVISION = 1
    EARLY = 2


ON_TIME: Final = int(PaneKind.ON_TIME)
REVISION: Final = int(PaneKind.REVISION)
EARLY: Final = int(PaneKind.EARLY)
"""The same as plain numbers for arrays: of a member numpy asks a dozen attributes that an enum has not."""


@dataclass(frozen=True, slots=True)
class PaneColumns:
    """Window results in the order in which they were decided.

    Attributes:
        devices: The distinct partition keys; ``device`` indexes them.
        metrics: The distinct metric names; ``metric`` indexes them.
        rules: Names of the plan's rules that early panes crossed; ``rule`` indexes them.
        positions: Positions ``source:sequence:index`` of early panes' readings; ``position`` indexes them.
        device: shape (n,), int32, code of the device.
        metric: shape (n,), int32, code of the metric.
        kind: shape (n,), int32, a ``PaneKind``.
        size_ms: shape (n,), int64, length of the window.
        start_ms: shape (n,), int64, its start, inclusive; its end is ``start_ms + size_ms``, exclusive.
        revision: shape (n,), int32, 0 on time, then 1, 2, ...: a delta of the late readings alone.
        count: shape (n,), int64, readings in it, at least 1.
        sum: shape (n,), float64, added in the order of arrival.
        mean: shape (n,), float64.
        m2: shape (n,), float64, sum of squared deviations from the mean.
        min: shape (n,), float64.
        max: shape (n,), float64.
        first: shape (n,), float64, value at the earliest event time; the earliest arrival of several.
        last: shape (n,), float64, value at the latest event time; the latest arrival of several.
        first_ms: shape (n,), int64, event time of ``first``.
        last_ms: shape (n,), int64, event time of ``last``.
        quantiles: shape (n, q), float64, at the plan's quantiles; NaN where not asked for.
        limit: shape (n,), float64, the limit that an early pane's reading crossed, else NaN.
        rule: shape (n,), int32, code of the rule of that limit, else -1.
        position: shape (n,), int32, code of the position of that reading, else -1.
    """

    devices: tuple[str, ...]
    metrics: tuple[str, ...]
    rules: tuple[str, ...]
    positions: tuple[str, ...]
    device: Int32s
    metric: Int32s
    kind: Int32s
    size_ms: Int64s
    start_ms: Int64s
    revision: Int32s
    count: Int64s
    sum: Floats
    mean: Floats
    m2: Floats
    min: Floats
    max: Floats
    first: Floats
    last: Floats
    first_ms: Int64s
    last_ms: Int64s
    quantiles: Floats
    limit: Floats
    rule: Int32s
    position: Int32s

    def __len__(self) -> int:
        return len(self.start_ms)

    @property
    def end_ms(self) -> Int64s:
        """Ends of the windows, exclusive."""
        return self.start_ms + self.size_ms

    @property
    def variance(self) -> Floats:
        """Population variances; 0 for a single reading."""
        return np.asarray(self.m2 / self.count)

    def take(self, places: Int64s) -> Self:
        """Return the panes at the places, shape (k,), in that order; the tables of names stay."""
        return replace(self, **{name: getattr(self, name)[places] for name in PANE_ARRAYS})


PANE_ARRAYS: Final = tuple(
    field.name for field in fields(PaneColumns) if field.name not in {"devices", "metrics", "rules", "positions"}
)


def no_panes(quantiles: int) -> PaneColumns:
    """Return columns without any pane."""
    ints, longs, floats = np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64)
    return PaneColumns(
        devices=(),
        metrics=(),
        rules=(),
        positions=(),
        device=ints,
        metric=ints,
        kind=ints,
        size_ms=longs,
        start_ms=longs,
        revision=ints,
        count=longs,
        sum=floats,
        mean=floats,
        m2=floats,
        min=floats,
        max=floats,
        first=floats,
        last=floats,
        first_ms=longs,
        last_ms=longs,
        quantiles=np.empty((0, quantiles)),
        limit=floats,
        rule=ints,
        position=ints,
    )


@dataclass(frozen=True, slots=True)
class PaneBatch:
    """What one key group of ``processors`` says to the next stage in one numbered message.

    Attributes:
        generation: Generation of the state that emitted it.
        group: Key group.
        number: Counts the group's messages from 1 without gaps.
        panes: The panes, possibly none.
        tick_ms: A tick that follows the panes, or None.
        plan_hash: Plan in force at the tick, empty without one.
        shard: Shard of ``readings`` whose tick it is, empty without one.
        traces: Place of a pane to the trace id of the message that caused it; only those that have one.
    """

    generation: int
    group: int
    number: int
    panes: PaneColumns
    tick_ms: int | None = None
    plan_hash: str = ""
    shard: str = ""
    traces: dict[int, str] = field(default_factory=dict)
