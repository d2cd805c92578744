"""The bytes of panes, as they travel on the log between ``processors`` and the next stage."""

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tocsin.core import codec
from tocsin.core.columns import PANE_ARRAYS, Int32s, PaneBatch, PaneColumns
from tocsin.core.envelope import decode_header
from tocsin.core.errors import DamagedError


class _PaneMeta(msgspec.Struct, array_like=True):
    generation: int
    group: int
    number: int
    tick_ms: int | None
    plan_hash: str
    shard: str
    devices: tuple[str, ...]
    metrics: tuple[str, ...]
    rules: tuple[str, ...]
    positions: tuple[str, ...]
    traces: dict[int, str] = {}


PANE_SCHEMA: Final = "panes"
PANE_VERSION: Final = 1
_pane_meta_decoder: Final = msgspec.msgpack.Decoder(_PaneMeta)


def encode_panes(batch: PaneBatch) -> bytes:
    """Return the bytes of the batch, as they travel on the log of panes."""
    panes = batch.panes
    meta = _PaneMeta(
        batch.generation,
        batch.group,
        batch.number,
        batch.tick_ms,
        batch.plan_hash,
        batch.shard,
        panes.devices,
        panes.metrics,
        panes.rules,
        panes.positions,
        batch.traces,
    )
    arrays: dict[str, NDArray[Any]] = {name: getattr(panes, name) for name in PANE_ARRAYS}
    return codec.encode(PANE_SCHEMA, PANE_VERSION, meta, arrays)


class Sender(msgspec.Struct, array_like=True, frozen=True):
    """The front of a batch's plain data: who sent it, and as which of its messages.

    Attributes:
        generation: Generation of the state that emitted it.
        group: Key group.
        number: Counts the group's messages from 1 without gaps.
    """

    generation: int
    group: int
    number: int


_sender_decoder: Final = msgspec.msgpack.Decoder(Sender)


def decode_sender(blob: bytes) -> Sender:
    """Return who sent a batch, without looking at its panes.

    Raises:
        DamagedError: The bytes do not begin as such a batch.
    """
    header = decode_header(PANE_SCHEMA, blob, version_max=PANE_VERSION).header
    try:
        return _sender_decoder.decode(header.meta)
    except msgspec.MsgspecError as error:
        raise DamagedError(f"{PANE_SCHEMA} cannot be read: {error}") from error


def decode_panes(blob: bytes) -> PaneBatch:
    """Return the batch that ``encode_panes`` was given.

    Raises:
        DamagedError: The bytes are not such a batch.
    """
    packed = codec.decode(PANE_SCHEMA, blob, version_max=PANE_VERSION)
    try:
        meta = _pane_meta_decoder.decode(packed.meta)
        panes = PaneColumns(meta.devices, meta.metrics, meta.rules, meta.positions, **packed.arrays)
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise DamagedError(f"{PANE_SCHEMA} cannot be read: {error}") from error
    _check_codes(panes)
    return PaneBatch(
        meta.generation, meta.group, meta.number, panes, meta.tick_ms, meta.plan_hash, meta.shard, meta.traces
    )


def _check_codes(panes: PaneColumns) -> None:
    """Raise if the columns have several lengths or point beyond the tables of names."""
    columns = [getattr(panes, name) for name in PANE_ARRAYS]
    lengths, kinds = set(map(len, columns)), {column.dtype.kind for column in columns}
    if len(lengths) != 1 or not kinds <= {"i", "f"}:
        raise DamagedError(
            f"{PANE_SCHEMA} must be numbers of one length, got {sorted(lengths)} of kinds {sorted(kinds)}"
        )
    if not len(panes):
        return
    for name in ("device", "metric"):
        _check_code(name, getattr(panes, name), len(getattr(panes, f"{name}s")))
    for name in ("rule", "position"):  # most panes are of no rule, and -1 says so
        _check_code(name, getattr(panes, name) + np.int32(1), len(getattr(panes, f"{name}s")) + 1)


def _check_code(name: str, codes: Int32s, names: int) -> None:
    """Raise unless all codes are in ``[0, names)``; what is below 0 is far above as an unsigned number."""
    if codes.dtype != np.int32 or codes.view(np.uint32).max() >= names:
        raise DamagedError(f"{PANE_SCHEMA} has codes of {name} beyond its table of {names}")
