"""All short histories of an alert behind a gateway that fails and returns, against a model that is written apart."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from alerts.batch import Batch
from alerts.people import Acted
from alerts.state import AlertsState
from alerts.step import step
from tests.alerts.specimens import AT_MS, FIRING, arrival, decisions, notifications, of_device
from tocsin.core.actions import Action, ActionKind
from tocsin.core.clock import MINUTE_MS
from tocsin.core.messages import Phase, Severity, Transition
from tocsin.core.plan.telling import Grouping

EVENTS = ("fire", "resolve", "worse", "ack", "out", "back", "minute")
MOVES = {"fire": Phase.FIRING, "resolve": Phase.RESOLVED, "worse": Phase.FIRING}
GROUPING = Grouping(interval_ms=0, flap_episodes=0, flap_within_ms=0, gateway_wait_ms=MINUTE_MS)
DEPTH = 6


@dataclass(frozen=True)
class Model:
    """The alert, and the outage of its gateway, as people see them; times in minutes.

    Attributes:
        queue: What is said of the outage when it is due.
        waiting: Moves of the alert that wait for that, so as not to be told.
        stands: Whether the outage was told and its end was not.
    """

    now: int = 0
    fires: bool = False
    bad: bool = False
    known: bool = False
    acked: bool = False
    silent: bool = False
    queue: tuple[str, ...] = ()
    due: int = 0
    waiting: int = 0
    stands: bool = False

    def takes(self, event: str) -> bool:
        possible = {
            "fire": not self.fires,
            "resolve": self.fires,
            "worse": self.fires and not self.bad,
            "ack": self.fires and not self.acked,
            "out": not self.silent,
            "back": self.silent,
        }
        return possible.get(event, True)

    def after(self, event: str) -> tuple["Model", tuple[str, ...]]:
        """Return the model after the event, and the first words of what is told."""
        if event == "minute":
            return replace(self, now=self.now + 1).at_minute()
        if event in {"out", "back"}:
            return self.said(event), ()
        if event == "ack":
            return replace(self, acked=True), ()
        return {"fire": self.fired, "resolve": self.resolved, "worse": self.worsened}[event]()

    def said(self, event: str) -> "Model":
        due = self.due if self.queue else self.now + 1
        return replace(
            self, silent=event == "out", queue=(*self.queue, "FIRING" if event == "out" else "RESOLVED"), due=due
        )

    def fired(self) -> tuple["Model", tuple[str, ...]]:
        fresh = replace(self, fires=True, bad=False, acked=False, known=False)
        if self.stands:
            return fresh, ()
        if self.queue and self.silent:
            return replace(fresh, waiting=self.waiting + 1), ()
        if self.waiting:  # nothing is told before what came earlier of the same alert
            told = self.queue
            return replace(fresh, waiting=0, queue=(), stands=True), told
        return replace(fresh, known=True), ("FIRING",)

    def resolved(self) -> tuple["Model", tuple[str, ...]]:
        gone = replace(self, fires=False, bad=False, acked=False, known=False)
        if self.waiting:
            return replace(gone, waiting=self.waiting + 1), ()
        return gone, ("RESOLVED",) if self.known else ()

    def worsened(self) -> tuple["Model", tuple[str, ...]]:
        worse = replace(self, bad=True, acked=False)
        if self.waiting:
            return replace(worse, waiting=self.waiting + 1), ()
        return worse, ("WORSE",) if self.known else ()

    def at_minute(self) -> tuple["Model", tuple[str, ...]]:
        told: tuple[str, ...] = ()
        after = self
        if self.queue and self.due <= self.now:
            told = self.queue
            after = replace(self, queue=(), waiting=0, stands=True)
        after = replace(after, stands=after.stands and (after.silent or bool(after.queue)))
        if after.fires and not (after.known or after.stands or after.acked or after.waiting):
            return replace(after, known=True), (*told, "FIRING")
        return after, told


@dataclass(frozen=True)
class Real:
    """The stage with the same history behind it."""

    state: AlertsState = field(default_factory=AlertsState)
    number: int = 1
    episode: int = 0
    done: int = 0

    def after(self, event: str, now: int) -> tuple["Real", tuple[str, ...], int]:
        """Return the stage after the event, what it told, and how much it decided about the alert."""
        number, episode = self.number + (event in MOVES), self.episode + (event == "fire")
        moved = replace(self, number=number, episode=episode, done=self.done + 1)
        outcome = step(self.state, moved.batch(event, AT_MS + now * MINUTE_MS))
        told = tuple(message.subject.split()[0] for message in notifications(outcome.emitted))
        decided = sum(one.alert.fingerprint == FIRING.fingerprint for one in decisions(outcome.emitted))
        return replace(moved, state=outcome.state), told, decided

    def batch(self, event: str, at_ms: int) -> Batch:
        if event == "minute":
            return Batch(tick_ms=at_ms)
        if event == "ack":
            action = Action("acme", f"{self.done:016x}", at_ms, "anna", ActionKind.ACKNOWLEDGE, FIRING.fingerprint)
            return Batch((Acted(action, at_ms),))
        moves = [self.silence(index, event) for index in (1, 2)] if event in {"out", "back"} else [self.move(event)]
        return Batch(tuple(arrival(replace(one, at_ms=at_ms), grouping=GROUPING) for one in moves))

    def move(self, event: str) -> Transition:
        severity = Severity.CRITICAL if event == "worse" else Severity.WARNING
        was = Severity.WARNING if event == "worse" else None
        start = Phase.INACTIVE if event == "fire" else Phase.FIRING
        phases = {"phase_from": start, "phase": MOVES[event]}
        return replace(FIRING, number=self.number, episode=self.episode, severity=severity, severity_from=was, **phases)

    def silence(self, index: int, event: str) -> Transition:
        phases = (Phase.INACTIVE, Phase.FIRING) if event == "out" else (Phase.FIRING, Phase.RESOLVED)
        return of_device(
            FIRING, index, kind="missing", metric="", number=self.done + 1, phase_from=phases[0], phase=phases[1]
        )


def wrong(model: Model, real: Real, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every history at whose end the stage does other than the model."""
    if len(path) == DEPTH:
        return
    for event in filter(model.takes, EVENTS):
        expected, words = model.after(event)
        found, told, decided = real.after(event, expected.now)
        if told != words or decided != (event in MOVES) + model.waiting - expected.waiting:
            yield (*path, event)
        else:
            yield from wrong(expected, found, (*path, event))


def test_no_short_history_around_an_outage_goes_another_way_than_its_model() -> None:
    assert list(wrong(Model(), Real()))[:5] == []


def test_search_notices_a_model_that_is_wrong() -> None:
    class Deaf(Model):
        def fired(self) -> tuple[Model, tuple[str, ...]]:
            return replace(self, fires=True, known=True, acked=False), ("FIRING",)

    assert ("out", "minute", "fire") in list(wrong(Deaf(), Real()))
