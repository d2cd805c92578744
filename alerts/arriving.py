"""Arriving: what a transition or a person's action changes, and whether the transition is told."""

from dataclasses import replace
from typing import Final

from alerts.batch import Arrival
from alerts.flapping import bare, ended, fired, flaps
from alerts.fold import FIRING_MAX, UNKNOWN, Fold
from alerts.grouping import is_told
from alerts.lanes import off_list_entry, open_entry
from alerts.muting import listed, mutes_arriving
from alerts.people import SILENCES_MAX, Acted, after_action, is_silenced, silence_of
from alerts.state import Firing, Hold, Known, Stance
from alerts.telling import explained, fire, wait
from tocsin.core.actions import ActionKind
from tocsin.core.life import Condition, Event, after
from tocsin.core.messages import Amendment, Decision, Phase, Transition

HELD_AS: Final = {Hold.SILENCE: Decision.SILENCED, Hold.OUTAGE: Decision.INHIBITED}
"""What is recorded of an alert that is held back; else held."""


def act(fold: Fold, acted: Acted) -> None:
    """Take what a person did, unless it is a copy."""
    action = acted.action
    if action.id in fold.acted:
        return
    fold.changed = True
    fold.acted[action.id] = acted.arrival_ms
    if action.kind is ActionKind.UNSILENCE:
        fold.silences.pop((action.tenant, action.silence_id), None)
    if (silence := silence_of(action)) and len(fold.silences) < SILENCES_MAX:
        fold.silences[action.tenant, action.id] = silence
    if firing := fold.firing.get(action.fingerprint):
        moved = fold.firing[action.fingerprint] = after_action(firing, action)
        if moved.condition is Condition.CLOSED is not firing.condition:
            fold.emitted.append(off_list_entry(firing.transition))


def arrive(fold: Fold, arrival: Arrival) -> None:
    """Decide about one transition, unless it is a copy."""
    transition = arrival.transition
    known = fold.known.get(transition.fingerprint, UNKNOWN)
    if transition.number <= known.number:
        return
    fold.changed = True
    missed = transition.number - known.number - 1 if known.number else 0
    fold.gaps += missed
    if transition.shadow_of and not known.told:  # what was told while the rule was live is told to its end
        fold.known[transition.fingerprint] = Known(transition.number, 0, arrival.arrival_ms)
        fold.decide(transition, Decision.SHADOWED, "", arrival.arrival_ms)
        return
    before = fold.firing.take(transition.fingerprint)
    is_firing = transition.phase is Phase.FIRING
    is_closed = before is not None and before.condition is Condition.CLOSED
    if (is_firing and not is_closed) or transition.phase_from is Phase.FIRING or missed:
        fold.emitted.append(open_entry(transition, is_open=is_firing and not is_closed))
    if before and before.muting and not is_firing:
        fold.list_muted(transition, None)
    kept = _kept(fold, arrival, before, known)
    is_known = kept is None or (known.told and before is not None) or _flaps(fold, transition)
    told = transition.episode if is_firing and is_known else 0
    fold.known[transition.fingerprint] = Known(transition.number, told, arrival.arrival_ms)
    if kept is None:
        wait(fold, arrival, in_outage=_in_outage(fold, transition, before))
    else:
        muted = fold.firing.get(transition.fingerprint) or before
        muting = muted.muting if muted and kept is Decision.INHIBITED else None
        fold.decide(transition, kept, "", arrival.arrival_ms, muting=muting)


def _flaps(fold: Fold, transition: Transition) -> bool:
    recent = fold.recent.get(transition.fingerprint)
    return recent is not None and recent.flapping is not None


def _in_outage(fold: Fold, transition: Transition, before: Firing | None) -> bool:
    firing = fold.firing.get(transition.fingerprint) if transition.phase is Phase.FIRING else before
    return firing is not None and firing.in_outage


def _kept(fold: Fold, arrival: Arrival, before: Firing | None, known: Known) -> Decision | None:
    """Return why the transition is not told, or None where it is; remember what fires."""
    if _flaps(fold, arrival.transition) and arrival.transition.phase is not Phase.EXPIRED:
        return _kept_flapping(fold, arrival)
    if arrival.transition.phase is not Phase.FIRING:
        return _kept_end(fold, arrival, before, known)
    if before is not None and not arrival.transition.fires:
        return _kept_change(fold, arrival, before, known)
    return _kept_firing(fold, arrival)


