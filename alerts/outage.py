"""Silence of many devices at once is the outage of their gateway, or of their site, and is told as one.

How many devices a gateway or a site has is not known here, so an outage is told by when their silences began: that
several devices fail by themselves within minutes of each other is not likely. What it keeps back besides is in
``alerts.muting``.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

from alerts.state import Firing, Gathering, GroupKey, Stance
from alerts.wording import clean
from tocsin.core.clock import MINUTE_MS
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.telling import Grouping

TOGETHER_MS: Final = 5 * MINUTE_MS
"""Silences that began within this time of each other may have one cause."""

SILENCE: Final = "kind=silence"
"""Ends the key of a group in which devices that fell silent gather."""

Scope = tuple[GroupKey, tuple[Transition, ...], "Outage | None"]


@dataclass(frozen=True, slots=True)
class Outage:
    """What failed, as far as silence tells.

    Attributes:
        what: ``gateway`` or ``site``.
        name: Of the gateway or site.
    """

    what: str
    name: str

    @property
    def kind(self) -> str:
        """The kind that subscribers filter by."""
        return f"{self.what}_missing"

    @property
    def words(self) -> str:
        """What failed, for people."""
        return f"{self.what} {clean(self.name, 64)}"

    def key(self, tenant: str) -> GroupKey:
        """Return the group of the outage's messages."""
        return (tenant, f"{self.what}={self.name}", f"kind={self.kind}")

    def covers(self, transition: Transition) -> bool:
        """Tell whether the device is behind what failed, and not that itself."""
        return str(getattr(transition, self.what)) == self.name != transition.device


def outage_of(key: GroupKey) -> Outage | None:
    """Return the outage whose messages the group has, or None."""
    what, _, name = key[1].partition("=") if len(key) == 3 else ("", "", "")
    found = Outage(what, name)
    return found if found.key(key[0]) == key and what in {"gateway", "site"} else None


def above(transition: Transition) -> tuple[Outage, ...]:
    """Return what the device would be cut off by."""
    found = (Outage("site", transition.site), Outage("gateway", transition.gateway))
    return tuple(one for one in found if one.name and one.covers(transition))


def is_silence(transition: Transition) -> bool:
    """Tell whether the alert is a whole device's silence."""
    return transition.kind == "missing" and not transition.metric


def may_be_outage(transition: Transition, grouping: Grouping) -> bool:
    """Tell whether the alert is a whole device's silence that its gateway or site may explain."""
    is_behind = transition.gateway or transition.site
    return bool(is_silence(transition) and is_behind and grouping.gateway_wait_ms)


def silence_key(transition: Transition) -> GroupKey:
    """Return the group in which silences of devices gather that one outage may explain."""
    where = f"site={transition.site}" if transition.site else f"gateway={transition.gateway}"
    return (transition.tenant, where, SILENCE)


def is_silence_key(key: GroupKey) -> bool:
    """Tell whether devices that fell silent gather in the group."""
    return key[-1] == SILENCE


def outages(part: Sequence[Transition], gathering: Gathering, firing: Iterable[Firing]) -> list[Scope]:
    """Return the outages that explain silences, each with these, and the silences that are told by themselves.

    Args:
        part: Devices that fell silent, in the order in which they arrived; of one site, or of one gateway where no
            site is known.
        gathering: Their group.
        firing: All that fires.
    """
    tenant, of_site = gathering.key[0], gathering.key[1].startswith("site=")
    known = [one for one in firing if one.transition.tenant == tenant and one.transition.kind == "missing"]
    scopes: list[Scope] = []
    left = list(part)
    whole = _of_site(part, gathering, known) if of_site else ()
    if whole:
        site = Outage("site", part[0].site)
        scopes.append((site.key(tenant), whole, site))
        left = [one for one in part if one not in whole]
    alone: list[Transition] = []
    for gateway in sorted({one.gateway for one in left}):
        mine = [one for one in left if one.gateway == gateway]
        if not gateway:
            alone += mine
            continue
        outage, others = split_outage(mine, gathering.devices_min, known)
        behind = Outage("gateway", gateway)
        if outage:
            scopes.append((behind.key(tenant), outage, behind))
        alone += others
    if alone:
        scopes.append((gathering.key[:-1], tuple(alone), None))
    return scopes


def _of_site(part: Sequence[Transition], gathering: Gathering, known: Sequence[Firing]) -> tuple[Transition, ...]:
    """Return the silences that are the site's outage: of at least two gateways, or of devices that have none."""
    site, least = part[0].site, gathering.site_devices_min
    told = [
        one.transition for one in known if one.in_outage and one.stance is Stance.TOLD and one.transition.site == site
    ]
    first_ms = _begin([began_ms(one) for one in (*told, *part)], least)
    if first_ms is None:
        return ()
    within = [one for one in (*told, *part) if first_ms <= began_ms(one) <= first_ms + TOGETHER_MS]
    direct = sum(not one.gateway for one in within)
    gateways = [one.gateway for one in within if one.gateway]
    failed = sum(gateways.count(name) >= gathering.devices_min for name in set(gateways))
    if failed < 2 and direct < least:
        return ()
    return tuple(one for one in part if one in within)


def split_outage(
    part: Sequence[Transition], devices_min: int, firing: Sequence[Firing]
) -> tuple[tuple[Transition, ...], tuple[Transition, ...]]:
    """Return the silences that are the gateway's outage, and those that are told by themselves.

    An outage are silences that began together, at least ``devices_min`` of them, those told before included. Where
    the gateway is a device of its own and silent as well, every silence behind it is part of the outage.

    Args:
        part: Devices of one gateway that fell silent, in the order in which they arrived.
        devices_min: How many it takes.
        firing: All of the tenant that is missing.
    """
    gateway, silent = part[0].gateway, firing
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
    ordered = sorted(began)
    counts = {first: bisect_right(ordered, first + TOGETHER_MS) - bisect_left(ordered, first) for first in ordered}
    first, count = max(counts.items(), key=lambda item: (item[1], -item[0]))
    return first if count >= devices_min else None


def outage_headline(part: Sequence[Transition], what: str) -> str:
    """Return what happened to the devices behind what failed.

    Args:
        part: Transitions of one phase.
        what: ``gateway`` or ``site``.
    """
    where = "behind it" if what == "gateway" else "there"
    count = f"{len(part)} device{'s' if len(part) > 1 else ''} {where}"
    if part[0].phase is Phase.FIRING:
        return f"{count} fell silent together"
    return f"{count} report{'' if len(part) > 1 else 's'} again"
