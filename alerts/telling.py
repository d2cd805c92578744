"""Telling: what waits in groups of alerts becomes notifications, and each transition gets its decision."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from alerts.again import Why
from alerts.batch import Arrival
from alerts.budget import has_room, held_back, spend
from alerts.change import Change
from alerts.fold import FIRING_MAX, Fold
from alerts.grouping import gather, group_key, parted
from alerts.lanes import notification_entry
from alerts.message import Telling, notification
from alerts.outage import Outage, is_silence_key, may_be_outage, outages, silence_key
from alerts.state import Firing, Gathering, GroupKey, Hold, Known, Stance
from tocsin.core.life import Condition
from tocsin.core.messages import Decision, Phase, Transition

WAITING_TOTAL_MAX: Final = 2_000
"""Transitions that wait in all groups of a key group; the fullest group is told above that."""


def fire(fold: Fold, arrival: Arrival, stance: Stance, condition: Condition, *, in_outage: bool = False) -> None:
    """Remember an alert that fires, as long as there is room."""
    transition = arrival.transition
    if len(fold.firing) < FIRING_MAX:
        fold.firing[transition.fingerprint] = Firing(
            replace(transition, evidence=replace(transition.evidence, panes=())),
            group_key(transition, arrival.grouping),
            stance,
            arrival.arrival_ms,
            arrival.grouping.repeat_ms,
            condition=condition,
            in_outage=in_outage,
        )


def wait(fold: Fold, arrival: Arrival, *, in_outage: bool) -> None:
    """Let the transition be told with its group of alerts: at once, or once the group has gathered.

    Args:
        fold: Takes the notifications.
        arrival: What is to be told.
        in_outage: Whether an outage may explain the alert, so that it waits for others like it.
    """
    transition, grouping = arrival.transition, arrival.grouping
    key = group_key(transition, grouping)
    earlier = fold.gatherings.get(silence_key(transition, grouping))
    if not in_outage and earlier and any(one.fingerprint == transition.fingerprint for one in earlier.waiting):
        flush(fold, earlier, arrival.arrival_ms)  # what came before it is told before it
    if in_outage:
        grouping = msgspec.structs.replace(grouping, wait_ms=grouping.gateway_wait_ms)
        key = silence_key(transition, grouping)
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
    """Tell whether an outage may explain the alert; not where something earlier of it waits to be told first."""
    if not may_be_outage(arrival.transition, arrival.grouping) or len(fold.firing) >= FIRING_MAX:
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


def tell(fold: Fold, told: Sequence[Transition], now_ms: int, *, gathering: Gathering) -> None:
    """Emit the notifications, and after each the decisions about its transitions."""
    held: set[str] = set()
    for part in parted(told, fold.change_of):
        left = tuple(one for one in part if one.fingerprint not in held)
        for one in part:
            if one.fingerprint in held:
                fold.decide(one, Decision.HELD, "", now_ms)
        for key, some, outage in _scopes(fold, left, gathering):
            if some[0].fires and not has_room(fold, some[0].tenant, now_ms):
                _hold(fold, some, now_ms)
                held |= {one.fingerprint for one in some}
            else:
                _tell_part(fold, some, now_ms, key=key, outage=outage)


def _scopes(
    fold: Fold, part: tuple[Transition, ...], gathering: Gathering
) -> Iterable[tuple[GroupKey, tuple[Transition, ...], Outage | None]]:
    """Return what is told together: a group, or where devices fell silent each outage by itself, and the others."""
    if not part:
        return ()
    if not is_silence_key(gathering.key):
        return ((gathering.key, part, None),)
    return outages(part, gathering, fold.firing.values())


def _hold(fold: Fold, part: Sequence[Transition], now_ms: int) -> None:
    """Hold back what the tenant's budget has no room for; what still fires is told once it has."""
    held_back(fold, part)
    for transition in part:
        name = transition.fingerprint
        fold.decide(transition, Decision.HELD, "", now_ms)
        fold.known[name] = replace(fold.known.get(name, Known(transition.number, 0, now_ms)), told=0)
        if firing := fold.firing.get(name):
            fold.firing[name] = replace(firing, stance=Stance.HELD, held_by=Hold.BUDGET, at_ms=now_ms, in_outage=False)


def _tell_part(fold: Fold, part: Sequence[Transition], now_ms: int, *, key: GroupKey, outage: Outage | None) -> None:
    told = Telling(fold.change_of(part[0]), outage=outage, left=_left(fold, key, part, outage))
    message_id = send(fold, part, key, told)
    decision = Decision.SENT if len(part) == 1 else Decision.GROUPED
    is_muted = outage is not None and part[0].phase is Phase.FIRING
    for transition in part:
        fold.decide(transition, Decision.INHIBITED if is_muted else decision, message_id, now_ms)
        firing = fold.firing.get(transition.fingerprint)
        if firing and firing.transition.number == transition.number:
            fold.firing[transition.fingerprint] = replace(
                firing,
                stance=Stance.TOLD,
                at_ms=now_ms,
                in_outage=is_muted,
                since_ms=firing.since_ms or now_ms,
            )


def tell_again(fold: Fold, found: Sequence[Firing], why: Why, tick_ms: int, *, key: GroupKey) -> bool:
    """Tell of alerts about whose transitions was decided before; return whether the budget had room for it."""
    if not has_room(fold, key[0], tick_ms):
        return False
    told = Telling(Change.STILL_FIRING, why=why, again_ms=tick_ms, left=len(found))
    send(fold, [one.transition for one in found], key, told)
    for one in found:
        name = one.transition.fingerprint
        is_new = why is not Why.REPEAT
        fold.firing[name] = replace(
            one,
            stance=Stance.TOLD,
            at_ms=tick_ms,
            condition=Condition.FIRING if one.condition is Condition.ACKNOWLEDGED else one.condition,
            acked_by="",
            until_ms=None,
            since_ms=tick_ms if is_new else one.since_ms,
            steps=() if is_new else one.steps,
        )
        known = fold.known.get(name, Known(one.transition.number, 0, tick_ms))
        fold.known[name] = replace(known, told=one.transition.episode)
    fold.changed = True
    return True


def send(fold: Fold, part: Sequence[Transition], key: GroupKey, told: Telling) -> str:
    """Emit a notification; return its id."""
    tenant = key[0]
    fold.numbers[tenant] = fold.numbers.get(tenant, 0) + 1
    message = notification(part, key=key, number=fold.numbers[tenant], told=told)
    fold.emitted.append(notification_entry(message))
    spend(fold, tenant, message.at_ms)
    fold.changed = True
    return message.id


def _left(fold: Fold, key: GroupKey, part: Sequence[Transition], outage: Outage | None) -> int:
    """Return how many alerts of the group, or of the outage, people know to fire once the part is told."""
    if outage is None:
        return firing_left(fold, key, part)
    now = {one.fingerprint for one in part}
    others = (one for name, one in fold.firing.items() if one.in_outage and name not in now)
    known = sum(
        one.stance is Stance.TOLD
        and one.transition.tenant == key[0]
        and str(getattr(one.transition, outage.what)) == outage.name
        for one in others
    )
    return known + (len(part) if part[0].phase is Phase.FIRING else 0)


def firing_left(fold: Fold, key: GroupKey, part: Sequence[Transition]) -> int:
    """Return how many alerts of the group people know to fire, once the part is told."""
    again = [one for one in map(fold.firing.get, {one.fingerprint for one in part}) if one and one.key == key]
    others = fold.firing.told[key] - sum(one.stance is Stance.TOLD for one in again)
    return others + (len(part) if part[0].phase is Phase.FIRING else 0)
