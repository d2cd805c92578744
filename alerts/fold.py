"""One fold: the state of a key group while a batch is worked into it, and what comes of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from alerts.change import Change, change_of
from alerts.lanes import decision_entry, muted_entry, unmuted_entry
from alerts.outage import is_silence
from alerts.standing import Muting, Standing
from alerts.state import (
    AlertsState,
    Budget,
    Firing,
    Gathering,
    GroupKey,
    Hold,
    Known,
    Recent,
    Stance,
)
from tocsin.core.machine import Entry
from tocsin.core.messages import AlertRef, Decision, DecisionRecord, Transition
from tocsin.core.silences import Silence

FIRING_MAX: Final = 2_000
"""Alerts of a key group that can be held back, acknowledged or repeated; further ones are told once."""

RECENT_MAX: Final = 5_000
"""Alerts of a key group whose firings are counted; further ones never flap."""

UNKNOWN: Final = Known(0, 0, 0)


class Fires(dict[str, Firing]):
    """What fires, by fingerprint; counts how many alerts of each group people know of.

    Attributes:
        told: Group of alerts to how many of it were told.
        silent: Tenant and device to the alert that tells of its silence.
    """

    def __init__(self, known: Mapping[str, Firing]) -> None:
        super().__init__(known)
        self.told = Counter(one.key for one in known.values() if one.stance is Stance.TOLD)
        moves = [one.transition for one in known.values() if is_silence(one.transition)]
        self.silent = {(one.tenant, one.device): one.fingerprint for one in moves}

    def __setitem__(self, name: str, one: Firing) -> None:
        self._uncount(self.get(name))
        self.told[one.key] += one.stance is Stance.TOLD
        if is_silence(one.transition):
            self.silent[one.transition.tenant, one.transition.device] = name
        super().__setitem__(name, one)

    def take(self, name: str) -> Firing | None:
        """Return the alert and let go of it, or None where it does not fire."""
        one = self.get(name)
        if one is not None:
            self._uncount(one)
            self.silent.pop((one.transition.tenant, one.transition.device), None) if is_silence(
                one.transition
            ) else None
            del self[name]
        return one

    def _uncount(self, one: Firing | None) -> None:
        if one is not None:
            self.told[one.key] -= one.stance is Stance.TOLD


class Fold:
    """A copy of the state that one step works on; made at its beginning, dropped at its end.

    Attributes:
        emitted: What to publish, oldest first.
        changed: Whether anything differs from the state before.
        known: As the state's, and so are the following.
        budget: Most notifications of a tenant within ``budget_within_ms``; 0 for any number.
        budget_within_ms: How long a budget lasts.
    """

    def __init__(self, before: AlertsState, *, budget: int, budget_within_ms: int) -> None:
        self.emitted: list[Entry] = []
        self.changed = False
        self.known = dict(before.known)
        self.gatherings = dict(before.gatherings)
        self.numbers = dict(before.numbers)
        self.gaps = before.gaps
        self.firing = Fires(before.firing)
        self.silences: dict[tuple[str, str], Silence] = dict(before.silences)
        self.acted = dict(before.acted)
        self.recent: dict[str, Recent] = dict(before.recent)
        self.budgets: dict[str, Budget] = dict(before.budgets)
        self.outages: dict[GroupKey, Standing] = dict(before.outages)
        self.budget = budget
        self.budget_within_ms = budget_within_ms
        self.waiting = sum(len(gathering.waiting) for gathering in before.gatherings.values())
        self._before = before

    def state(self) -> AlertsState:
        """Return the state afterwards; the very same object where nothing changed."""
        if not self.changed:
            return self._before
        return AlertsState(
            self.known,
            self.gatherings,
            self.numbers,
            self.gaps,
            self.firing,
            self.silences,
            self.acted,
            self.recent,
            self.budgets,
            self.outages,
        )

    def put(self, key: GroupKey, gathering: Gathering | None) -> None:
        """Keep a group of alerts, or close it."""
        before = self.gatherings.pop(key, None)
        self.waiting -= len(before.waiting) if before else 0
        if gathering:
            self.gatherings[key] = gathering
            self.waiting += len(gathering.waiting)
        self.changed = True

    def note(self, recent: Recent) -> None:
        """Remember what an alert did lately, as long as there is room."""
        if recent.fingerprint in self.recent or len(self.recent) < RECENT_MAX:
            self.recent[recent.fingerprint] = recent
        self.changed = True

    def decide(
        self, transition: Transition, decision: Decision, told: str, now_ms: int, *, muting: Muting | None = None
    ) -> None:
        """Record what is done with a transition.

        Args:
            transition: Which.
            decision: What is done.
            told: Id of the notification that tells of it, or empty.
            now_ms: When.
            muting: The outage that it is part of, or that mutes it.
        """
        record = DecisionRecord(
            transition.tenant,
            transition.device,
            ref(transition),
            decision,
            told,
            now_ms,
            outage=muting.outage if muting else "",
            outage_alert=muting.by if muting else None,
        )
        self.emitted.append(decision_entry(record))

    def list_muted(self, transition: Transition, muting: Muting | None) -> None:
        """List the alert as muted, or take it off that list."""
        entry = muted_entry(transition, muting.outage, muting.by) if muting else unmuted_entry(transition)
        self.emitted.append(entry)

    def hold(self, transition: Transition, held_by: Hold, now_ms: int, *, muting: Muting | None = None) -> None:
        """Remember that nobody is told of the transition, which waited to be told.

        Its end does not count as told either, and what fires still is told later.
        """
        name, episode = transition.fingerprint, transition.episode
        known, firing, recent = self.known.get(name), self.firing.get(name), self.recent.get(name)
        if known and known.told == episode:
            self.known[name] = replace(known, told=0)
        if recent and recent.told == episode:
            self.note(replace(recent, ended_ms=0, told=0))
        if firing and firing.transition.episode == episode:
            self.firing[name] = replace(
                firing, stance=Stance.HELD, held_by=held_by, at_ms=now_ms, in_outage=False, muting=muting
            )
            if muting and muting != firing.muting:
                self.list_muted(transition, muting)

    def change_of(self, transition: Transition) -> Change:
        """Return what the transition is told as."""
        return change_of(transition, self.recent.get(transition.fingerprint))


def ref(transition: Transition) -> AlertRef:
    """Return what names the transition."""
    return AlertRef(transition.fingerprint, transition.episode, transition.number)
