"""The pure step of the stage: transitions, actions and ticks in; notifications, decisions and open alerts out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from alerts.again import Why, told_again
from alerts.batch import Arrival, Batch
from alerts.grouping import gather, group_key, is_told, parted
from alerts.lanes import decision_entry, notification_entry, off_list_entry, open_entry
from alerts.message import notification
from alerts.outage import is_outage_key, may_be_outage, outage_key, split_outage
from alerts.people import SILENCES_MAX, Acted, after_action, is_silenced, silence_of
from alerts.state import AlertsState, Firing, Gathering, GroupKey, Known, Stance
from tocsin.core.actions import ActionKind
from tocsin.core.clock import DAY_MS
from tocsin.core.machine import Entry, Step
from tocsin.core.messages import AlertRef, Decision, DecisionRecord, Phase, Transition
from tocsin.core.silences import Silence, is_over

WAITING_TOTAL_MAX: Final = 2_000
"""Transitions that wait in all groups of a key group; the fullest group is told above that."""

FIRING_MAX: Final = 2_000
"""Alerts of a key group that can be held back, acknowledged or repeated; further ones are told once."""

FLUSHES_MAX: Final = 200
"""Groups told in one step of a tick; the rest follow in the next, once these are published."""

FORGET_MS: Final = 2 * DAY_MS
"""How long copies of an alert's last transition are known; the change feed keeps records for one day."""

_UNKNOWN: Final = Known(0, 0, 0)


def step(state: AlertsState, batch: Batch) -> Step[AlertsState, Batch]:
    """Fold the batch; copies, and ticks at which nothing is due, change nothing."""
    fold = _Fold(state)
    for arrival in batch.arrivals:
        if isinstance(arrival, Acted):
            fold.act(arrival)
        else:
            fold.arrive(arrival)
    rest = None
    if batch.tick_ms is not None and fold.tick(batch.tick_ms, batch.silences):
        rest = replace(batch, arrivals=())
    return Step(fold.state(), tuple(fold.emitted), rest)


