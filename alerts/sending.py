"""Sending: notifications as they go out, for the first time or again, and what is remembered of who was told."""

from collections.abc import Sequence
from dataclasses import replace

from alerts.again import Why
from alerts.budget import has_room, spend
from alerts.change import Change
from alerts.fold import Fold
from alerts.lanes import notification_entry
from alerts.message import Telling, notification
from alerts.muting import muted_meanwhile, muted_now, stood
from alerts.outage import Outage, outage_of
from alerts.standing import Muting
from alerts.state import Firing, GroupKey, Known, Stance
from tocsin.core.life import Condition
from tocsin.core.messages import Decision, Phase, Transition


def tell_part(
    fold: Fold,
    part: Sequence[Transition],
    now_ms: int,
    *,
    key: GroupKey,
    outage: Outage | None,
    behind: Sequence[Transition],
) -> None:
    """Tell of the part, and decide about each of its transitions.

    Args:
        fold: Takes the notification.
        part: What is told alike.
        now_ms: When.
        key: The group that it is told with.
        outage: Which one it is, or is the end of; or None.
        behind: What the outage mutes from the first.
    """
    begins = outage if part[0].phase is Phase.FIRING else None
    muting = None
    if begins:
        standing = fold.outages[key] = stood(fold.outages.get(key), begins, part)
        muting = Muting(standing.words, standing.by)
    lines = (*muted_now(behind), *muted_meanwhile(fold, part))
    told = Telling(fold.change_of(part[0]), outage=outage, left=firing_left(fold, key, part), muted=lines)
    message_id = send(fold, part, key, told)
    decision = Decision.SENT if len(part) == 1 else Decision.GROUPED
    for transition in part:
        fold.decide(transition, Decision.INHIBITED if begins else decision, message_id, now_ms, muting=muting)
        _note_group(fold, transition, key)
        firing = fold.firing.get(transition.fingerprint)
        if firing and firing.transition.number == transition.number:
            fold.firing[transition.fingerprint] = replace(
                firing,
                key=key,
                stance=Stance.TOLD,
                at_ms=now_ms,
                in_outage=begins is not None,
                since_ms=firing.since_ms or now_ms,
            )


def tell_again(fold: Fold, found: Sequence[Firing], why: Why, tick_ms: int, *, key: GroupKey) -> bool:
    """Tell of alerts about whose transitions was decided before; return whether the budget had room for it."""
    if not has_room(fold, key[0], tick_ms):
        return False
    change = Change.FIRING if why is Why.OUTAGE_OVER else Change.STILL_FIRING
    part = [one.transition for one in found]
    told = Telling(change, why=why, again_ms=tick_ms, outage=outage_of(key), left=firing_left(fold, key, part))
    send(fold, part, key, told)
    for one in found:
        name = one.transition.fingerprint
        _note_group(fold, one.transition, key)
        if one.muting:
            fold.list_muted(one.transition, None)
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
            muting=None,
        )
        known = fold.known.get(name, Known(one.transition.number, 0, tick_ms))
        fold.known[name] = replace(known, told=one.transition.episode)
    fold.changed = True
    return True


def _note_group(fold: Fold, transition: Transition, key: GroupKey) -> None:
    """Remember with which group people heard of what fires: there they will look for its end."""
    recent = fold.recent.get(transition.fingerprint)
    if recent and transition.phase is Phase.FIRING and recent.told_key != key:
        fold.note(replace(recent, told_key=key))


def send(fold: Fold, part: Sequence[Transition], key: GroupKey, told: Telling) -> str:
    """Emit a notification; return its id."""
    tenant = key[0]
    fold.numbers[tenant] = fold.numbers.get(tenant, 0) + 1
    message = notification(part, key=key, number=fold.numbers[tenant], told=told)
    fold.emitted.append(notification_entry(message))
    spend(fold, tenant, message.at_ms)
    fold.changed = True
    return message.id


def firing_left(fold: Fold, key: GroupKey, part: Sequence[Transition]) -> int:
    """Return how many alerts of the group people know to fire, once the part is told."""
    again = [one for one in map(fold.firing.get, {one.fingerprint for one in part}) if one and one.key == key]
    others = fold.firing.told[key] - sum(one.stance is Stance.TOLD for one in again)
    return others + (len(part) if part[0].phase is Phase.FIRING else 0)
