"""All short histories of one alert against a model that is written apart, and against the table of its life."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import pytest

from alerts.batch import Batch
from alerts.people import Acted
from alerts.state import AlertsState
from alerts.step import step
from tests.alerts.specimens import AT_MS, FIRING, arrival, decisions, notifications
from tocsin.core.actions import Action, ActionKind
from tocsin.core.clock import DAY_MS, MINUTE_MS, iso
from tocsin.core.life import LIFE, Condition, Event
from tocsin.core.messages import Decision, Phase, Severity
from tocsin.core.plan.telling import Grouping
from tocsin.core.silences import Silence

PEOPLE = ("ack", "brief ack", "close", "silence", "unsilence")
MEASURED = ("fire", "resolve", "expire", "worse", "ease")
REPEAT, SETTLE = 2, 2
STEADY = Grouping(interval_ms=0, repeat_ms=REPEAT * MINUTE_MS, flap_episodes=0)
RESTLESS = Grouping(interval_ms=0, flap_episodes=2, flap_settle_ms=SETTLE * MINUTE_MS)
ENDS = {"resolve": Phase.RESOLVED, "expire": Phase.EXPIRED}


@dataclass(frozen=True)
class Model:
    """The alert as people see it; times in minutes."""

    grouping: Grouping = STEADY
    now: int = 0
    fires: bool = False
    bad: bool = False
    known: bool = False
    closed: bool = False
    told_at: int = 0
    acked_until: float | None = None
    silenced: bool = False
    ended: bool = False
    fired: int = 0
    flapping: bool = False
    moved: int = 0

    def after(self, event: str) -> tuple["Model", str]:
        """Return the model after the event, and the first word of what is told, or nothing."""
        if event == "minute":
            return replace(self, now=self.now + 1).at_minute()
        if event in {"silence", "unsilence"}:
            return replace(self, silenced=event == "silence"), ""
        if event == "fire":
            return self.firing()
        if event in ENDS:
            return self.over(event)
        if event in {"worse", "ease"}:
            return replace(self, bad=event == "worse", moved=self.now).changed(event)
        return self.handled(event), ""

    def handled(self, event: str) -> "Model":
        if self.flapping or self.closed:
            return self
        if event == "close":
            return replace(self, closed=True)
        return replace(self, acked_until=self.now + 1 if event == "brief ack" else inf)

    def firing(self) -> tuple["Model", str]:
        fresh = replace(
            self, fires=True, bad=False, closed=False, acked_until=None, moved=self.now, fired=self.fired + 1
        )
        if self.flapping:
            return fresh, ""
        if self.silenced:
            return replace(fresh, known=False, told_at=self.now), ""
        told = replace(fresh, known=True, told_at=self.now)
        if self.grouping.flap_episodes and told.fired >= self.grouping.flap_episodes:
            return replace(told, flapping=True), "FLAPPING"
        return told, "REOPENED" if self.ended else "FIRING"

    def over(self, event: str) -> tuple["Model", str]:
        told = self.known and not self.closed
        gone = replace(
            self, fires=False, bad=False, known=False, closed=False, acked_until=None, moved=self.now, told_at=0
        )
        if self.flapping and event == "resolve":
            return replace(gone, ended=True), ""
        told = told or self.flapping
        return replace(gone, flapping=False, ended=self.ended or told), Phase(ENDS[event]).upper() if told else ""

    def changed(self, event: str) -> tuple["Model", str]:
        if self.flapping or self.closed or not self.known:
            return self, ""
        if self.silenced:
            return replace(self, known=event == "ease"), ""
        acked_until = None if event == "worse" else self.acked_until
        return replace(self, told_at=self.now, acked_until=acked_until), "WORSE" if event == "worse" else "EASED"

    def at_minute(self) -> tuple["Model", str]:
        if self.flapping:
            return self.settling()
        if not self.fires or self.closed or self.silenced:
            return self, ""
        if self.acked_until is not None and self.now < self.acked_until:
            return self, ""
        repeats = bool(self.grouping.repeat_ms) and self.now - self.told_at >= REPEAT
        if self.known and self.acked_until is None and not repeats:
            return self, ""
        return replace(self, known=True, told_at=self.now, acked_until=None), "STILL"

    def settling(self) -> tuple["Model", str]:
        if self.now - self.moved < SETTLE:
            return self, ""
        calm = replace(self, flapping=False, fired=0)
        if not self.fires:
            return calm, "RESOLVED"
        return replace(calm, known=False).at_minute()

    def takes(self, event: str) -> bool:
        """Tell whether the event can happen."""
        if event in {"fire", "silence", "unsilence", "minute"}:
            return (event != "fire" or not self.fires) and (event != "silence" or not self.silenced)
        return self.fires and (event != "worse" or not self.bad) and (event != "ease" or self.bad)


@dataclass(frozen=True)
class Real:
    """The stage with the same history behind it."""

    grouping: Grouping = STEADY
    state: AlertsState = field(default_factory=AlertsState)
    number: int = 1
    episode: int = 0
    phase: Phase = Phase.INACTIVE
    severity: Severity = Severity.WARNING
    done: int = 0

    def after(self, event: str, now: int) -> tuple["Real", list[str], list[Decision]]:
        """Return the stage after the event, what it told, and what it decided."""
        moved = self.moved(event)
        outcome = step(self.state, self.batch(event, moved, AT_MS + now * MINUTE_MS))
        told = [message.subject.split()[0] for message in notifications(outcome.emitted)]
        decided = [one.decision for one in decisions(outcome.emitted)]
        return replace(moved, state=outcome.state, done=self.done + 1), told, decided

    def moved(self, event: str) -> "Real":
        if event not in MEASURED:
            return self
        severity = Severity.CRITICAL if event == "worse" else Severity.WARNING
        episode = self.episode + (event == "fire")
        phase = ENDS.get(event, Phase.FIRING)
        return replace(self, number=self.number + 1, episode=episode, phase=phase, severity=severity)

    def batch(self, event: str, moved: "Real", at_ms: int) -> Batch:
        if event == "minute":
            return Batch(tick_ms=at_ms)
        if event not in MEASURED:
            return Batch((Acted(self.action(event, at_ms), at_ms),))
        move = replace(FIRING, number=moved.number, episode=moved.episode, severity=moved.severity, at_ms=at_ms)
        was = self.severity if event in {"worse", "ease"} else None
        return Batch(
            (
                arrival(
                    replace(move, phase_from=self.phase, phase=moved.phase, severity_from=was), grouping=self.grouping
                ),
            )
        )

    def action(self, event: str, at_ms: int) -> Action:
        about = Action("acme", f"{self.done:016x}", at_ms, "anna", ActionKind.CLOSE, FIRING.fingerprint)
        if event in {"ack", "brief ack"}:
            until_ms = at_ms + MINUTE_MS if event == "brief ack" else None
            return replace(about, kind=ActionKind.ACKNOWLEDGE, until_ms=until_ms)
        if event == "silence":
            night = Silence("", device="pump-7", end=iso(AT_MS + DAY_MS))
            return replace(about, kind=ActionKind.SILENCE, silence=night)
        standing = next((name for _, name in self.state.silences), "")
        return about if event == "close" else replace(about, kind=ActionKind.UNSILENCE, silence_id=standing)

    @property
    def condition(self) -> Condition:
        """Where the alert stands in the stage's state."""
        recent, firing = self.state.recent.get(FIRING.fingerprint), self.state.firing.get(FIRING.fingerprint)
        if recent and recent.flapping:
            return Condition.FLAPPING
        return firing.condition if firing else Condition(self.phase)


