"""Telling: what waits in groups of alerts becomes notifications, and each transition gets its decision."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import msgspec

from alerts.batch import Arrival
from alerts.budget import has_room, held_back
from alerts.change import Change, change_of
from alerts.fold import FIRING_MAX, UNKNOWN, Fold
from alerts.grouping import gather, group_key, parted
from alerts.muting import gathers_above, join, mute, standing_above
from alerts.outage import Outage, is_silence, is_silence_key, may_be_outage, outage_of, outages, silence_key
from alerts.sending import tell_part
from alerts.standing import Muting
from alerts.state import Firing, Gathering, GroupKey, Hold, Stance
from tocsin.core.life import Condition
from tocsin.core.messages import Decision, Phase, Transition

WAITING_TOTAL_MAX: Final = 2_000
"""Transitions that wait in all groups of a key group; the fullest group is told above that."""


def fire(
    fold: Fold,
    arrival: Arrival,
    stance: Stance,
    condition: Condition,
    *,
    in_outage: bool = False,
    muting: Muting | None = None,
) -> None:
    """Remember an alert that fires, as long as there is room."""
    transition = arrival.transition
    recent = fold.recent.get(transition.fingerprint)
    told_key = recent.told_key if recent and stance is Stance.TOLD else ()
    if len(fold.firing) < FIRING_MAX:
        fold.firing[transition.fingerprint] = Firing(
            replace(transition, evidence=replace(transition.evidence, panes=())),
            told_key or group_key(transition, arrival.grouping),
            stance,
            arrival.arrival_ms,
            arrival.grouping.repeat_ms,
            condition=condition,
            in_outage=in_outage,
            held_by=Hold.OUTAGE if muting else Hold.SILENCE,
            muting=muting,
        )
        if muting:
            fold.list_muted(transition, muting)


def wait(fold: Fold, arrival: Arrival, *, in_outage: bool) -> None:
    """Let the transition be told with its group of alerts: at once, or once the group has gathered.

    Args:
        fold: Takes the notifications.
        arrival: What is to be told.
        in_outage: Whether an outage may explain the alert, so that it waits for others like it.
    """
    transition, grouping = arrival.transition, arrival.grouping
    key = group_key(transition, grouping)
    earlier = fold.gatherings.get(silence_key(transition))
    if not in_outage and earlier and any(one.fingerprint == transition.fingerprint for one in earlier.waiting):
        flush(fold, earlier, arrival.arrival_ms)  # what came before it is told before it
    if in_outage:
        grouping = msgspec.structs.replace(grouping, wait_ms=grouping.gateway_wait_ms)
        key = silence_key(transition)
    after, told = gather(
        fold.gatherings.get(key),
        transition,
        key=key,
        arrival_ms=arrival.arrival_ms,
        grouping=grouping,
        is_silence=in_outage,
    )
    fold.put(key, after)
    tell(fold, told, arrival.arrival_ms, gathering=after)
    if fold.waiting > WAITING_TOTAL_MAX:
        fullest = max(fold.gatherings.values(), key=lambda one: (len(one.waiting), one.key))
        flush(fold, fullest, arrival.arrival_ms)


def explained(fold: Fold, arrival: Arrival) -> bool:
    """Tell whether an outage may explain the alert, so that it waits for it.

    Not where something earlier of it waits to be told first.
    """
    transition, grouping = arrival.transition, arrival.grouping
    mutes = grouping.outage_mutes == "all" and bool(grouping.gateway_wait_ms)
    may_be = may_be_outage(transition, grouping) or (mutes and gathers_above(fold, transition) is not None)
    if not may_be or len(fold.firing) >= FIRING_MAX:
        return False
    gathering = fold.gatherings.get(group_key(arrival.transition, arrival.grouping))
    name = arrival.transition.fingerprint
    return gathering is None or all(one.fingerprint != name for one in gathering.waiting)


def flush(fold: Fold, gathering: Gathering, now_ms: int) -> None:
    """Tell what waits; a group in which nothing waits is closed."""
    if gathering.waiting:
        due_ms = now_ms + gathering.interval_ms
        fold.put(gathering.key, replace(gathering, due_ms=due_ms, waiting=()))
    else:
        fold.put(gathering.key, None)
    tell(fold, gathering.waiting, now_ms, gathering=gathering)


Aside = dict[str, Callable[[Transition], None]]
"""What becomes of further transitions of alerts that were held back, muted or put off within one telling."""


def tell(fold: Fold, told: Sequence[Transition], now_ms: int, *, gathering: Gathering) -> None:
    """Emit the notifications, and after each the decisions about its transitions."""
    aside: Aside = {}
    is_silence_group = is_silence_key(gathering.key)
    for part in parted(told, _begun_alike if is_silence_group else fold.change_of):
        left = [one for one in part if not _set_aside(one, aside)]
        if is_silence_group:
            left = _tell_outages(fold, left, now_ms, gathering=gathering, aside=aside)
        left = [one for one in left if not _muted(fold, one, now_ms, gathering=gathering, aside=aside)]
        groups: dict[GroupKey, list[Transition]] = {}
        for one in left:
            groups.setdefault(_key_of(fold, one, gathering), []).append(one)
        for key, some in groups.items():
            outage = outage_of(key) if some[0].phase is not Phase.FIRING else None
            _tell_or_hold(fold, some, now_ms, key=key, outage=outage, aside=aside)


def _begun_alike(transition: Transition) -> str:
    """Return what transitions of a group of silences have in common: an outage may be the second within an hour."""
    return Change.FIRING if transition.fires else change_of(transition)


def _set_aside(transition: Transition, aside: Aside) -> bool:
    """Let the transition go the way of what came before it of the same alert; tell whether it did."""
    go = aside.get(transition.fingerprint)
    if go:
        go(transition)
    return go is not None


def _tell_outages(
    fold: Fold, part: Sequence[Transition], now_ms: int, *, gathering: Gathering, aside: Aside
) -> list[Transition]:
    """Tell of outages, with what each mutes from the first; return what no outage explains."""
    silent = [one for one in part if is_silence(one) and one.fires]
    others = [one for one in part if one not in silent]
    alone: list[Transition] = []
    for key, some, outage in outages(silent, gathering, fold.firing.values()) if silent else ():
        if outage is None:
            alone += some
            continue
        behind = [one for one in others if one.fires and outage.covers(one)]
        if not _tell_or_hold(fold, some, now_ms, key=key, outage=outage, behind=behind, aside=aside):
            continue
        for one in behind:
            _mute(fold, one, key, now_ms, aside)
        others = [one for one in others if one not in behind]
    return [*alone, *others]


def _muted(fold: Fold, transition: Transition, now_ms: int, *, gathering: Gathering, aside: Aside) -> bool:
    """Mute what comes to fire behind an outage, or let it wait for one that gathers; tell whether that was done."""
    name = transition.fingerprint
    is_new = transition.fires and fold.change_of(transition) is not Change.FLAPPING
    can_wait = name in fold.firing or fold.known.get(name, UNKNOWN).number > transition.number
    if not gathering.mutes or not is_new or not can_wait:
        return False
    if standing := standing_above(fold, transition):
        fold.outages.setdefault(standing.key, standing)
        _mute(fold, transition, standing.key, now_ms, aside)
        return True
    is_put_off = not is_silence_key(gathering.key) and gathers_above(fold, transition) is not None
    if is_put_off:
        aside[name] = partial(join, fold)
        join(fold, transition)
    return is_put_off


def _mute(fold: Fold, transition: Transition, key: GroupKey, now_ms: int, aside: Aside) -> None:
    mute(fold, transition, key, now_ms)
    aside[transition.fingerprint] = partial(mute, fold, key=key, now_ms=now_ms)


def _key_of(fold: Fold, transition: Transition, gathering: Gathering) -> GroupKey:
    """Return the group that the transition is told with; what people heard of stays where they heard of it."""
    recent = fold.recent.get(transition.fingerprint)
    if recent and recent.told_key and not transition.fires:
        return recent.told_key
    if not is_silence_key(gathering.key):
        return gathering.key
    return recent.key if recent else gathering.key[:-1]


def _tell_or_hold(
    fold: Fold,
    part: Sequence[Transition],
    now_ms: int,
    *,
    key: GroupKey,
    aside: Aside,
    outage: Outage | None = None,
    behind: Sequence[Transition] = (),
) -> bool:
    """Tell of the part unless the tenant's budget has no room for it; return whether it was told."""
    if not part[0].fires or has_room(fold, part[0].tenant, now_ms):
        tell_part(fold, part, now_ms, key=key, outage=outage, behind=behind)
        return True
    _hold(fold, part, now_ms, aside)
    return False


def _hold(fold: Fold, part: Sequence[Transition], now_ms: int, aside: Aside) -> None:
    """Hold back what the tenant's budget has no room for; what still fires is told once it has."""
    held_back(fold, part)
    for transition in part:
        _hold_one(fold, now_ms, transition)
        aside[transition.fingerprint] = partial(_hold_one, fold, now_ms)


def _hold_one(fold: Fold, now_ms: int, transition: Transition) -> None:
    fold.decide(transition, Decision.HELD, "", now_ms)
    fold.hold(transition, Hold.BUDGET, now_ms)
