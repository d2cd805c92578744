"""What fires again and again: told once, held, and told how it stands once it stays as it is."""

from dataclasses import replace
from typing import Any

from alerts.batch import Arrival, Batch
from alerts.state import AlertsState, decode, encode
from alerts.step import step
from tests.alerts.specimens import AT_MS, FIRING, arrival, decisions, notifications
from tests.alerts.test_people import SILENCE, acted
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.machine import Entry
from tocsin.core.messages import Decision, Phase
from tocsin.core.plan.telling import Grouping

GROUPING = Grouping(interval_ms=0, flap_episodes=3, flap_settle_ms=10 * MINUTE_MS)


def swings(count: int, *, every_ms: int = MINUTE_MS, first: int = 0, grouping: Grouping = GROUPING) -> list[Arrival]:
    """Return moves of the alert, firing and resolved in turn."""
    phases = (Phase.RESOLVED, Phase.FIRING)
    return [
        arrival(
            replace(
                FIRING,
                number=number + 2,
                episode=number // 2 + 1,
                phase_from=phases[number % 2],
                phase=phases[(number + 1) % 2],
                at_ms=AT_MS + number * every_ms,
            ),
            grouping=grouping,
        )
        for number in range(first, first + count)
    ]


def play(*events: Any, **changes: Any) -> tuple[AlertsState, list[Entry]]:
    state, emitted = AlertsState(), []
    for event in events:
        batch = Batch(tick_ms=event, **changes) if isinstance(event, int) else Batch((event,), **changes)
        outcome = step(state, batch)
        state = decode(encode(outcome.state))
        emitted += outcome.emitted
    return state, emitted


def told(emitted: list[Entry]) -> list[str]:
    return [message.attributes["change"] for message in notifications(emitted)]


def test_alert_that_fires_again_and_again_is_told_once_as_flapping_and_then_held() -> None:
    _, emitted = play(*swings(20))

    assert told(emitted) == ["firing", "resolved", "reopened", "resolved", "flapping"]
    assert [one.decision for one in decisions(emitted)][5:] == [Decision.HELD] * 15
    assert "Nothing more is told of it until it stays as it is" in notifications(emitted)[-1].text


def test_silence_that_flaps_while_it_waits_for_others_behind_its_gateway_is_told_in_order() -> None:
    grouping = Grouping(interval_ms=0, flap_episodes=2, gateway_wait_ms=2 * MINUTE_MS, by=(), wait_ms=0)
    silent = [
        replace(one, transition=replace(one.transition, kind="missing", metric="", gateway="gw-3"))
        for one in swings(3, grouping=grouping)
    ]

    _, emitted = play(*silent, AT_MS + HOUR_MS)

    numbers = [alert.number for message in notifications(emitted) for alert in message.alerts]
    assert numbers == sorted(numbers)
    assert len(numbers) >= 2


def test_flapping_alert_that_stays_clear_is_told_as_resolved_once() -> None:
    moves = swings(20)
    end_ms = moves[-1].arrival_ms

    state, emitted = play(*moves, end_ms + 9 * MINUTE_MS, end_ms + 10 * MINUTE_MS, end_ms + 11 * MINUTE_MS)

    assert told(emitted)[5:] == ["resolved"]
    assert "flapped, and has stayed clear" in notifications(emitted)[-1].text
    assert not any(one.flapping for one in state.recent.values())


def test_flapping_alert_that_stays_firing_is_told_as_firing_once_and_then_lives_as_any_other() -> None:
    moves = swings(21)
    end_ms = moves[-1].arrival_ms
    over = swings(1, first=21, every_ms=2 * MINUTE_MS)

    _, emitted = play(*moves, end_ms + 10 * MINUTE_MS, end_ms + 11 * MINUTE_MS, *over)

    assert told(emitted)[5:] == ["still_firing", "resolved"]


def test_what_fires_rarely_never_flaps() -> None:
    _, emitted = play(*swings(20, every_ms=HOUR_MS))

    assert told(emitted) == ["firing", "resolved"] * 10


def test_flapping_can_be_switched_off() -> None:
    _, emitted = play(*swings(20, grouping=replace_grouping(flap_episodes=0)))

    assert "flapping" not in told(emitted)
    assert len(told(emitted)) == 20


def test_flapping_under_a_silence_tells_nobody_anything_and_settles_in_silence() -> None:
    moves = swings(9)

    _, emitted = play(acted(SILENCE), *moves, moves[-1].arrival_ms + MINUTE_MS)

    assert notifications(emitted) == []


def test_silence_made_while_an_alert_flaps_keeps_back_that_it_stays_firing() -> None:
    moves = swings(7)
    night = replace(SILENCE, at_ms=moves[-1].arrival_ms)

    _, emitted = play(*moves, acted(night), AT_MS + 9 * MINUTE_MS, AT_MS + 18 * MINUTE_MS)

    assert told(emitted)[-2:] == ["flapping", "still_firing"]
    assert notifications(emitted)[-1].at_ms == AT_MS + 18 * MINUTE_MS


def test_backlog_that_comes_at_once_is_judged_by_when_things_happened() -> None:
    late = [replace(one, arrival_ms=AT_MS + 30 * HOUR_MS) for one in swings(10, every_ms=2 * HOUR_MS)]

    _, emitted = play(*late)

    assert "flapping" not in told(emitted)


def replace_grouping(**changes: Any) -> Grouping:
    return Grouping(interval_ms=0, **changes)
