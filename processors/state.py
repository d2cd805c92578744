"""The state of one key group: devices, series, open slices, lanes, known identities, accounts."""

from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from processors.geometry import Geometry
from processors.partials import HopCells, SliceCells
from processors.sketch import Sketches
from tocsin.core import codec
from tocsin.core.columns import Int32s, Int64s, UInt64s
from tocsin.core.errors import DamagedError

SCHEMA: Final = "processors.state"
VERSION: Final = 1
NEVER_MS: Final = -(1 << 62)
METRICS_MAX: Final = 1_024


class ShardAccount(msgspec.Struct, array_like=True, frozen=True):
    """What one source shard brought to the group.

    Attributes:
        sequence: The fence: the last sequence number that was folded; empty before the first.
        messages: Messages folded, whether into windows or, late, aside.
        duplicates: Messages known already.
        rejected: Messages and records refused.
        readings: Readings folded into windows.
        late: Readings whose slice was closed.
        tick_ms: The shard's newest tick, or ``NEVER_MS``.
        conflicts: Of the readings, those that tell another value for a time that was told already.
    """

    sequence: str = ""
    messages: int = 0
    duplicates: int = 0
    rejected: int = 0
    readings: int = 0
    late: int = 0
    tick_ms: int = NEVER_MS
    conflicts: int = 0

    def plus(self, other: "ShardAccount") -> "ShardAccount":
        """Return the counters of both; fence and tick are the further of the two."""
        return ShardAccount(
            max(self.sequence, other.sequence, key=lambda sequence: int(sequence or -1)),
            self.messages + other.messages,
            self.duplicates + other.duplicates,
            self.rejected + other.rejected,
            self.readings + other.readings,
            self.late + other.late,
            max(self.tick_ms, other.tick_ms),
            self.conflicts + other.conflicts,
        )


class _Meta(msgspec.Struct, array_like=True):
    key_group: int
    plan_hash: str
    tick_ms: int
    number: int
    shards: dict[str, ShardAccount]
    devices: tuple[str, ...]
    metrics: tuple[str, ...]
    ring: int
    identity_ring: int
    lanes: tuple[tuple[int, int], ...]
    revisions: dict[str, int]


_meta_decoder: Final = msgspec.msgpack.Decoder(_Meta)


@dataclass(slots=True)
class LaneState:
    """One lane's hops of the series that have it.

    Attributes:
        series: shape (n,), row of each series that has the lane, ascending.
        open_ms: shape (n,), start of the series' earliest window that is not closed yet.
        cells: n x ring hops.
    """

    series: Int32s
    open_ms: Int64s
    cells: HopCells


@dataclass(slots=True)
class Group:
    """State of one key group; rows of devices and series are in the order of first appearance.

    Attributes:
        key_group: Which key group it is.
        plan_hash: Plan in force, empty for the deployment's first.
        tick_ms: The newest tick of any shard, or ``NEVER_MS``.
        number: Number of the last message put on the log of panes.
        shards: Fence and counters of each source shard.
        devices: Partition keys; row i of the device columns is ``devices[i]``.
        metrics: Metric names; ``series_metric`` indexes them.
        max_ms: shape (devices,), highest event time.
        horizon_ms: shape (devices,), everything that ends at or before it is closed.
        opened_ms: shape (devices,), the tick of its shard when the device last opened a slice.
        series_device: shape (series,), row of the device.
        series_metric: shape (series,), index of the metric.
        slices: series x ring cells of open slices.
        sketches: Quantile sketches of open slices and of lanes.
        lanes: One for each lane of the geometry.
        identity_count: shape (devices x identity_ring,), identities kept in each slot.
        identities: The identities, slot by slot, within a slot in the order of arrival.
        revisions: ``series.start.size`` to the last revision number; empty without a correction horizon.
    """

    key_group: int
    plan_hash: str
    tick_ms: int
    number: int
    shards: dict[str, ShardAccount]
    devices: tuple[str, ...]
    metrics: tuple[str, ...]
    max_ms: Int64s
    horizon_ms: Int64s
    opened_ms: Int64s
    series_device: Int32s
    series_metric: Int32s
    slices: SliceCells
    sketches: Sketches
    lanes: tuple[LaneState, ...]
    identity_count: Int32s
    identities: UInt64s
    revisions: dict[str, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, key_group: int, geometry: Geometry) -> Self:
        """Return the state of a group that has seen nothing."""
        return cls(
            key_group=key_group,
            plan_hash="",
            tick_ms=NEVER_MS,
            number=0,
            shards={},
            devices=(),
            metrics=(),
            max_ms=np.empty(0, np.int64),
            horizon_ms=np.empty(0, np.int64),
            opened_ms=np.empty(0, np.int64),
            series_device=np.empty(0, np.int32),
            series_metric=np.empty(0, np.int32),
            slices=SliceCells.empty(0),
            sketches=Sketches.empty(),
            lanes=tuple(
                LaneState(np.empty(0, np.int32), np.empty(0, np.int64), HopCells.empty(0)) for _ in geometry.lanes
            ),
            identity_count=np.empty(0, np.int32),
            identities=np.empty(0, np.uint64),
        )

    def copy(self) -> Self:
        """Return a group whose columns can be changed without changing these."""
        return replace(
            self,
            shards=dict(self.shards),
            max_ms=self.max_ms.copy(),
            horizon_ms=self.horizon_ms.copy(),
            opened_ms=self.opened_ms.copy(),
            slices=self.slices.copy(),
            lanes=tuple(LaneState(lane.series, lane.open_ms.copy(), lane.cells.copy()) for lane in self.lanes),
            identity_count=self.identity_count.copy(),
            revisions=dict(self.revisions),
        )


