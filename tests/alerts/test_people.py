"""What people do, and what becomes of alerts then: acknowledged, closed, silenced, repeated."""

from dataclasses import replace
from typing import Any

import pytest

from alerts.batch import Batch
from alerts.people import Acted
from alerts.state import AlertsState, Stance, decode, encode
from alerts.step import step
from alerts.ticking import FORGET_MS
from tests.alerts.specimens import (
    AT_MS,
    FIRING,
    PENDING,
    RESOLVED,
    arrival,
    decisions,
    listed,
    notifications,
)
from tocsin.core.actions import Action, ActionKind
from tocsin.core.clock import HOUR_MS, MINUTE_MS, iso
from tocsin.core.machine import Entry, Step
from tocsin.core.messages import Decision, Phase
from tocsin.core.plan.telling import Grouping
from tocsin.core.silences import Silence

REPEATING = Grouping(repeat_ms=HOUR_MS)
ACK = Action(
    "acme", "00000000000000a1", AT_MS + MINUTE_MS, "anna", ActionKind.ACKNOWLEDGE, FIRING.fingerprint, FIRING.episode
)
SILENCE = Action(
    "acme",
    "00000000000000b1",
    AT_MS - MINUTE_MS,
    "anna",
    ActionKind.SILENCE,
    text="new pump tonight",
    silence=Silence("", device="pump-7", end=iso(AT_MS + 10 * MINUTE_MS)),
)
PLANNED = (Silence("night", site="north", end=iso(AT_MS + 10 * MINUTE_MS)),)


def acted(action: Action) -> Acted:
    return Acted(action, action.at_ms)


def play(*events: Any, silences: tuple[Silence, ...] = ()) -> tuple[AlertsState, list[Entry]]:
    """Fold actions, arrivals and ticks (as instants) one by one, through bytes each time."""
    state, emitted = AlertsState(), []
    for event in events:
        batch = Batch((), event, silences) if isinstance(event, int) else Batch((event,))
        outcome: Step[AlertsState, Batch] = step(state, batch)
        state = decode(encode(outcome.state))
        emitted += outcome.emitted
    return state, emitted


def subjects(emitted: list[Entry]) -> list[str]:
    return [message.subject.split(":")[0] for message in notifications(emitted)]


def test_alert_that_keeps_firing_is_told_again_every_repeat_interval() -> None:
    ticks = range(AT_MS, AT_MS + 3 * HOUR_MS + 1, MINUTE_MS)

    _, emitted = play(arrival(FIRING, grouping=REPEATING), *ticks)

    messages = notifications(emitted)
    assert subjects(emitted) == ["FIRING critical"] + ["STILL FIRING critical"] * 3
    assert [message.at_ms - AT_MS for message in messages] == [0, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS]
    assert "nobody has acknowledged it" in messages[1].text
    assert len({message.id for message in messages}) == 4
    assert [one.decision for one in decisions(emitted)] == [Decision.SENT]


def test_acknowledged_alert_is_not_repeated_for_as_long_as_the_problem_lasts() -> None:
    ticks = range(AT_MS, AT_MS + 30 * HOUR_MS, HOUR_MS)

    _, emitted = play(arrival(FIRING, grouping=REPEATING), acted(ACK), *ticks)

    assert subjects(emitted) == ["FIRING critical"]


def test_acknowledgement_expires_while_the_problem_lasts() -> None:
    brief = replace(ACK, until_ms=AT_MS + 2 * HOUR_MS)
    ticks = range(AT_MS, AT_MS + 2 * HOUR_MS + 1, MINUTE_MS)

    _, emitted = play(arrival(FIRING), acted(brief), *ticks)

    first, again = notifications(emitted)
    assert again.subject.startswith("STILL FIRING")
    assert again.at_ms == AT_MS + 2 * HOUR_MS
    assert "The acknowledgement has expired" in again.text
    assert again.alerts == first.alerts