ROWS_OF = {
    "fire": {Event.HELD, Event.HELD_AGAIN, Event.FLAPPED},
    "resolve": {Event.CLEARED},
    "expire": {Event.EXPIRED},
    "worse": {Event.ROSE},
    "ease": {Event.EASED},
    "ack": {Event.ACKNOWLEDGED},
    "brief ack": {Event.ACKNOWLEDGED},
    "close": {Event.CLOSED},
    "minute": {Event.LAPSED, Event.STAYED, Event.SETTLED},
}


class Search:
    """Walks every history up to a depth.

    Attributes:
        wrong: Histories at whose end the stage does other than the model, or than the table of life.
        rows: Rows of the table that were walked.
    """

    def __init__(self, events: Sequence[str], depth: int) -> None:
        self.wrong: list[tuple[str, ...]] = []
        self.rows: set[tuple[str, str]] = set()
        self._events = events
        self._depth = depth

    def walk(self, model: Model, real: Real, path: tuple[str, ...] = ()) -> None:
        for event in self._events if len(path) < self._depth else ():
            if not model.takes(event):
                continue
            expected, words = model.after(event)
            found, told, decided = real.after(event, expected.now)
            right = told == ([words] if words else []) and len(decided) == (event in MEASURED)
            if right and self._is_in_table(real.condition, event, found.condition):
                self.walk(expected, found, (*path, event))
            else:
                self.wrong.append((*path, event))

    def _is_in_table(self, before: Condition, event: str, after: Condition) -> bool:
        rows = {(before, move) for move in ROWS_OF.get(event, ()) if LIFE.get((before, move)) == after}
        self.rows |= rows
        return before is after or bool(rows)


def walked(events: Sequence[str], depth: int, grouping: Grouping) -> Search:
    search = Search(events, depth)
    search.walk(Model(grouping), Real(grouping))
    return search


def short_histories() -> Iterator[Search]:
    yield walked((*MEASURED, *PEOPLE, "minute"), 5, STEADY)
    yield walked(("fire", "resolve", "expire", "ack", "silence", "unsilence", "minute"), 6, RESTLESS)


@pytest.fixture(scope="module")
def searches() -> list[Search]:
    return list(short_histories())


def test_no_short_history_of_an_alert_goes_another_way_than_its_model_and_its_table(searches: list[Search]) -> None:
    assert [one.wrong[:5] for one in searches] == [[], []]


def test_short_histories_walk_every_row_of_the_table_that_people_see(searches: list[Search]) -> None:
    unseen = {
        (condition, event)
        for condition, event in LIFE
        if event not in {Event.BREACHED, Event.WITHDRAWN} and condition not in {Condition.PENDING}
    } - set.union(*(one.rows for one in searches))

    assert unseen == {
        (Condition.INACTIVE, Event.HELD_AGAIN),  # pending again, and clear, before it fires again
        (Condition.INACTIVE, Event.FLAPPED),
    }


def test_search_notices_a_model_that_is_wrong() -> None:
    class Patient(Model):
        def at_minute(self) -> tuple[Model, str]:
            return self, ""

    search = Search((*MEASURED, "minute"), 3)
    search.walk(Patient(), Real())

    assert ("fire", "minute", "minute") in search.wrong
