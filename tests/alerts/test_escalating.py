"""Escalation while nobody acknowledges, and changes of severity while an alert fires."""

from dataclasses import replace
from typing import Any

import pytest

from alerts.batch import Batch
from alerts.state import AlertsState, decode, encode
from alerts.step import step
from tests.alerts.specimens import AT_MS, FIRING, RESOLVED, arrival, notifications
from tests.alerts.test_people import ACK, SILENCE, acted
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.machine import Entry
from tocsin.core.messages import Amendment, Notification, Severity
from tocsin.core.plan.telling import Escalation

STEPS = (
    Escalation("second-line", 15 * MINUTE_MS, severity="critical"),
    Escalation("boss", 60 * MINUTE_MS, site="north"),
)
EVERY_MINUTE = tuple(range(AT_MS, AT_MS + 2 * HOUR_MS, MINUTE_MS))
WORSE = replace(
    FIRING,
    number=3,
    phase_from=FIRING.phase,
    severity=Severity.CRITICAL,
    severity_from=Severity.WARNING,
    at_ms=AT_MS + MINUTE_MS,
    summary="temperature 99 °C is above 95 °C, now critical, was warning",
)
MILD = replace(FIRING, severity=Severity.WARNING)
EASED = replace(WORSE, number=4, severity=Severity.WARNING, severity_from=Severity.CRITICAL)


def play(*events: Any) -> tuple[AlertsState, list[Entry]]:
    """Fold one by one, through bytes each time: as if every tick met another process."""
    state, emitted = AlertsState(), []
    for event in events:
        batch = Batch(tick_ms=event, escalations=STEPS) if isinstance(event, int) else Batch((event,))
        outcome = step(state, batch)
        state = decode(encode(outcome.state))
        emitted += outcome.emitted
    return state, emitted


def steps(emitted: list[Entry]) -> list[tuple[str, int]]:
    """Return the escalations told, each with the minute."""
    escalated = [one for one in notifications(emitted) if one.attributes["change"] == "escalated"]
    return [(one.attributes["escalation"], (one.at_ms - AT_MS) // MINUTE_MS) for one in escalated]


def changes(emitted: list[Entry]) -> list[str]:
    return [one.attributes["change"] for one in notifications(emitted)]


def test_each_step_is_told_once_when_its_wait_is_over_and_nobody_acknowledged() -> None:
    _, emitted = play(arrival(FIRING), *EVERY_MINUTE)

    assert steps(emitted) == [("second-line", 15), ("boss", 60)]
    message: Notification = notifications(emitted)[1]
    assert message.subject.startswith("ESCALATED critical: pump-7 at north")
    assert "Nobody has acknowledged this within 15 minutes: escalation second-line." in message.text
    assert message.alerts == notifications(emitted)[0].alerts


def test_step_that_is_not_about_the_alert_is_not_told() -> None:
    _, emitted = play(arrival(MILD), *EVERY_MINUTE)

    assert steps(emitted) == [("boss", 60)]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([acted(ACK)], [], id="acknowledged"),
        pytest.param(
            [acted(replace(ACK, at_ms=AT_MS + 1, until_ms=AT_MS + 30 * MINUTE_MS))], [45, 90], id="for a while"
        ),
        pytest.param([arrival(RESOLVED, AT_MS + MINUTE_MS)], [], id="over"),
        pytest.param([acted(replace(SILENCE, at_ms=AT_MS + 1))], [15, 60], id="silenced until before"),
    ],
)
def test_escalation_stops_for_as_long_as_somebody_knows_or_it_is_over(events: list[Any], expected: list[int]) -> None:
    _, emitted = play(arrival(FIRING), *events, *EVERY_MINUTE)

    assert [minute for _, minute in steps(emitted)] == expected


def test_escalation_missed_while_no_tick_came_is_made_up_for_step_by_step() -> None:
    _, emitted = play(arrival(FIRING), AT_MS + 90 * MINUTE_MS, AT_MS + 91 * MINUTE_MS)

    assert steps(emitted) == [("second-line", 90), ("boss", 91)]


def test_alert_that_gets_worse_is_told_so_and_needs_a_new_acknowledgement() -> None:
    _, emitted = play(
        arrival(MILD),
        acted(replace(ACK, at_ms=AT_MS + 1)),
        arrival(WORSE),
        *EVERY_MINUTE,
    )

    assert changes(emitted)[:2] == ["firing", "worse"]
    assert notifications(emitted)[1].subject.startswith("WORSE critical: pump-7 at north")
    assert [name for name, _ in steps(emitted)] == ["second-line", "boss"]


def test_alert_that_eases_is_told_to_those_who_heard_of_the_worse() -> None:
    ended = replace(RESOLVED, number=5, severity=Severity.WARNING, severity_from=Severity.CRITICAL)

    _, emitted = play(
        arrival(MILD), arrival(WORSE), AT_MS + 2 * MINUTE_MS, arrival(EASED), arrival(ended), *EVERY_MINUTE
    )

    messages = notifications(emitted)
    assert changes(emitted) == ["firing", "worse", "eased", "resolved"]
    assert messages[2].subject.startswith("EASED warning")
    assert [one.attributes["severity"] for one in messages] == ["warning", "critical", "critical", "critical"]


def test_alert_too_mild_to_be_told_is_told_when_it_gets_worse() -> None:
    from_critical_on = replace_grouping(severity_min=Severity.CRITICAL)

    _, emitted = play(arrival(MILD, grouping=from_critical_on), arrival(WORSE, grouping=from_critical_on))

    assert [one.attributes["severity"] for one in notifications(emitted)] == ["critical"]


def replace_grouping(**given: Any) -> Any:
    return type(arrival(FIRING).grouping)(**given)


@pytest.mark.parametrize(
    ("amendment", "change", "word"),
    [(Amendment.CONFIRMED, "amended", "AMENDED"), (Amendment.WEAKENED, "amended", "AMENDED")],
)
def test_what_late_data_say_is_told_to_who_was_told_of_the_alert(amendment: Amendment, change: str, word: str) -> None:
    late = replace(FIRING, number=3, phase_from=FIRING.phase, amendment=amendment, at_ms=AT_MS + MINUTE_MS)

    _, emitted = play(arrival(FIRING), arrival(late), AT_MS + MINUTE_MS)

    assert changes(emitted) == ["firing", change]
    assert notifications(emitted)[1].subject.startswith(f"{word} critical")
    assert notifications(emitted)[1].alerts[0].fingerprint == FIRING.fingerprint


def test_alert_is_withdrawn_for_who_was_told_of_it_be_it_open_or_over() -> None:
    gone = replace(RESOLVED, amendment=Amendment.WITHDRAWN, at_ms=AT_MS + MINUTE_MS)
    after = replace(gone, number=4, phase_from=RESOLVED.phase)

    _, opened = play(arrival(FIRING), arrival(gone), AT_MS + MINUTE_MS)
    _, over = play(arrival(FIRING), arrival(RESOLVED), AT_MS + 13 * MINUTE_MS, arrival(after), AT_MS + HOUR_MS)
    _, silent = play(acted(SILENCE), arrival(FIRING), arrival(RESOLVED), arrival(after), AT_MS + HOUR_MS)

    assert changes(opened) == ["firing", "withdrawn"]
    assert changes(over) == ["firing", "resolved", "withdrawn"]
    assert "show that this was never so" in notifications(over)[2].text
    assert changes(silent) == []
