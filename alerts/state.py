"""What the stage knows of one key group, and how it is saved.

The key of the stage is the tenant: ``group_of(tenant, plan.groups)``. All alerts of a tenant are
looked at together, whatever they are grouped by, and a change of the grouping leaves them where they
are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from alerts.standing import Muting, Standing
from tocsin.core.envelope import decode_plain, encode_plain
from tocsin.core.errors import DamagedError
from tocsin.core.life import Condition, Event
from tocsin.core.messages import Transition
from tocsin.core.silences import Silence

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


class Stance(StrEnum):
    """Whether people know of an alert that fires."""

    WAITING = "waiting"
    TOLD = "told"
    HELD = "held"


class Hold(StrEnum):
    """What keeps an alert that fires back."""

    SILENCE = "silence"
    BUDGET = "budget"
    FLAPPING = "flapping"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires, and what people did about it; forgotten when the episode ends.

    Attributes:
        transition: What made it fire, without its windows.
        key: Its group of alerts; once it is told, the group that it was told with.
        stance: Waiting in its group, told, or held back.
        at_ms: When it was told last, or held back.
        repeat_ms: How often it is told again; 0 for never.
        acked_by: Who acknowledged it; empty where nobody did.
        until_ms: When the acknowledgement expires, or None.
        assignee: Who takes care of it; may be empty.
        condition: Where it stands, as the table of its life says.
        in_outage: Whether it gathers, or was told, as part of an outage.
        held_by: What holds it back, where something does.
        since_ms: Since when somebody should have acknowledged it; 0 where nobody was told.
        steps: Names of the escalations that were told since then.
        muting: Which outage muted it, where one did.
    """

    transition: Transition
    key: GroupKey
    stance: Stance
    at_ms: int
    repeat_ms: int = 0
    acked_by: str = ""
    until_ms: int | None = None
    assignee: str = ""
    condition: Condition = Condition.FIRING
    in_outage: bool = False
    held_by: Hold = Hold.SILENCE
    since_ms: int = 0
    steps: tuple[str, ...] = ()
    muting: Muting | None = None


@dataclass(frozen=True, slots=True)
class Gathering:
    """A group of alerts that was told of recently, or that gathers what is to be told.

    Attributes:
        key: Which group.
        interval_ms: How long it gathers after a notification.
        due_ms: Before this instant nothing more is told.
        waiting: Transitions not told yet, in the order in which they arrived.
        devices_min: Of silent devices: how many behind one gateway are its outage; else 0.
        site_devices_min: How many without a gateway in common are the site's.
        mutes: Whether an outage keeps back what comes to fire here.
    """

    key: GroupKey
    interval_ms: int
    due_ms: int
    waiting: tuple[Transition, ...] = ()
    devices_min: int = 0
    site_devices_min: int = 0
    mutes: bool = True


