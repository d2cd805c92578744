"""The pure step of the stage: transitions and ticks in; notifications, decisions and the open alerts out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from alerts.grouping import gather, group_key, is_told, parted
from alerts.lanes import decision_entry, notification_entry, open_entry
from alerts.message import notification
from alerts.state import AlertsState, Gathering, GroupKey, Known
from tocsin.core.clock import DAY_MS
from tocsin.core.machine import Entry, Step
from tocsin.core.messages import AlertRef, Decision, DecisionRecord, Phase, Transition
from tocsin.core.plan.model import Grouping

WAITING_TOTAL_MAX: Final = 2_000
"""Transitions that wait in all groups of a key group; the fullest group is told above that."""

FLUSHES_MAX: Final = 200
"""Groups told in one step of a tick; the rest follow in the next, once these are published."""

FORGET_MS: Final = 2 * DAY_MS
"""How long copies of an alert's last transition are known; the change feed keeps records for one day."""

_UNKNOWN: Final = Known(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A transition that arrived on the change feed.

    Attributes:
        transition: What happened.
        arrival_ms: When the feed took it: the same in every delivery.
        grouping: What the plan under which it was judged asks for.
    """

    transition: Transition
    arrival_ms: int
    grouping: Grouping


@dataclass(frozen=True, slots=True)
class Batch:
    """What is folded at once.

    Attributes:
        arrivals: Transitions of tenants of the key group, in the feed's order.
        tick_ms: An instant that has come after them, or None.
    """

    arrivals: tuple[Arrival, ...] = ()
    tick_ms: int | None = None


def step(state: AlertsState, batch: Batch) -> Step[AlertsState, Batch]:
    """Fold the batch; copies, and ticks at which nothing is due, change nothing."""
    fold = _Fold(state)
    for arrival in batch.arrivals:
        fold.arrive(arrival)
    rest = None
    if batch.tick_ms is not None and fold.tick(batch.tick_ms):
        rest = Batch(tick_ms=batch.tick_ms)
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
        self._waiting = sum(len(gathering.waiting) for gathering in before.gatherings.values())

    def state(self) -> AlertsState:
        """Return the state afterwards; the very same object where nothing changed."""
        if not self._changed:
            return self._before
        return AlertsState(self._known, self._gatherings, self._numbers, self._gaps)

    def arrive(self, arrival: Arrival) -> None:
        """Decide about one transition, unless it is a copy."""
        transition = arrival.transition
        known = self._known.get(transition.fingerprint, _UNKNOWN)
        if transition.number <= known.number:
            return
        self._changed = True
        missed = transition.number - known.number - 1 if known.number else 0
        self._gaps += missed
        is_firing = transition.phase is Phase.FIRING
        told = is_told(transition, known.told, arrival.grouping)
        self._known[transition.fingerprint] = Known(
            transition.number, transition.episode if told and is_firing else 0, arrival.arrival_ms
        )
        if is_firing or transition.phase_from is Phase.FIRING or missed:
            self.emitted.append(open_entry(transition, is_open=is_firing))
        if told:
            self._gather(arrival)
        else:
            self._decide(transition, Decision.QUIET, "", arrival.arrival_ms)

    def _gather(self, arrival: Arrival) -> None:
        key = group_key(arrival.transition, arrival.grouping)
        before = self._gatherings.get(key)
        after, told = gather(
            before,
            arrival.transition,
            key=key,
            arrival_ms=arrival.arrival_ms,
            grouping=arrival.grouping,
        )
        self._put(key, after)
        self._tell(told, arrival.arrival_ms, key=key)
        if self._waiting > WAITING_TOTAL_MAX:
            fullest = max(self._gatherings.values(), key=lambda one: (len(one.waiting), one.key))
            self._flush(fullest, arrival.arrival_ms)

    def tick(self, tick_ms: int) -> bool:
        """Tell what is due, close what is quiet, forget what is over; return whether more is due."""
        due = [one for one in self._gatherings.values() if one.due_ms <= tick_ms]
        due.sort(key=lambda one: (one.due_ms, one.key))
        for gathering in due[:FLUSHES_MAX]:
            self._flush(gathering, tick_ms)
        over = [
            fingerprint
            for fingerprint, known in self._known.items()
            if not known.told and known.seen_ms + FORGET_MS <= tick_ms
        ]
        for fingerprint in over:
            del self._known[fingerprint]
        self._changed = self._changed or bool(over)
        return len(due) > FLUSHES_MAX

    def _flush(self, gathering: Gathering, now_ms: int) -> None:
        """Tell what waits; a group in which nothing waits is closed."""
        if gathering.waiting:
            due_ms = now_ms + gathering.interval_ms
            self._put(gathering.key, replace(gathering, due_ms=due_ms, waiting=()))
        else:
            self._put(gathering.key, None)
        self._tell(gathering.waiting, now_ms, key=gathering.key)

    def _put(self, key: GroupKey, gathering: Gathering | None) -> None:
        before = self._gatherings.pop(key, None)
        self._waiting -= len(before.waiting) if before else 0
        if gathering:
            self._gatherings[key] = gathering
            self._waiting += len(gathering.waiting)
        self._changed = True

    def _tell(self, told: Sequence[Transition], now_ms: int, *, key: GroupKey) -> None:
        """Emit the notifications, and after each the decisions about its transitions."""
        for part in parted(told):
            tenant = part[0].tenant
            self._numbers[tenant] = self._numbers.get(tenant, 0) + 1
            message = notification(part, key=key, number=self._numbers[tenant])
            self.emitted.append(notification_entry(message))
            decision = Decision.SENT if len(part) == 1 else Decision.GROUPED
            for transition in part:
                self._decide(transition, decision, message.id, now_ms)

    def _decide(self, transition: Transition, decision: Decision, notification_id: str, now_ms: int) -> None:
        alert = AlertRef(transition.fingerprint, transition.episode, transition.number)
        record = DecisionRecord(transition.tenant, transition.device, alert, decision, notification_id, now_ms)
        self.emitted.append(decision_entry(record))
