"""What the stage knows of one key group, and how it is saved.

The key of the stage is the tenant: ``group_of(tenant, plan.groups)``. All alerts of a tenant are
looked at together, whatever they are grouped by, and a change of the grouping leaves them where they
are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from tocsin.core import codec
from tocsin.core.errors import DamagedError
from tocsin.core.messages import Transition

STATE_SCHEMA: Final = "alerts.state"
STATE_VERSION: Final = 1

GroupKey = tuple[str, ...]
"""Names a group of alerts: the tenant, then ``site=north`` and so on in the plan's order."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one alert.

    Attributes:
        number: Number of its newest transition handled; what is not above it is a copy.
        told: Episode that was told to fire and is not over, or 0.
        seen_ms: When its newest transition arrived.
    """

    number: int
    told: int
    seen_ms: int


@dataclass(frozen=True, slots=True)
class Gathering:
    """A group of alerts that was told of recently, or that gathers what is to be told.

    Attributes:
        key: Which group.
        interval_ms: How long it gathers after a notification.
        due_ms: Before this instant nothing more is told.
        waiting: Transitions not told yet, in the order in which they arrived.
    """

    key: GroupKey
    interval_ms: int
    due_ms: int
    waiting: tuple[Transition, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertsState:
    """One key group.

    Attributes:
        known: Fingerprint to what is known of the alert; those over are forgotten after ``FORGET_MS``.
        gatherings: Groups of alerts by key.
        numbers: Tenant to the number of its newest notification.
        gaps: How many transitions the change feed skipped.
    """

    known: Mapping[str, Known] = field(default_factory=dict)
    gatherings: Mapping[GroupKey, Gathering] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    gaps: int = 0


class _Meta(msgspec.Struct, array_like=True):
    known: list[tuple[str, int, int, int]]
    gatherings: list[Gathering]
    numbers: list[tuple[str, int]]
    gaps: int


_meta_decoder: Final = msgspec.msgpack.Decoder(_Meta)


def encode(state: AlertsState) -> bytes:
    """Return the state's bytes; equal states give equal bytes."""
    meta = _Meta(
        known=[(alert, one.number, one.told, one.seen_ms) for alert, one in sorted(state.known.items())],
        gatherings=[gathering for _, gathering in sorted(state.gatherings.items())],
        numbers=sorted(state.numbers.items()),
        gaps=state.gaps,
    )
    return codec.encode(STATE_SCHEMA, STATE_VERSION, meta, {})


def decode(blob: bytes) -> AlertsState:
    """Return the state of the bytes.

    Raises:
        DamagedError: The bytes are not such a state.
    """
    packed = codec.decode(STATE_SCHEMA, blob, version_max=STATE_VERSION)
    try:
        meta = _meta_decoder.decode(packed.meta)
    except msgspec.MsgspecError as error:
        raise DamagedError(f"{STATE_SCHEMA} cannot be read: {error}") from error
    return AlertsState(
        known={alert: Known(number, told, seen_ms) for alert, number, told, seen_ms in meta.known},
        gatherings={gathering.key: gathering for gathering in meta.gatherings},
        numbers=dict(meta.numbers),
        gaps=meta.gaps,
    )
