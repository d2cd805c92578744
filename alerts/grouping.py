"""What is told, and with what else: the decisions about single transitions and single groups."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from alerts.state import Gathering, GroupKey
from tocsin.core.messages import SEVERITY_RANK, Phase, Transition
from tocsin.core.plan.telling import Grouping

WAITING_MAX: Final = 500
"""A group that gathered as many is told at once, so neither state nor notifications grow without end."""

DETAILED_MAX: Final = 4
"""The first so many of a group keep their windows; the others become lines, which show none."""


def group_key(transition: Transition, grouping: Grouping) -> GroupKey:
    """Return the group of alerts that the transition belongs to."""
    return (transition.tenant, *(f"{name}={getattr(transition, name)}" for name in grouping.by))


def is_told(transition: Transition, told_episode: int, grouping: Grouping) -> bool:
    """Tell whether people hear of the transition; all others are recorded as quiet.

    A resolution is told to those who were told of the firing, or are about to be.

    Args:
        transition: What happened.
        told_episode: Episode of the alert that was told to fire and is not over, or 0.
        grouping: What the plan asks for.
    """
    if transition.phase is Phase.FIRING:
        return SEVERITY_RANK[transition.severity] >= SEVERITY_RANK[grouping.severity_min]
    if transition.phase in {Phase.RESOLVED, Phase.EXPIRED}:
        return grouping.send_resolved and told_episode == transition.episode
    return False


def gather(
    gathering: Gathering | None,
    transition: Transition,
    *,
    key: GroupKey,
    arrival_ms: int,
    grouping: Grouping,
    is_silence: bool = False,
) -> tuple[Gathering, tuple[Transition, ...]]:
    """Return the group after one more transition, and what is told at once.

    A quiet group tells its first transition at once, or after ``wait_ms``. Until ``interval_ms`` after
    a notification it gathers, and tells at the next tick.

    Args:
        gathering: The group, or None where it is not open.
        transition: What is to be told.
        key: Key of the group.
        arrival_ms: When the change feed took the transition.
        grouping: What the plan asks for.
        is_silence: Whether devices that fell silent gather here, which may be an outage.
    """
    interval_ms = grouping.interval_ms
    least = (grouping.gateway_devices_min, grouping.site_devices_min) if is_silence else (0, 0)
    mutes = grouping.outage_mutes == "all" and bool(grouping.gateway_wait_ms)
    told_now = Gathering(key, interval_ms, arrival_ms + interval_ms, (), *least, mutes)
    if gathering is None or is_quiet(gathering, arrival_ms):
        if not grouping.wait_ms:
            return told_now, (transition,)
        return Gathering(key, interval_ms, arrival_ms + grouping.wait_ms, (transition,), *least, mutes), ()
    waiting = (*gathering.waiting, _kept(transition, len(gathering.waiting)))
    if len(waiting) >= WAITING_MAX:
        return told_now, waiting
    return replace(gathering, interval_ms=interval_ms, waiting=waiting, mutes=mutes), ()


def is_quiet(gathering: Gathering, now_ms: int) -> bool:
    """Tell whether the group's interval passed without anything to tell."""
    return not gathering.waiting and gathering.due_ms <= now_ms


def _kept(transition: Transition, waiting: int) -> Transition:
    if waiting < DETAILED_MAX:
        return transition
    return replace(transition, evidence=replace(transition.evidence, panes=()))


def parted(
    waiting: Sequence[Transition], change_of: Callable[[Transition], str] = lambda one: one.phase
) -> list[tuple[Transition, ...]]:
    """Return the transitions as they share notifications, in the order of sending.

    Firing and resolved never share one, and nothing of an alert is told before what happened to it
    earlier, so the last notification about an alert says how it stands.

    Args:
        waiting: What is to be told.
        change_of: What a transition is told as; only what is told alike shares a notification.
    """
    parts: list[list[Transition]] = []
    part_of_alert: dict[str, int] = {}
    for transition in waiting:
        after = part_of_alert.get(transition.fingerprint, -1)
        for place in range(after + 1, len(parts)):
            if change_of(parts[place][0]) == change_of(transition):
                break
        else:
            place = len(parts)
            parts.append([])
        parts[place].append(transition)
        part_of_alert[transition.fingerprint] = place
    return [tuple(part) for part in parts]