def test_acknowledgement_ends_with_the_problem_and_the_next_episode_is_told_and_repeated() -> None:
    anew = replace(FIRING, number=5, episode=2, at_ms=AT_MS + HOUR_MS)
    ticks = range(AT_MS + HOUR_MS, AT_MS + 2 * HOUR_MS + 1, MINUTE_MS)

    _, emitted = play(
        arrival(FIRING, grouping=REPEATING),
        acted(ACK),
        arrival(RESOLVED, grouping=REPEATING),
        arrival(replace(PENDING, number=4, episode=2, phase_from=Phase.RESOLVED), AT_MS + HOUR_MS, REPEATING),
        arrival(anew, grouping=REPEATING),
        *ticks,
    )

    assert subjects(emitted) == ["FIRING critical", "RESOLVED critical", "REOPENED critical", "STILL FIRING critical"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"tenant": "zeta"}, id="of another tenant"),
        pytest.param({"episode": 7}, id="of another episode"),
        pytest.param({"fingerprint": "0" * 16}, id="of another alert"),
        pytest.param({"kind": ActionKind.NOTE}, id="that only notes"),
    ],
)
def test_action_that_is_not_about_what_fires_changes_nothing_of_it(changes: dict[str, Any]) -> None:
    other = replace(ACK, **changes)

    _, emitted = play(arrival(FIRING, grouping=REPEATING), acted(other), AT_MS + HOUR_MS)

    assert subjects(emitted) == ["FIRING critical", "STILL FIRING critical"]


def test_copy_of_an_action_changes_nothing_even_after_a_later_one() -> None:
    longer = replace(ACK, id="00000000000000a2", at_ms=ACK.at_ms + 1, until_ms=AT_MS + 9 * HOUR_MS)
    once, _ = play(arrival(FIRING), acted(ACK), acted(longer))

    copied = step(once, Batch((acted(ACK), acted(longer))))

    assert copied.state is once
    assert copied.emitted == ()


def test_assignee_is_remembered_until_the_alert_resolves() -> None:
    assigned, _ = play(arrival(FIRING), acted(replace(ACK, kind=ActionKind.ASSIGN, assignee="ben")))
    over = step(assigned, Batch((arrival(RESOLVED),)))

    assert assigned.firing[FIRING.fingerprint].assignee == "ben"
    assert not over.state.firing


def test_closed_alert_leaves_the_list_and_is_told_no_more_in_this_episode() -> None:
    close = replace(ACK, kind=ActionKind.CLOSE)

    _, emitted = play(arrival(FIRING, grouping=REPEATING), acted(close), AT_MS + 9 * HOUR_MS, arrival(RESOLVED))

    assert subjects(emitted) == ["FIRING critical"]
    assert listed(emitted)[f"OPEN#{FIRING.fingerprint}"].data is None
    assert [one.decision for one in decisions(emitted)] == [Decision.SENT, Decision.QUIET]


@pytest.mark.parametrize("source", ["people", "plan"])
def test_silenced_alert_is_recorded_and_told_once_the_silence_ends_while_it_fires(source: str) -> None:
    made = [acted(SILENCE)] if source == "people" else []
    planned = PLANNED if source == "plan" else ()
    fires = replace(arrival(FIRING), silences=planned)

    _, emitted = play(*made, fires, AT_MS + 9 * MINUTE_MS, AT_MS + 10 * MINUTE_MS, arrival(RESOLVED), silences=planned)

    assert subjects(emitted) == ["STILL FIRING critical", "RESOLVED critical"]
    assert "fired while silenced, and the silence has ended" in notifications(emitted)[0].text
    assert [one.decision for one in decisions(emitted)] == [Decision.SILENCED, Decision.SENT]
    assert notifications(emitted)[0].at_ms == AT_MS + 10 * MINUTE_MS