@dataclass(frozen=True, slots=True)
class Recent:
    """What an alert did lately, over its episodes.

    Attributes:
        fingerprint: Which alert.
        key: Its group of alerts.
        keep_ms: How long after its newest move it is remembered.
        fired_ms: When it came to fire, newest last, at most as many as make it flap.
        ended_ms: When the newest episode whose end was told was over, or 0.
        told: Newest episode whose end was told, or 0.
        told_as: Number of the transition that was told as reopened or flapping, and which of the two.
        flapping: Its newest transition while it flaps, without its windows, else None.
        moved_ms: When that arrived.
        settle_ms: How long it must stay as it is to flap no more.
        send_resolved: Whether people want to hear of its end.
        told_key: The group that it was told with when it came to fire; empty before.
    """

    fingerprint: str
    key: GroupKey
    keep_ms: int
    fired_ms: tuple[int, ...] = ()
    ended_ms: int = 0
    told: int = 0
    told_as: tuple[int, Event] = (0, Event.HELD)
    flapping: Transition | None = None
    moved_ms: int = 0
    settle_ms: int = 0
    send_resolved: bool = True
    told_key: GroupKey = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of a tenant's budget is spent.

    Attributes:
        tenant: Whose.
        begin_ms: When its span began.
        end_ms: When the next one may begin.
        size: Notifications that it allows.
        spent: Notifications told within it.
        held: What was held back, in words, to how many; at most ``WORDS_MAX`` words.
    """

    tenant: str
    begin_ms: int
    end_ms: int
    size: int
    spent: int = 0
    held: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlertsState:
    """One key group.

    Attributes:
        known: Fingerprint to what is known of the alert; those over are forgotten after ``FORGET_MS``.
        gatherings: Groups of alerts by key.
        numbers: Tenant to the number of its newest notification.
        gaps: How many transitions the change feed skipped.
        firing: Fingerprint to what fires and was told or held, at most ``FIRING_MAX``.
        silences: Silences that people made, by tenant and id, until they are over.
        acted: Ids of actions handled, and when they arrived; forgotten after ``FORGET_MS``.
        recent: Fingerprint to what the alert did lately, at most ``RECENT_MAX``.
        budgets: Tenant to its budget, where it has one.
        outages: Outages that were told and are not over, by the group of their messages.
    """

    known: Mapping[str, Known] = field(default_factory=dict)
    gatherings: Mapping[GroupKey, Gathering] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    gaps: int = 0
    firing: Mapping[str, Firing] = field(default_factory=dict)
    silences: Mapping[tuple[str, str], Silence] = field(default_factory=dict)
    acted: Mapping[str, int] = field(default_factory=dict)
    recent: Mapping[str, Recent] = field(default_factory=dict)
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    outages: Mapping[GroupKey, Standing] = field(default_factory=dict)


class _Meta(msgspec.Struct, array_like=True):
    known: list[tuple[str, int, int, int]]
    gatherings: list[Gathering]
    numbers: list[tuple[str, int]]
    gaps: int
    firing: list[Firing] = []
    silences: list[Silence] = []
    acted: list[tuple[str, int]] = []
    recent: list[Recent] = []
    budgets: list[Budget] = []
    outages: list[Standing] = []


_meta_decoder: Final = msgspec.msgpack.Decoder(_Meta)


def encode(state: AlertsState) -> bytes:
    """Return the state's bytes; equal states give equal bytes."""
    meta = _Meta(
        known=[(alert, one.number, one.told, one.seen_ms) for alert, one in sorted(state.known.items())],
        gatherings=[gathering for _, gathering in sorted(state.gatherings.items())],
        numbers=sorted(state.numbers.items()),
        gaps=state.gaps,
        firing=[one for _, one in sorted(state.firing.items())],
        silences=[one for _, one in sorted(state.silences.items())],
        acted=sorted(state.acted.items()),
        recent=[one for _, one in sorted(state.recent.items())],
        budgets=[one for _, one in sorted(state.budgets.items())],
        outages=[one for _, one in sorted(state.outages.items())],
    )
    return encode_plain(STATE_SCHEMA, STATE_VERSION, meta)


def decode(blob: bytes) -> AlertsState:
    """Return the state of the bytes.

    Raises:
        DamagedError: The bytes are not such a state.
    """
    header = decode_plain(STATE_SCHEMA, blob, version_max=STATE_VERSION)
    try:
        meta = _meta_decoder.decode(header.meta)
    except msgspec.MsgspecError as error:
        raise DamagedError(f"{STATE_SCHEMA} cannot be read: {error}") from error
    return AlertsState(
        known={alert: Known(number, told, seen_ms) for alert, number, told, seen_ms in meta.known},
        gatherings={gathering.key: gathering for gathering in meta.gatherings},
        numbers=dict(meta.numbers),
        gaps=meta.gaps,
        firing={one.transition.fingerprint: one for one in meta.firing},
        silences={(one.tenant, one.name): one for one in meta.silences},
        acted=dict(meta.acted),
        recent={one.fingerprint: one for one in meta.recent},
        budgets={one.tenant: one for one in meta.budgets},
        outages={one.key: one for one in meta.outages},
    )
