"""What the stage knows of one key group, and how it is saved.

Tables of columns: a row a device, a row a *series* (device, metric, window length), a row an alert
(device or series, rule), a row an adaptive detector. Rows are appended in the order in which the panes
name them, so the bytes depend on nothing but the panes.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from anomaly.contract import Detector
from anomaly.coverage import Coverage
from anomaly.detectors.multivariate import Multivariate
from anomaly.ordering import ordered
from anomaly.rows import ALERT, ALERT_ADDED, DEVICE, DEVICE_ADDED, JOINT, NONE, RARE_TABLES, STILL, STILL_ADDED, TABLES
from anomaly.table import Table, by_table, checked, new_rows
from tocsin.core import codec
from tocsin.core.columns import Int64s
from tocsin.core.errors import DamagedError
from tocsin.core.plan.model import Plan

STATE_SCHEMA: Final = "anomaly.state"
STATE_VERSION: Final = 1

JOINT_DETECTOR: Final = Multivariate()
_JOINT_NAME: Final = f"{JOINT_DETECTOR.name}:{JOINT_DETECTOR.version}"

METRIC_BITS: Final = 24
SIZE_BITS: Final = 8
METRICS_MAX: Final = 1 << METRIC_BITS
"""Most names of metrics in a group; the bounds of the plan are lower."""
SIZES_MAX: Final = 1 << SIZE_BITS
"""Most lengths of windows in a group."""


def series_key(device: Int64s, metric: Int64s, size: Int64s) -> Int64s:
    """Return one number a series: its device row, and its places in the tables of metrics and sizes."""
    return np.asarray((device << METRIC_BITS | metric) << SIZE_BITS | size)


def keys_of_series(state: "GroupState") -> Int64s:
    """Return shape (s,): the ``series_key`` of each series row."""
    places = [state.series[name].astype(np.int64) for name in ("device", "metric", "size")]
    return series_key(*places)


@dataclass(slots=True)
class GroupState:
    """One key group. A step works on a copy of its own; nobody else writes into it.

    Attributes:
        fence: (generation, group) of the sender to the number of its newest message folded.
        plan_hash: Plan in force; empty before the first tick.
        ticks: Shard to its newest tick, for shards that are not far behind the others.
        tick_ms: Newest tick at which silence was judged, or None.
        watched_ms: Since when ticks came without a long pause; silence before it was not watched.
        counts: What was seen and not judged, and why.
        device_keys: Partition key of each device row.
        metric_names: Names that series rows point to.
        sizes_ms: Window lengths that series rows point to.
        rule_names: Names that alert and still rows point to.
        channel_names: Metrics that joint rows point to.
        mode_names: Modes that mode rows, and memories, point to.
        rule_kinds: Kind and severity of each of them, as the newest plan that has it says.
        detector_name: Name and version of the detector whose columns are kept.
        devices: Rows as ``DEVICE``.
        series: Rows as ``SERIES``.
        alerts: Rows as ``ALERT``, of alerts that moved at least once or are being timed.
        stills: Rows as ``STILL``.
        joints: Rows as ``JOINT``.
        modes: Rows as ``MODE``.
        held: Rows as ``HELD``.
        detector: Columns of the detector, its own business.
        joint_detector: Columns of the multivariate detector, a row a joint row.
        device_rows: Partition key to device row; derived.
        series_rows: ``series_key`` to series row; derived.
        coverage: Which rules judge what under the plan in force; derived, None until a plan is adopted.
    """

    fence: dict[tuple[int, int], int]
    plan_hash: str
    ticks: dict[str, int]
    tick_ms: int | None
    watched_ms: int
    counts: dict[str, int]
    device_keys: list[str]
    metric_names: list[str]
    sizes_ms: list[int]
    rule_names: list[str]
    rule_kinds: list[tuple[str, str]]
    detector_name: str
    channel_names: list[str]
    mode_names: list[str]
    devices: Table
    series: Table
    alerts: Table
    stills: Table
    joints: Table
    modes: Table
    held: Table
    detector: Table
    joint_detector: Table
    device_rows: dict[str, int] = field(default_factory=dict)
    series_rows: dict[int, int] = field(default_factory=dict)
    coverage: Coverage | None = None

    def copy(self) -> "GroupState":
        """Return the same knowledge in memory of its own."""
        tables = {name: getattr(self, name).copy() for name in (*TABLES, "detector", "joint_detector")}
        rest = {name: getattr(self, name).copy() for name in _LISTS_AND_DICTS}
        return replace(self, **tables, **rest, coverage=self.coverage and self.coverage.copy())

    def count(self, what: str, how_many: int) -> None:
        """Add to a counter; nothing is no entry."""
        if how_many:
            self.counts[what] = self.counts.get(what, 0) + how_many


_LISTS_AND_DICTS: Final = (
    *("fence", "ticks", "counts", "device_keys", "metric_names", "sizes_ms", "rule_names", "rule_kinds"),
    *("channel_names", "mode_names"),
    *("device_rows", "series_rows"),
)


def devices_max(plan: Plan) -> int:
    """Return how many devices a group may hold."""
    return plan.bounds.devices_per_group_max


def series_max(plan: Plan) -> int:
    """Return how many series a group may hold."""
    return plan.bounds.devices_per_group_max * plan.bounds.metrics_max


def initial(detector: Detector) -> GroupState:
    """Return the state of a group that has seen nothing."""
    tables = {name: Table(new_rows(schema, 0)) for name, schema in TABLES.items()}
    return GroupState(
        fence={},
        plan_hash="",
        ticks={},
        tick_ms=None,
        watched_ms=0,
        counts={},
        device_keys=[],
        metric_names=[],
        sizes_ms=[],
        rule_names=[],
        rule_kinds=[],
        detector_name=name_of(detector),
        channel_names=[],
        mode_names=[],
        detector=Table(detector.initial(0)),
        joint_detector=Table(JOINT_DETECTOR.initial(0)),
        devices=tables["devices"],
        series=tables["series"],
        alerts=tables["alerts"],
        stills=tables["stills"],
        joints=tables["joints"],
        modes=tables["modes"],
        held=tables["held"],
    )


def name_of(detector: Detector) -> str:
    """Return what the detector's columns are saved under."""
    return f"{detector.name}:{detector.version}"