def _kept_flapping(fold: Fold, arrival: Arrival) -> Decision:
    """A flapping alert was told once: what it does is recorded until it stays as it is."""
    name = arrival.transition.fingerprint
    fold.note(flaps(fold.recent[name], arrival))
    if arrival.transition.phase is Phase.FIRING:
        fire(fold, arrival, Stance.TOLD, Condition.FLAPPING)
    return Decision.HELD


def _kept_firing(fold: Fold, arrival: Arrival) -> Decision | None:
    """What comes to fire is told unless it is too mild or silenced."""
    transition = arrival.transition
    recent, event = fired(fold.recent.get(transition.fingerprint), arrival)
    silences = (*arrival.silences, *fold.silences.values())
    is_silent = len(fold.firing) < FIRING_MAX and is_silenced(transition, silences, arrival.arrival_ms)
    if not is_told(transition, 0, arrival.grouping):
        fold.note(replace(recent, told_as=(0, Event.HELD)))
        return Decision.QUIET
    if is_silent:
        fold.note(replace(recent, told_as=(0, Event.HELD)))
        fire(fold, arrival, Stance.HELD, Condition.FIRING)
        return Decision.SILENCED
    if outage := mutes_arriving(fold, transition, arrival.grouping):
        fold.note(replace(recent, told_as=(0, Event.HELD)))
        fire(fold, arrival, Stance.HELD, Condition.FIRING, muting=listed(fold, outage, transition))
        return Decision.INHIBITED
    fold.note(flaps(recent, arrival) if event is Event.FLAPPED else recent)
    origin = Condition(transition.phase_from) if transition.fires else Condition.INACTIVE
    in_outage = event is not Event.FLAPPED and explained(fold, arrival)
    fire(fold, arrival, Stance.WAITING, after(origin, event), in_outage=in_outage)
    return None


def _kept_change(fold: Fold, arrival: Arrival, before: Firing, known: Known) -> Decision | None:
    """What fires already and changes is told to those who know of it; what gets worse to all."""
    transition, now_ms = arrival.transition, arrival.arrival_ms
    event = _change_event(transition)
    moved = replace(
        before, transition=bare(transition), condition=after(before.condition, event) if event else before.condition
    )
    fold.firing[transition.fingerprint] = moved
    if before.condition is Condition.CLOSED:
        return Decision.QUIET
    if before.stance is Stance.HELD:
        return HELD_AS.get(before.held_by, Decision.HELD)
    if is_silenced(transition, (*arrival.silences, *fold.silences.values()), now_ms):
        if event is Event.ROSE:
            fold.firing[transition.fingerprint] = replace(moved, stance=Stance.HELD, held_by=Hold.SILENCE, at_ms=now_ms)
        return Decision.SILENCED
    if event is Event.ROSE:
        fold.firing[transition.fingerprint] = replace(moved, acked_by="", until_ms=None, since_ms=0, steps=())
    is_known = known.told == transition.episode
    return None if is_known or is_told(transition, 0, arrival.grouping) else Decision.QUIET


def _change_event(transition: Transition) -> Event | None:
    if transition.amendment or transition.severity_from is None:
        return None
    return Event.ROSE if transition.severity_heard is transition.severity else Event.EASED


def _kept_end(fold: Fold, arrival: Arrival, before: Firing | None, known: Known) -> Decision | None:
    """What is over is told to those who were told that it fires, whatever is silenced by now."""
    transition = arrival.transition
    recent = fold.recent.get(transition.fingerprint)
    kept = _kept_over(arrival, before, known)
    if recent and transition.phase_from is Phase.FIRING:
        fold.note(replace(ended(recent, arrival, is_told=kept is None), flapping=None))
    if transition.amendment is Amendment.WITHDRAWN and transition.phase_from is transition.phase:
        return (
            None if recent and recent.told == transition.episode and arrival.grouping.send_resolved else Decision.QUIET
        )
    return kept


def _kept_over(arrival: Arrival, before: Firing | None, known: Known) -> Decision | None:
    if before and before.stance is Stance.HELD:
        return HELD_AS.get(before.held_by, Decision.HELD)
    is_closed = before is not None and before.condition is Condition.CLOSED
    is_quiet = is_closed or not is_told(arrival.transition, known.told, arrival.grouping)
    return Decision.QUIET if is_quiet else None
