"""A tenant's budget: what is beyond it is held, summed up, and told later if it still fires."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import ticking
from alerts.batch import Arrival, Batch
from alerts.state import AlertsState, decode, encode
from alerts.step import step
from tests.alerts.specimens import AT_MS, FIRING, RESOLVED, arrival, decisions, notifications, of_device
from tocsin.core.clock import HOUR_MS, MINUTE_MS, iso
from tocsin.core.machine import Entry
from tocsin.core.messages import Decision
from tocsin.core.plan.telling import Grouping
from tocsin.core.silences import Silence

SINGLY = Grouping(by=("device",), interval_ms=0)


def play(*events: Any, budget: int = 3) -> tuple[AlertsState, list[Entry]]:
    state, emitted = AlertsState(), []
    for event in events:
        some = Batch(tick_ms=event) if isinstance(event, int) else Batch((event,))
        rest: Batch | None = replace(some, budget=budget)
        while rest is not None:
            outcome = step(state, rest)
            state, rest = decode(encode(outcome.state)), outcome.rest
            emitted += outcome.emitted
    return state, emitted


def storm(count: int, **changes: Any) -> list[Arrival]:
    return [arrival(of_device(FIRING, index, **changes), AT_MS + index, SINGLY) for index in range(count)]


def over(index: int, at_ms: int) -> Arrival:
    return arrival(of_device(RESOLVED, index, at_ms=at_ms), grouping=SINGLY)


def test_what_is_beyond_the_budget_is_held_and_summed_up_and_what_still_fires_is_told() -> None:
    ended = [over(index, AT_MS + MINUTE_MS) for index in range(3, 9)]

    _, emitted = play(*storm(10), *ended, AT_MS + HOUR_MS - 1, AT_MS + HOUR_MS)

    messages = notifications(emitted)
    assert [one.attributes["change"] for one in messages] == ["firing"] * 3 + ["summary", "still_firing"]
    assert messages[3].subject == "HELD BACK 7 alerts: more than 3 notifications within 1 hour"
    assert "7 critical limits at north" in messages[3].text
    assert "held back because too much was told before" in messages[4].text
    assert Counter(one.decision for one in decisions(emitted)) == {Decision.SENT: 3, Decision.HELD: 13}


def test_who_was_told_that_an_alert_fires_is_told_that_it_is_over_whatever_the_budget() -> None:
    _, emitted = play(*storm(10), over(0, AT_MS + MINUTE_MS), over(9, AT_MS + MINUTE_MS))

    assert [one.attributes["state"] for one in notifications(emitted)] == ["firing"] * 3 + ["resolved"]


def test_budgets_of_tenants_are_their_own() -> None:
    of_others = [replace(one, transition=replace(one.transition, tenant="zeta")) for one in storm(20)[10:]]

    _, emitted = play(*storm(10), *of_others)

    assert Counter(one.tenant for one in notifications(emitted)) == {"acme": 3, "zeta": 3}


def test_nothing_is_held_where_no_budget_is_set() -> None:
    _, emitted = play(*storm(50), budget=0)

    assert len(notifications(emitted)) == 50


def test_budget_begins_anew_after_its_span() -> None:
    later = arrival(of_device(FIRING, 90), AT_MS + 2 * HOUR_MS, SINGLY)

    _, emitted = play(*storm(3), later)

    assert len(notifications(emitted)) == 4


def test_tenant_without_room_keeps_no_other_tenant_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticking, "FLUSHES_MAX", 5)
    night = Silence("night", tenant="zeta", device="*", end=iso(AT_MS + MINUTE_MS))
    of_zeta = arrival(of_device(FIRING, 99, tenant="zeta"), AT_MS + 50, SINGLY)

    _, emitted = play(*storm(20), replace(of_zeta, silences=(night,)), AT_MS + MINUTE_MS)

    assert [one.tenant for one in notifications(emitted)][-1] == "zeta"


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.sampled_from([1_000, MINUTE_MS])), max_size=40),
    st.integers(1, 4),
)
def test_no_transition_is_lost_and_no_span_has_more_firings_than_its_budget(
    moves: list[tuple[int, bool, int]], budget: int
) -> None:
    now_ms, numbers, fires, events = AT_MS, Counter[int](), Counter[int](), []
    for index, is_tick, pause_ms in moves:
        now_ms += pause_ms
        if is_tick:
            events.append(now_ms)
            continue
        numbers[index] += 1
        fires[index] ^= 1
        specimen = FIRING if fires[index] else RESOLVED
        move = of_device(specimen, index, number=numbers[index], episode=(numbers[index] + 1) // 2, at_ms=now_ms)
        events.append(arrival(move, grouping=SINGLY))

    _, emitted = play(*events, now_ms + 3 * HOUR_MS, now_ms + 6 * HOUR_MS, budget=budget)

    assert len(decisions(emitted)) == sum(numbers.values())
    new = [
        one.at_ms for one in notifications(emitted) if one.attributes["change"] in {"firing", "reopened", "flapping"}
    ]
    assert all(sum(at <= other < at + HOUR_MS for other in new) <= 2 * budget for at in new)
