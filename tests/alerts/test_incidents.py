"""Groups of notifications are incidents to whoever gets them: what opens one also ends it."""

from dataclasses import dataclass, field, replace
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.batch import Batch
from alerts.delivery.channels import OVER
from alerts.state import AlertsState, decode, encode
from alerts.step import step
from tests.alerts.specimens import AT_MS, FIRING, arrival, notifications, of_device
from tocsin.core.clock import MINUTE_MS
from tocsin.core.messages import Notification, Phase
from tocsin.core.plan.telling import Grouping

GATEWAYS: Final = ("gw-1", "gw-1", "gw-1", "gw-2", "gw-2", "", "", "", "")
"""Of each device."""

MOVES = st.tuples(st.sampled_from(("silence", "heat")), st.integers(0, len(GATEWAYS) - 1))
EVENTS = st.lists(MOVES | st.integers(1, 7), min_size=5, max_size=40)
GROUPINGS = st.builds(
    Grouping,
    by=st.sampled_from((("site", "kind"), ("kind",), ("device",), ("site",))),
    interval_ms=st.sampled_from((0, 5 * MINUTE_MS)),
    wait_ms=st.sampled_from((0, MINUTE_MS)),
    repeat_ms=st.sampled_from((0, 10 * MINUTE_MS)),
    flap_episodes=st.sampled_from((0, 3)),
    outage_mutes=st.sampled_from(("all", "silence")),
)


@dataclass
class Desk:
    """Somebody who opens and closes incidents by what comes.

    Attributes:
        group: The incident of each alert that was told to fire and not to be over.
        is_open: Whether each incident is, by what was told of it last.
        wrong: What did not fit.
    """

    group: dict[str, str] = field(default_factory=dict)
    is_open: dict[str, bool] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def take(self, told: Notification, firing: set[str]) -> None:
        """Book one notification; these alerts fire just now."""
        for alert in told.alerts:
            known = self.group.pop(alert.fingerprint, None)
            if known not in {None, told.group}:
                self.wrong.append(f"{told.subject!r} is told in {told.group}, it was in {known}")
            if told.attributes["state"] not in OVER:
                self.group[alert.fingerprint] = told.group
        self.is_open[told.group] = told.attributes["state"] not in OVER or told.left > 0
        forgotten = {name for name, group in self.group.items() if group == told.group} & firing
        if forgotten and not self.is_open[told.group]:
            self.wrong.append(f"{told.subject!r} ends {told.group}, where {forgotten} still fire")


@dataclass
class World:
    """Devices that fall silent and grow hot, and the stage that hears of it."""

    grouping: Grouping
    now_ms: int = AT_MS
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    state: AlertsState = field(default_factory=AlertsState)
    desk: Desk = field(default_factory=Desk)

    def move(self, what: str, index: int) -> None:
        """Let an alert come to fire, or be over where it fires."""
        number = self.numbers[what, index] = self.numbers.get((what, index), 0) + 1
        began = of_device(FIRING, index, gateway=GATEWAYS[index], number=number, episode=(number + 1) // 2)
        if what == "silence":
            began = replace(began, kind="missing", metric="", rule="silent", fingerprint=_name(what, index))
        self.step(Batch((arrival(replace(began, at_ms=self.now_ms, **_phases(number)), grouping=self.grouping),)))

    def wait(self, minutes: int) -> None:
        """Let time pass, a tick a minute."""
        for _ in range(minutes):
            self.now_ms += MINUTE_MS
            self.step(Batch(tick_ms=self.now_ms))

    def step(self, batch: Batch) -> None:
        """Fold the batch; the desk takes what is told."""
        outcome = step(self.state, batch)
        self.state = decode(encode(outcome.state))
        for told in notifications(outcome.emitted):
            self.desk.take(told, {_name(*alert) for alert in self.firing()})

    def firing(self) -> list[tuple[str, int]]:
        """Return which alerts fire."""
        return [alert for alert, number in self.numbers.items() if number % 2]


def _name(what: str, index: int) -> str:
    return f"51{index:014x}" if what == "silence" else f"{index:016x}"


def _phases(number: int) -> dict[str, Phase]:
    before, after = (Phase.FIRING, Phase.RESOLVED) if number % 2 == 0 else (Phase.INACTIVE, Phase.FIRING)
    return {"phase_from": before, "phase": after}


@given(GROUPINGS, EVENTS)
@settings(max_examples=150, deadline=None)
def test_an_alert_is_told_to_be_over_where_it_was_told_to_fire(
    grouping: Grouping, events: list[tuple[str, int] | int]
) -> None:
    world = World(grouping)
    for event in events:
        world.wait(event) if isinstance(event, int) else world.move(*event)

    for what, index in world.firing():
        world.move(what, index)
    world.wait(90)

    assert world.desk.wrong == []
    assert world.desk.group == {}, "alerts whose end nobody hears of"
    assert not any(world.desk.is_open.values()), "incidents that nobody ends"
