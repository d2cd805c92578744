"""All short histories of one alert against a model that is written apart: what is told, and when."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf

from alerts.batch import Batch
from alerts.people import Acted
from alerts.state import AlertsState
from alerts.step import step
from tests.alerts.specimens import AT_MS, FIRING, arrival, decisions, notifications
from tocsin.core.actions import Action, ActionKind
from tocsin.core.clock import DAY_MS, MINUTE_MS, iso
from tocsin.core.messages import Decision, Phase
from tocsin.core.plan.telling import Grouping
from tocsin.core.silences import Silence

EVENTS = ("fire", "resolve", "ack", "brief ack", "close", "silence", "unsilence", "minute")
DEPTH = 5
REPEAT = 2
GROUPING = Grouping(interval_ms=0, repeat_ms=REPEAT * MINUTE_MS)


@dataclass(frozen=True)
class Model:
    """The alert as people see it; times in minutes."""

    now: int = 0
    fires: bool = False
    known: bool = False
    closed: bool = False
    told_at: int = 0
    acked_until: float | None = None
    silenced: bool = False

    def after(self, event: str) -> tuple["Model", str]:
        """Return the model after the event, and the first word of what is told, or nothing."""
        if event == "minute":
            return replace(self, now=self.now + 1).at_minute()
        if event in {"silence", "unsilence"}:
            return replace(self, silenced=event == "silence"), ""
        if event == "fire":
            fresh = Model(now=self.now, fires=True, known=not self.silenced, told_at=self.now, silenced=self.silenced)
            return fresh, "FIRING" if fresh.known else ""
        if event == "resolve":
            over = Model(now=self.now, silenced=self.silenced)
            return over, "RESOLVED" if self.known and not self.closed else ""
        if event == "close":
            return replace(self, closed=True), ""
        return replace(self, acked_until=self.now + 1 if event == "brief ack" else inf), ""

    def at_minute(self) -> tuple["Model", str]:
        if not self.fires or self.closed or self.silenced:
            return self, ""
        if self.acked_until is not None and self.now < self.acked_until:
            return self, ""
        is_due = not self.known or self.acked_until is not None or self.now - self.told_at >= REPEAT
        if not is_due:
            return self, ""
        return replace(self, known=True, told_at=self.now, acked_until=None), "STILL"

    def takes(self, event: str) -> bool:
        """Tell whether the event can happen."""
        if event in {"fire", "silence", "unsilence", "minute"}:
            return (event != "fire" or not self.fires) and (event != "silence" or not self.silenced)
        return self.fires


@dataclass(frozen=True)
class Real:
    """The stage with the same history behind it."""

    state: AlertsState
    number: int = 1
    done: int = 0

    def after(self, event: str, now: int) -> tuple["Real", list[str], list[Decision]]:
        """Return the stage after the event, what it told, and what it decided."""
        number = self.number + (event in {"fire", "resolve"})
        outcome = step(self.state, self.batch(event, AT_MS + now * MINUTE_MS))
        told = [message.subject.split()[0] for message in notifications(outcome.emitted)]
        decided = [one.decision for one in decisions(outcome.emitted)]
        return Real(outcome.state, number, self.done + 1), told, decided

    def batch(self, event: str, at_ms: int) -> Batch:
        if event == "minute":
            return Batch(tick_ms=at_ms)
        if event in {"fire", "resolve"}:
            before, phase = (Phase.FIRING, Phase.RESOLVED) if event == "resolve" else (Phase.RESOLVED, Phase.FIRING)
            move = replace(FIRING, number=self.number + 1, episode=(self.number + 1) // 2, phase=phase)
            return Batch((arrival(replace(move, phase_from=before, at_ms=at_ms), grouping=GROUPING),))
        return Batch((Acted(self.action(event, at_ms), at_ms),))

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


def histories(model: Model, real: Real, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield every history up to ``DEPTH`` at whose end the stage does other than the model."""
    for event in EVENTS if len(path) < DEPTH else ():
        if not model.takes(event):
            continue
        expected, words = model.after(event)
        found, told, decided = real.after(event, expected.now)
        if told != ([words] if words else []) or len(decided) != (event in {"fire", "resolve"}):
            yield (*path, event)
        else:
            yield from histories(expected, found, (*path, event))


def test_no_short_history_of_an_alert_goes_another_way_than_its_model() -> None:
    assert list(histories(Model(), Real(AlertsState()), ())) == []


def test_search_notices_a_model_that_is_wrong() -> None:
    class Patient(Model):
        def at_minute(self) -> tuple[Model, str]:
            return self, ""

    fired, _, _ = Real(AlertsState()).after("fire", 0)

    found = list(histories(Patient(fires=True, known=True), fired, ("fire",)))

    assert ("fire", "minute", "minute") in found