class _Meta(msgspec.Struct, array_like=True):
    fence: list[tuple[int, int, int]]
    plan_hash: str
    ticks: list[tuple[str, int]]
    tick_ms: int | None
    watched_ms: int
    counts: list[tuple[str, int]]
    device_keys: list[str]
    metric_names: list[str]
    sizes_ms: list[int]
    rule_names: list[str]
    rule_kinds: list[tuple[str, str]]
    detector_name: str
    channel_names: list[str] = []
    mode_names: list[str] = []


_meta_decoder: Final = msgspec.msgpack.Decoder(_Meta)


def encode(state: GroupState) -> bytes:
    """Return the state's bytes; equal states give equal bytes."""
    return b"".join(encode_pieces(state))


def encode_pieces(state: GroupState) -> list[bytes | memoryview]:
    """Return the state's bytes in pieces, most of which are its very columns."""
    meta = _Meta(
        fence=sorted((*sender, number) for sender, number in state.fence.items()),
        plan_hash=state.plan_hash,
        ticks=sorted(state.ticks.items()),
        tick_ms=state.tick_ms,
        watched_ms=state.watched_ms,
        counts=sorted(state.counts.items()),
        device_keys=state.device_keys,
        metric_names=state.metric_names,
        sizes_ms=state.sizes_ms,
        rule_names=state.rule_names,
        rule_kinds=state.rule_kinds,
        detector_name=state.detector_name,
        channel_names=state.channel_names,
        mode_names=state.mode_names,
    )
    tables = ordered({name: getattr(state, name) for name in (*TABLES, "detector", "joint_detector")})
    joint_detector = tables.pop("joint_detector")
    arrays: dict[str, NDArray[Any]] = {}
    for name, table in tables.items():
        if len(table) or name not in RARE_TABLES:
            arrays |= {f"{name}.{column}": table[column] for column in sorted(table)}
    arrays |= {f"{_JOINT_NAME}.{column}": joint_detector[column] for column in sorted(joint_detector)}
    return codec.encode_pieces(STATE_SCHEMA, STATE_VERSION, meta, arrays)