class _Fold:
    """A copy of the state that one step works on."""

    def __init__(self, before: AlertsState) -> None:
        self.emitted: list[Entry] = []
        self._before = before
        self._changed = False
        self._known = dict(before.known)
        self._gatherings = dict(before.gatherings)
        self._numbers = dict(before.numbers)
        self._gaps = before.gaps
        self._firing = dict(before.firing)
        self._silences = dict(before.silences)
        self._acted = dict(before.acted)
        self._waiting = sum(len(gathering.waiting) for gathering in before.gatherings.values())

    def state(self) -> AlertsState:
        """Return the state afterwards; the very same object where nothing changed."""
        if not self._changed:
            return self._before
        return AlertsState(
            self._known,
            self._gatherings,
            self._numbers,
            self._gaps,
            self._firing,
            self._silences,
            self._acted,
        )

    def act(self, acted: Acted) -> None:
        """Take what a person did, unless it is a copy."""
        action = acted.action
        if action.id in self._acted:
            return
        self._changed = True
        self._acted[action.id] = acted.arrival_ms
        if action.kind is ActionKind.UNSILENCE:
            self._silences.pop((action.tenant, action.silence_id), None)
        if (silence := silence_of(action)) and len(self._silences) < SILENCES_MAX:
            self._silences[action.tenant, action.id] = silence
        if firing := self._firing.get(action.fingerprint):
            after = self._firing[action.fingerprint] = after_action(firing, action)
            if after.is_closed and not firing.is_closed:
                self.emitted.append(off_list_entry(firing.transition))

    def arrive(self, arrival: Arrival) -> None:
        """Decide about one transition, unless it is a copy."""
        transition = arrival.transition
        known = self._known.get(transition.fingerprint, _UNKNOWN)
        if transition.number <= known.number:
            return
        self._changed = True
        missed = transition.number - known.number - 1 if known.number else 0
        self._gaps += missed
        if transition.shadow_of and not known.told:  # what was told while the rule was live is told to its end
            self._known[transition.fingerprint] = Known(transition.number, 0, arrival.arrival_ms)
            self._decide(transition, Decision.SHADOWED, "", arrival.arrival_ms)
            return
        is_firing = transition.phase is Phase.FIRING
        told = is_told(transition, known.told, arrival.grouping)
        before = self._firing.pop(transition.fingerprint, None)
        held = self._held(arrival, before) if is_firing or before else None
        told = told and held is None
        self._known[transition.fingerprint] = Known(
            transition.number, transition.episode if told and is_firing else 0, arrival.arrival_ms
        )
        if is_firing or transition.phase_from is Phase.FIRING or missed:
            self.emitted.append(open_entry(transition, is_open=is_firing))
        if told:
            self._gather(arrival, before)
        else:
            self._decide(transition, held or Decision.QUIET, "", arrival.arrival_ms)

    def _held(self, arrival: Arrival, before: Firing | None) -> Decision | None:
        """Return why the transition is not told though it would be, or None."""
        transition = arrival.transition
        if transition.phase is not Phase.FIRING:
            if before and before.stance is Stance.HELD:
                return Decision.SILENCED
            return Decision.QUIET if before and before.is_closed else None
        silences = (*arrival.silences, *self._silences.values())
        if len(self._firing) >= FIRING_MAX or not is_silenced(transition, silences, arrival.arrival_ms):
            return None
        if not is_told(transition, 0, arrival.grouping):
            return Decision.QUIET
        self._fire(arrival, Stance.HELD)
        return Decision.SILENCED

    def _fire(self, arrival: Arrival, stance: Stance, *, in_outage: bool = False) -> None:
        """Remember an alert that fires, as long as there is room."""
        transition = arrival.transition
        if len(self._firing) < FIRING_MAX:
            self._firing[transition.fingerprint] = Firing(
                replace(transition, evidence=replace(transition.evidence, panes=())),
                group_key(transition, arrival.grouping),
                stance,
                arrival.arrival_ms,
                arrival.grouping.repeat_ms,
                in_outage=in_outage,
            )

    def _waits_in(self, arrival: Arrival) -> bool:
        """Tell whether something earlier of the alert waits in its group of alerts: it must be told first."""
        gathering = self._gatherings.get(group_key(arrival.transition, arrival.grouping))
        name = arrival.transition.fingerprint
        return gathering is not None and any(one.fingerprint == name for one in gathering.waiting)

    def _gather(self, arrival: Arrival, before: Firing | None) -> None:
        transition, grouping = arrival.transition, arrival.grouping
        if transition.phase is Phase.FIRING:
            is_silence = may_be_outage(transition, grouping) and not self._waits_in(arrival)
            self._fire(arrival, Stance.WAITING, in_outage=is_silence)
            is_silence = is_silence and transition.fingerprint in self._firing
        else:
            is_silence = before is not None and before.in_outage
        if is_silence:
            grouping = msgspec.structs.replace(grouping, wait_ms=grouping.gateway_wait_ms)
        key = outage_key(transition) if is_silence else group_key(transition, grouping)
        after, told = gather(
            self._gatherings.get(key),
            transition,
            key=key,
            arrival_ms=arrival.arrival_ms,
            grouping=grouping,
            devices_min=grouping.gateway_devices_min if is_silence else 0,
        )
        self._put(key, after)
        self._tell(told, arrival.arrival_ms, gathering=after)
        if self._waiting > WAITING_TOTAL_MAX:
            fullest = max(self._gatherings.values(), key=lambda one: (len(one.waiting), one.key))
            self._flush(fullest, arrival.arrival_ms)

    def tick(self, tick_ms: int, silences: tuple[Silence, ...]) -> bool:
        """Tell what is due, close what is quiet, forget what is over; return whether more is due."""
        due = [one for one in self._gatherings.values() if one.due_ms <= tick_ms]
        due.sort(key=lambda one: (one.due_ms, one.key))
        for gathering in due[:FLUSHES_MAX]:
            self._flush(gathering, tick_ms)
        self._end_silences(tick_ms)
        again = told_again(self._firing, (*silences, *self._silences.values()), tick_ms)
        left = FLUSHES_MAX - min(FLUSHES_MAX, len(due))
        for (key, why), found in list(again.items())[:left]:
            self._tell_again(found, why, tick_ms, key=key)
        self._forget(tick_ms)
        return len(due) + len(again) > FLUSHES_MAX

    def _end_silences(self, tick_ms: int) -> None:
        over = [name for name, silence in self._silences.items() if is_over(silence, tick_ms)]
        for name in over:
            del self._silences[name]
        self._changed = self._changed or bool(over)

    def _forget(self, tick_ms: int) -> None:
        over = [
            fingerprint
            for fingerprint, known in self._known.items()
            if not known.told and known.seen_ms + FORGET_MS <= tick_ms and fingerprint not in self._firing
        ]
        for fingerprint in over:
            del self._known[fingerprint]
        done = [name for name, arrival_ms in self._acted.items() if arrival_ms + FORGET_MS <= tick_ms]
        for name in done:
            del self._acted[name]
        self._changed = self._changed or bool(over or done)

    def _flush(self, gathering: Gathering, now_ms: int) -> None:
        """Tell what waits; a group in which nothing waits is closed."""
        if gathering.waiting:
            due_ms = now_ms + gathering.interval_ms
            self._put(gathering.key, replace(gathering, due_ms=due_ms, waiting=()))
        else:
            self._put(gathering.key, None)
        self._tell(gathering.waiting, now_ms, gathering=gathering)

    def _put(self, key: GroupKey, gathering: Gathering | None) -> None:
        before = self._gatherings.pop(key, None)
        self._waiting -= len(before.waiting) if before else 0
        if gathering:
            self._gatherings[key] = gathering
            self._waiting += len(gathering.waiting)
        self._changed = True

    def _tell(self, told: Sequence[Transition], now_ms: int, *, gathering: Gathering) -> None:
        """Emit the notifications, and after each the decisions about its transitions."""
        key = gathering.key
        for part in parted(told):
            if not is_outage_key(key) or part[0].phase is not Phase.FIRING:
                self._tell_part(part, now_ms, key=key)
                continue
            outage, others = split_outage(part, gathering.devices_min, self._firing.values())
            if outage:
                self._tell_part(outage, now_ms, key=key, is_outage=True)
            if others:
                self._tell_part(others, now_ms, key=key[:-1])

    def _tell_part(self, part: Sequence[Transition], now_ms: int, *, key: GroupKey, is_outage: bool = False) -> None:
        message_id = self._send(part, key)
        decision = Decision.SENT if len(part) == 1 else Decision.GROUPED
        for transition in part:
            self._decide(transition, Decision.INHIBITED if is_outage else decision, message_id, now_ms)
            firing = self._firing.get(transition.fingerprint)
            if firing and firing.transition.number == transition.number:
                self._firing[transition.fingerprint] = replace(
                    firing, stance=Stance.TOLD, at_ms=now_ms, in_outage=is_outage
                )

    def _tell_again(self, found: Sequence[Firing], why: Why, tick_ms: int, *, key: GroupKey) -> None:
        """Tell of alerts about whose transitions was decided before."""
        self._send([one.transition for one in found], key, why=why, now_ms=tick_ms)
        for one in found:
            name = one.transition.fingerprint
            self._firing[name] = replace(one, stance=Stance.TOLD, at_ms=tick_ms, acked_by="", until_ms=None)
            known = self._known.get(name, Known(one.transition.number, 0, tick_ms))
            self._known[name] = replace(known, told=one.transition.episode)
        self._changed = True

    def _send(self, part: Sequence[Transition], key: GroupKey, *, why: Why | None = None, now_ms: int = 0) -> str:
        """Emit a notification; return its id."""
        tenant = part[0].tenant
        self._numbers[tenant] = self._numbers.get(tenant, 0) + 1
        message = notification(part, key=key, number=self._numbers[tenant], why=why or "", again_ms=now_ms)
        self.emitted.append(notification_entry(message))
        return message.id

    def _decide(self, transition: Transition, decision: Decision, notification_id: str, now_ms: int) -> None:
        alert = AlertRef(transition.fingerprint, transition.episode, transition.number)
        record = DecisionRecord(transition.tenant, transition.device, alert, decision, notification_id, now_ms)
        self.emitted.append(decision_entry(record))