def encode_group(group: Group, geometry: Geometry) -> bytes:
    """Return the group's bytes."""
    return b"".join(group_pieces(group, geometry))


def group_pieces(group: Group, geometry: Geometry) -> list[bytes | memoryview]:
    """Return the group's bytes in pieces, which are its very columns."""
    meta = _Meta(
        group.key_group,
        group.plan_hash,
        group.tick_ms,
        group.number,
        group.shards,
        group.devices,
        group.metrics,
        geometry.ring,
        geometry.identity_ring,
        tuple((lane.size_ms, lane.hop_ms) for lane in geometry.lanes),
        group.revisions,
    )
    return codec.encode_pieces(SCHEMA, VERSION, meta, _columns(group))


_PLAIN: Final = (
    "max_ms",
    "horizon_ms",
    "opened_ms",
    "series_device",
    "series_metric",
    "identity_count",
    "identities",
)


def _columns(group: Group) -> dict[str, NDArray[Any]]:
    columns = {name: getattr(group, name) for name in _PLAIN}
    columns |= group.slices.columns("slice.") | group.sketches.columns("sketch.")
    for place, lane in enumerate(group.lanes):
        columns |= {f"lane{place}.series": lane.series, f"lane{place}.open_ms": lane.open_ms}
        columns |= lane.cells.columns(f"lane{place}.")
    return columns


def decode_group(blob: bytes, geometry: Geometry) -> Group:
    """Return the group that ``encode_group`` was given; its columns are read-only.

    Raises:
        DamagedError: The bytes are not such a state, or its windows are not the plan's.
    """
    packed = codec.decode(SCHEMA, blob, version_max=VERSION)
    meta = _meta_decoder.decode(packed.meta)
    _insist_on_windows(meta, geometry)
    columns = packed.arrays
    lanes = tuple(
        LaneState(
            columns[f"lane{place}.series"],
            columns[f"lane{place}.open_ms"],
            HopCells.of_columns(columns, f"lane{place}."),
        )
        for place in range(len(geometry.lanes))
    )
    return Group(
        key_group=meta.key_group,
        plan_hash=meta.plan_hash,
        tick_ms=meta.tick_ms,
        number=meta.number,
        shards=meta.shards,
        devices=meta.devices,
        metrics=meta.metrics,
        slices=SliceCells.of_columns(columns, "slice."),
        sketches=Sketches.of_columns(columns, "sketch."),
        lanes=lanes,
        revisions=meta.revisions,
        **{name: columns[name] for name in _PLAIN},
    )


def _insist_on_windows(meta: _Meta, geometry: Geometry) -> None:
    stored = (meta.ring, meta.identity_ring, meta.lanes)
    lanes = tuple((lane.size_ms, lane.hop_ms) for lane in geometry.lanes)
    if stored != (geometry.ring, geometry.identity_ring, lanes):
        raise DamagedError(
            f"windows and timing are fixed within a generation of state: stored {stored}, "
            f"plan {(geometry.ring, geometry.identity_ring, lanes)}; raise the plan's generation"
        )