def test_what_fires_and_resolves_under_a_silence_is_never_told() -> None:
    early = arrival(replace(RESOLVED, at_ms=AT_MS + MINUTE_MS))

    _, emitted = play(acted(SILENCE), arrival(FIRING), early, AT_MS + HOUR_MS)

    assert notifications(emitted) == []
    assert [one.decision for one in decisions(emitted)] == [Decision.SILENCED, Decision.SILENCED]


def test_flapping_does_not_defeat_a_silence() -> None:
    moves = [
        arrival(
            replace(FIRING, number=number, episode=number // 2 + 1, phase_from=before, phase=phase),
            AT_MS + number * 1_000,
        )
        for number in range(2, 200)
        for before, phase in [((Phase.RESOLVED, Phase.FIRING), (Phase.FIRING, Phase.RESOLVED))[number % 2]]
    ]

    _, emitted = play(acted(SILENCE), *moves)

    assert notifications(emitted) == []
    assert {one.decision for one in decisions(emitted)} == {Decision.SILENCED}


def test_resolution_of_an_alert_that_was_told_is_told_under_a_silence() -> None:
    _, emitted = play(arrival(FIRING), acted(replace(SILENCE, at_ms=AT_MS + 1)), arrival(RESOLVED))

    assert subjects(emitted) == ["FIRING critical", "RESOLVED critical"]


def test_repetition_waits_for_the_end_of_a_silence() -> None:
    night = replace(SILENCE, silence=Silence("", rule="too-hot", end=iso(AT_MS + 5 * HOUR_MS)))
    ticks = range(AT_MS, AT_MS + 5 * HOUR_MS + 1, HOUR_MS)

    _, emitted = play(arrival(FIRING, grouping=REPEATING), acted(replace(night, at_ms=AT_MS)), *ticks)

    assert [message.at_ms for message in notifications(emitted)] == [AT_MS, AT_MS + 5 * HOUR_MS]


def test_silence_that_is_taken_back_is_over_at_the_next_tick() -> None:
    back = Action("acme", "00000000000000c1", AT_MS + 1, "ben", ActionKind.UNSILENCE, silence_id=SILENCE.id)

    state, emitted = play(acted(SILENCE), arrival(FIRING), acted(back), AT_MS + MINUTE_MS)

    assert subjects(emitted) == ["STILL FIRING critical"]
    assert not state.silences


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(replace(SILENCE, tenant="zeta"), id="of another tenant, whatever tenant it names"),
        pytest.param(replace(SILENCE, silence=Silence("", zone="Nowhere", device="*7")), id="that is not sound"),
        pytest.param(replace(SILENCE, silence=Silence("")), id="of everything"),
    ],
)
def test_silence_mutes_nothing(action: Action) -> None:
    _, emitted = play(acted(action), arrival(FIRING))

    assert subjects(emitted) == ["FIRING critical"]


def test_held_alert_is_remembered_however_long_the_silence_lasts() -> None:
    long = replace(SILENCE, silence=Silence("", device="pump-7", end=iso(AT_MS + 3 * FORGET_MS)))

    state, emitted = play(acted(long), arrival(FIRING), AT_MS + 2 * FORGET_MS, AT_MS + 3 * FORGET_MS)

    assert subjects(emitted) == ["STILL FIRING critical"]
    assert state.firing[FIRING.fingerprint].stance is Stance.TOLD


def test_copy_of_what_is_held_is_known_however_long_the_silence_lasts() -> None:
    long = replace(SILENCE, silence=Silence("", device="pump-7", end=iso(AT_MS + 3 * FORGET_MS)))
    state, _ = play(acted(long), arrival(FIRING), AT_MS + 2 * FORGET_MS)

    copied = step(state, Batch((arrival(FIRING),)))

    assert copied.state is state


def test_old_tick_does_not_end_a_silence() -> None:
    begun = Silence("", device="pump-7", start=iso(AT_MS - MINUTE_MS), end=iso(AT_MS + HOUR_MS))
    state, _ = play(acted(replace(SILENCE, silence=begun)), arrival(FIRING))

    assert step(state, Batch(tick_ms=AT_MS - HOUR_MS)).emitted == ()
