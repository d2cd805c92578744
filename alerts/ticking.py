"""Ticking: what an instant that has come brings: groups due, silences over, repetitions, escalations, summaries."""

from dataclasses import replace
from typing import Final

from alerts.again import Why, told_again
from alerts.batch import Batch
from alerts.budget import has_room, renew
from alerts.change import Change
from alerts.escalating import escalated
from alerts.flapping import has_settled, is_forgotten, settled
from alerts.fold import Fold
from alerts.message import Telling
from alerts.muting import end_outages
from alerts.outage import outage_of
from alerts.sending import firing_left, send, tell_again
from alerts.state import GroupKey, Hold, Recent, Stance
from alerts.telling import flush
from tocsin.core.clock import DAY_MS
from tocsin.core.life import Condition, Event, after
from tocsin.core.messages import Phase
from tocsin.core.silences import is_over

FLUSHES_MAX: Final = 200
"""Groups told in one step of a tick; the rest follow in the next, once these are published."""

FORGET_MS: Final = 2 * DAY_MS
"""How long copies of an alert's last transition are known; the change feed keeps records for one day."""


def tick(fold: Fold, batch: Batch, tick_ms: int) -> bool:
    """Tell what is due, close what is quiet, forget what is over; return whether more is due."""
    due = [one for one in fold.gatherings.values() if one.due_ms <= tick_ms]
    due.sort(key=lambda one: (one.due_ms, one.key))
    for gathering in due[:FLUSHES_MAX]:
        flush(fold, fold.gatherings[gathering.key], tick_ms)  # what was due before it may have joined it
    end_outages(fold)
    _end_silences(fold, tick_ms)
    renew(fold, tick_ms)
    _settle(fold, tick_ms)
    left = FLUSHES_MAX - min(FLUSHES_MAX, len(due))
    more = _tell_again(fold, batch, tick_ms, left)
    _forget(fold, tick_ms)
    return len(due) > FLUSHES_MAX or more


def _tell_again(fold: Fold, batch: Batch, tick_ms: int, left: int) -> bool:
    """Repeat, tell late and escalate, at most ``left`` notifications; return whether there is more."""
    silences = (*batch.silences, *fold.silences.values())
    found_again = told_again(fold.firing, silences, tick_ms, outages=fold.outages)
    # Tenants without room left keep the others waiting for nothing.
    again = {pair: found for pair, found in found_again.items() if has_room(fold, pair[0][0], tick_ms)}
    for (key, why), found in list(again.items())[:left]:
        if not tell_again(fold, found, why, tick_ms, key=key):
            left += 1
    steps = escalated(fold.firing, batch.escalations, silences, tick_ms)
    for (key, step), found in list(steps.items())[: max(0, left - len(again))]:
        part = [one.transition for one in found]
        said = Telling(
            Change.ESCALATED,
            why=step.why,
            again_ms=tick_ms,
            escalation=step.name,
            outage=outage_of(key),
            left=firing_left(fold, key, part),
        )
        send(fold, part, key, said)
        for one in found:
            fold.firing[one.transition.fingerprint] = replace(one, steps=(*one.steps, step.name))
    return len(again) + len(steps) > left


def _settle(fold: Fold, tick_ms: int) -> None:
    """Let alerts that flapped and stay as they are be told of once more."""
    over: dict[GroupKey, list[Recent]] = {}
    for name, one in sorted(fold.recent.items()):
        if not has_settled(one, tick_ms):
            continue
        assert one.flapping is not None, name
        fold.note(settled(one))
        firing = fold.firing.get(name)
        if firing and one.flapping.phase is Phase.FIRING:
            condition = after(Condition.FLAPPING, Event.STAYED)
            fold.firing[name] = replace(firing, condition=condition, stance=Stance.HELD, held_by=Hold.FLAPPING)
        elif one.send_resolved and one.flapping.phase is not Phase.FIRING:
            over.setdefault(one.told_key or one.key, []).append(one)
    for key, found in sorted(over.items()):
        part = [one.flapping for one in found if one.flapping]
        left = firing_left(fold, key, part)
        told = Telling(Change.RESOLVED, why=Why.SETTLED, again_ms=tick_ms, outage=outage_of(key), left=left)
        send(fold, part, key, told)


def _end_silences(fold: Fold, tick_ms: int) -> None:
    over = [name for name, silence in fold.silences.items() if is_over(silence, tick_ms)]
    for name in over:
        del fold.silences[name]
    fold.changed = fold.changed or bool(over)


def _forget(fold: Fold, tick_ms: int) -> None:
    quiet = [
        name
        for name, known in fold.known.items()
        if not known.told and known.seen_ms + FORGET_MS <= tick_ms and name not in fold.firing
    ]
    quiet = [name for name in quiet if name not in fold.recent or not fold.recent[name].flapping]
    for name in quiet:
        del fold.known[name]
    done = [name for name, arrival_ms in fold.acted.items() if arrival_ms + FORGET_MS <= tick_ms]
    for name in done:
        del fold.acted[name]
    past = [name for name, one in fold.recent.items() if is_forgotten(one, tick_ms) and name not in fold.firing]
    for name in past:
        del fold.recent[name]
    fold.changed = fold.changed or bool(quiet or done or past)