def decode(blob: bytes, detector: Detector) -> GroupState:
    """Return the state of the bytes; columns of another detector are dropped, and it begins anew.

    Raises:
        DamagedError: The bytes are not such a state.
    """
    packed = codec.decode(STATE_SCHEMA, blob, version_max=STATE_VERSION)
    try:
        meta = _meta_decoder.decode(packed.meta)
    except msgspec.MsgspecError as error:
        raise DamagedError(f"{STATE_SCHEMA} cannot be read: {error}") from error
    saved = by_table(packed.arrays)
    joint_columns = saved.get(_JOINT_NAME)
    if not joint_columns:  # saved before there were any, or by another version of the detector
        joint_columns = JOINT_DETECTOR.initial(0)
        saved["joints"] = new_rows(JOINT, 0)
    _add_columns(saved)
    tables = {name: checked(name, schema, saved.get(name, {})) for name, schema in TABLES.items()}
    state = GroupState(
        fence={(generation, group): number for generation, group, number in meta.fence},
        plan_hash=meta.plan_hash,
        ticks=dict(meta.ticks),
        tick_ms=meta.tick_ms,
        watched_ms=meta.watched_ms,
        counts=dict(meta.counts),
        device_keys=meta.device_keys,
        metric_names=meta.metric_names,
        sizes_ms=meta.sizes_ms,
        rule_names=meta.rule_names,
        rule_kinds=meta.rule_kinds,
        detector_name=meta.detector_name,
        channel_names=meta.channel_names,
        mode_names=meta.mode_names,
        detector=Table(saved.get("detector", {})),
        joint_detector=Table(joint_columns),
        devices=tables["devices"],
        series=tables["series"],
        alerts=tables["alerts"],
        stills=tables["stills"],
        joints=tables["joints"],
        modes=tables["modes"],
        held=tables["held"],
        device_rows={key: row for row, key in enumerate(meta.device_keys)},
    )
    state.series_rows = {key: row for row, key in enumerate(keys_of_series(state).tolist())}
    return state if state.detector_name == name_of(detector) else _restart(state, detector)


def _add_columns(saved: dict[str, dict[str, NDArray[Any]]]) -> None:
    """Give rows of an earlier release the columns that it did not have, and tables that were not saved theirs."""
    for table, schema, added, known in (
        ("alerts", ALERT, ALERT_ADDED, "phase"),
        ("stills", STILL, STILL_ADDED, "rule"),
        ("devices", DEVICE, DEVICE_ADDED, "last_ms"),
    ):
        columns = saved.get(table, {})
        if lacking := [name for name in added if name not in columns]:
            columns |= new_rows({name: schema[name] for name in lacking}, len(columns.get(known, ())))
    for table in RARE_TABLES:
        if table not in saved:
            saved[table] = new_rows(TABLES[table], 0)


def _restart(state: GroupState, detector: Detector) -> GroupState:
    """Forget what another detector learned; series get a new row as they are next seen."""
    series = Table(state.series.columns | {"detector": np.full(len(state.series), NONE, np.int32)})
    own = state.stills["detector"] != NONE
    stills = Table(state.stills.take(np.flatnonzero(~own)))
    return replace(
        state, series=series, stills=stills, detector=Table(detector.initial(0)), detector_name=name_of(detector)
    )
