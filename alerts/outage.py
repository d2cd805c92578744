"""Silence of many devices behind one gateway is the gateway's outage, and is told as one.

How many devices a gateway has is not known here, so an outage is told by when their silences began: that
several devices fail by themselves within minutes of each other is not likely. It explains silence and nothing
else: whatever a device still measures is told as always.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Final

from alerts.state import Firing, GroupKey, Stance
from tocsin.core.clock import MINUTE_MS
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.telling import Grouping

TOGETHER_MS: Final = 5 * MINUTE_MS
"""Silences that began within this time of each other may have one cause."""

OUTAGE: Final = "gateway_missing"
"""The kind that subscribers of an outage filter by."""


def may_be_outage(transition: Transition, grouping: Grouping) -> bool:
    """Tell whether the alert is a whole device's silence that its gateway may explain."""
    is_silence = transition.kind == "missing" and not transition.metric
    return bool(is_silence and transition.gateway and grouping.gateway_wait_ms)


def outage_key(transition: Transition) -> GroupKey:
    """Return the group in which silences of devices behind the gateway gather."""
    return (transition.tenant, f"gateway={transition.gateway}", f"kind={OUTAGE}")


def is_outage_key(key: GroupKey) -> bool:
    """Tell whether alerts of the group are told as an outage."""
    return f"kind={OUTAGE}" in key[1:]


def split_outage(
    part: Sequence[Transition], devices_min: int, firing: Iterable[Firing]
) -> tuple[tuple[Transition, ...], tuple[Transition, ...]]:
    """Return the silences that are the gateway's outage, and those that are told by themselves.

    An outage are silences that began together, at least ``devices_min`` of them, those told before included. Where
    the gateway is a device of its own and silent as well, every silence behind it is part of the outage.

    Args:
        part: Devices of one gateway that fell silent, in the order in which they arrived.
        devices_min: How many it takes.
        firing: All that fires.
    """
    tenant, gateway = part[0].tenant, part[0].gateway
    silent = [one for one in firing if one.transition.tenant == tenant and one.transition.kind == "missing"]
    if any(one.transition.device == gateway and not one.transition.metric for one in silent):
        return tuple(part), ()
    told = [
        began_ms(one.transition)
        for one in silent
        if one.in_outage and one.stance is Stance.TOLD and one.transition.gateway == gateway
    ]
    first_ms = _begin(told + [began_ms(one) for one in part], devices_min)
    if first_ms is None:
        return (), tuple(part)
    within = {one.fingerprint for one in part if first_ms <= began_ms(one) <= first_ms + TOGETHER_MS}
    return (
        tuple(one for one in part if one.fingerprint in within),
        tuple(one for one in part if one.fingerprint not in within),
    )


def began_ms(transition: Transition) -> int:
    """Return when the device fell silent: its silence is what was compared, in milliseconds."""
    silence_ms = transition.evidence.value
    return transition.at_ms - round(silence_ms) if isfinite(silence_ms) else transition.at_ms


def _begin(began: list[int], devices_min: int) -> int | None:
    """Return the begin of the span of ``TOGETHER_MS`` that holds most, or None where none holds enough."""
    counts = {first: sum(first <= other <= first + TOGETHER_MS for other in began) for first in began}
    first, count = max(counts.items(), key=lambda item: (item[1], -item[0]))
    return first if count >= devices_min else None


def outage_headline(part: Sequence[Transition]) -> str:
    """Return what happened to the gateway, without its name.

    Args:
        part: Transitions of one phase.
    """
    count = f"{len(part)} device{'s' if len(part) > 1 else ''}"
    if part[0].phase is Phase.FIRING:
        return f"{count} behind it fell silent together"
    return f"{count} behind it report{'' if len(part) > 1 else 's'} again"
