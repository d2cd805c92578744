"""What is known of each receiver: what waits for it, what it got, and whether it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from tocsin.core.envelope import decode_plain, encode_plain
from tocsin.core.errors import DamagedError
from tocsin.core.messages import Notification

STATE_SCHEMA: Final = "alerts.delivery"
STATE_VERSION: Final = 1

WAITING_MAX: Final = 1_000
"""Notifications that wait for one receiver here; further ones stay in its queue."""

KNOWN_MAX: Final = 5_000
"""Ids of notifications that one receiver got, and that are skipped when they come again."""


@dataclass(frozen=True, slots=True)
class Line:
    """One receiver.

    Attributes:
        name: Of the receiver.
        waiting: What it is still to get, oldest first, at most ``WAITING_MAX``.
        known: Ids of what was taken for it, oldest first, at most ``KNOWN_MAX``.
        failures: Posts that failed in a row.
        next_ms: Before this instant nothing is posted; 0 where it answers.
        down_ms: Since when it does not answer; 0 where it does.
        posted: Posts that it took.
        told: Notifications that it got in these.
        refused: Notifications that it will never take, set aside.
        error: What the newest failure was, one line.
    """

    name: str
    waiting: tuple[Notification, ...] = ()
    known: tuple[str, ...] = ()
    failures: int = 0
    next_ms: int = 0
    down_ms: int = 0
    posted: int = 0
    told: int = 0
    refused: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """The receivers of one key group, by name."""

    lines: Mapping[str, Line] = field(default_factory=dict)


class _Meta(msgspec.Struct, array_like=True):
    lines: list[Line]


_decoder: Final = msgspec.msgpack.Decoder(_Meta)


def encode(state: DeliveryState) -> bytes:
    """Return the state's bytes; equal states give equal bytes."""
    return encode_plain(STATE_SCHEMA, STATE_VERSION, _Meta([one for _, one in sorted(state.lines.items())]))


def decode(blob: bytes) -> DeliveryState:
    """Return the state of the bytes.

    Raises:
        DamagedError: The bytes are not such a state.
    """
    header = decode_plain(STATE_SCHEMA, blob, version_max=STATE_VERSION)
    try:
        meta = _decoder.decode(header.meta)
    except msgspec.MsgspecError as error:
        raise DamagedError(f"{STATE_SCHEMA} cannot be read: {error}") from error
    return DeliveryState({one.name: one for one in meta.lines})
