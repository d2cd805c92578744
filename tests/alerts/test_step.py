"""The step on histories worth naming."""

from dataclasses import replace

import pytest

from alerts import telling
from alerts.batch import Batch
from alerts.state import AlertsState, decode, encode
from alerts.step import step
from alerts.ticking import FLUSHES_MAX, FORGET_MS
from tests.alerts.specimens import (
    AT_MS,
    FIRING,
    PENDING,
    RESOLVED,
    arrival,
    decisions,
    listed,
    notifications,
    of_device,
)
from tocsin.core import codec
from tocsin.core.clock import MINUTE_MS
from tocsin.core.errors import DamagedError
from tocsin.core.messages import Decision, Phase
from tocsin.core.plan.model import Grouping


def test_pending_is_recorded_and_not_told() -> None:
    outcome = step(AlertsState(), Batch((arrival(PENDING),)))

    assert notifications(outcome.emitted) == []
    assert [(one.decision, one.notification_id) for one in decisions(outcome.emitted)] == [(Decision.QUIET, "")]


def test_shadow_rule_is_recorded_and_neither_told_nor_listed() -> None:
    tried = replace(FIRING, shadow_of="live")

    outcome = step(AlertsState(), Batch((arrival(tried),)))

    assert notifications(outcome.emitted) == []
    assert listed(outcome.emitted) == {}
    assert [one.decision for one in decisions(outcome.emitted)] == [Decision.SHADOWED]


def test_alert_told_while_its_rule_was_live_is_told_to_its_end() -> None:
    fired = step(AlertsState(), Batch((arrival(FIRING),)))

    ended = step(fired.state, Batch((arrival(replace(RESOLVED, shadow_of="live")),)))

    assert [one.decision for one in decisions(ended.emitted)] == [Decision.SENT]
    assert len(notifications(ended.emitted)) == 1


def test_storm_of_a_thousand_alerts_becomes_a_handful_of_messages() -> None:
    storm = tuple(arrival(of_device(FIRING, index)) for index in range(1_000))

    flooded = step(AlertsState(), Batch(storm))
    ticked = step(flooded.state, Batch(tick_ms=AT_MS + MINUTE_MS))

    messages = notifications(flooded.emitted + ticked.emitted)
    assert [len(message.alerts) for message in messages] == [1, 500, 499]
    assert len(decisions(flooded.emitted + ticked.emitted)) == 1_000
    assert all(len(message.text) < 5_000 for message in messages)


def test_group_that_gathers_is_told_at_the_first_tick_after_its_interval() -> None:
    state = step(AlertsState(), Batch((arrival(FIRING), arrival(of_device(FIRING, 1), AT_MS + 20_000)))).state

    early = step(state, Batch(tick_ms=AT_MS + MINUTE_MS - 1))
    due = step(state, Batch(tick_ms=AT_MS + MINUTE_MS))

    assert early.state is state
    assert [message.alerts[0].fingerprint for message in notifications(due.emitted)] == [f"{1:016x}"]
    assert decisions(due.emitted)[0].at_ms == AT_MS + MINUTE_MS


def test_next_interval_counts_from_the_message_before() -> None:
    first = step(AlertsState(), Batch((arrival(FIRING), arrival(of_device(FIRING, 1)))))
    told = step(first.state, Batch(tick_ms=AT_MS + 2 * MINUTE_MS))
    more = step(told.state, Batch((arrival(of_device(FIRING, 2), AT_MS + 2 * MINUTE_MS + 1),)))

    assert notifications(more.emitted) == []
    assert notifications(step(more.state, Batch(tick_ms=AT_MS + 3 * MINUTE_MS)).emitted)


def test_blip_within_the_interval_tells_that_it_fired_and_then_that_it_resolved() -> None:
    busy = step(AlertsState(), Batch((arrival(of_device(FIRING, 1)),))).state

    blip = step(busy, Batch((arrival(FIRING, AT_MS + 1), arrival(RESOLVED, AT_MS + 2)), AT_MS + MINUTE_MS))

    assert [message.attributes["state"] for message in notifications(blip.emitted)] == ["firing", "resolved"]


def test_open_alert_is_listed_while_it_fires_even_where_nobody_is_told() -> None:
    silent = Grouping(severity_min=FIRING.severity)
    mild = replace(FIRING, severity=type(FIRING.severity).INFO)

    fires = step(AlertsState(), Batch((arrival(mild, grouping=silent),)))
    ends = step(fires.state, Batch((arrival(replace(RESOLVED, severity=mild.severity), grouping=silent),)))

    assert listed(fires.emitted)[f"OPEN#{FIRING.fingerprint}"].data is not None
    assert listed(ends.emitted)[f"OPEN#{FIRING.fingerprint}"].data is None
    assert [listed(one.emitted)[f"OPEN#{FIRING.fingerprint}"].number for one in (fires, ends)] == [2, 3]
    assert notifications(fires.emitted + ends.emitted) == []


def test_lost_transitions_are_counted_and_later_ones_still_told() -> None:
    known = step(AlertsState(), Batch((arrival(PENDING),)))

    outcome = step(known.state, Batch((arrival(replace(FIRING, number=5)),)))

    assert decode(encode(outcome.state)).gaps == 3
    assert len(notifications(outcome.emitted)) == 1


def test_lost_resolution_takes_the_alert_off_the_list() -> None:
    fires = step(AlertsState(), Batch((arrival(FIRING),)))
    anew = replace(PENDING, number=4, phase_from=Phase.RESOLVED, episode=2)

    outcome = step(fires.state, Batch((arrival(anew),)))

    assert listed(outcome.emitted)[f"OPEN#{FIRING.fingerprint}"].data is None


def test_alert_that_fires_is_remembered_however_long_it_lasts() -> None:
    fires = step(AlertsState(), Batch((arrival(FIRING),)))
    later = step(fires.state, Batch(tick_ms=AT_MS + 10 * FORGET_MS))

    outcome = step(later.state, Batch((arrival(RESOLVED, AT_MS + 10 * FORGET_MS),)))

    assert [message.attributes["state"] for message in notifications(outcome.emitted)] == ["resolved"]


def test_fullest_group_is_told_early_where_too_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "WAITING_TOTAL_MAX", 4)
    storm = [arrival(of_device(FIRING, index, site=("north", "south")[index % 3 == 0])) for index in range(9)]

    outcome = step(AlertsState(), Batch(tuple(storm)))

    assert sum(len(one.waiting) for one in outcome.state.gatherings.values()) <= 4
    assert [len(message.alerts) for message in notifications(outcome.emitted)] == [1, 1, 3]


def test_tick_with_many_groups_due_is_taken_in_parts() -> None:
    by_device = Grouping(by=("device",))
    pairs = [
        arrival(
            replace(of_device(FIRING, index), number=number, fingerprint=f"{index:08x}{number:08x}"), AT_MS, by_device
        )
        for index in range(FLUSHES_MAX + 5)
        for number in (1, 2)
    ]
    state = step(AlertsState(), Batch(tuple(pairs))).state

    first = step(state, Batch(tick_ms=AT_MS + MINUTE_MS))
    assert first.rest == Batch(tick_ms=AT_MS + MINUTE_MS)
    second = step(first.state, first.rest)

    assert len(notifications(first.emitted)) == FLUSHES_MAX
    assert len(notifications(second.emitted)) == 5
    assert second.rest is None


@pytest.mark.parametrize("blob", [b"", encode(AlertsState())[:-1], codec.encode("alerts.state", 1, [1, 2], {})])
def test_state_that_is_not_what_was_written_is_named_as_damaged(blob: bytes) -> None:
    with pytest.raises(DamagedError):
        decode(blob)


def test_notification_says_how_many_of_its_group_people_know_to_fire() -> None:
    at_once = Grouping(interval_ms=0)
    over = [of_device(RESOLVED, index) for index in range(3)]
    fires = [arrival(of_device(FIRING, index), grouping=at_once) for index in range(3)]
    elsewhere = arrival(of_device(FIRING, 9, site="south"), grouping=at_once)

    outcome = step(AlertsState(), Batch((*fires, elsewhere, *(arrival(one, grouping=at_once) for one in over))))

    assert [(one.group, one.left) for one in notifications(outcome.emitted)] == [
        ("acme|site=north|kind=limits", 1),
        ("acme|site=north|kind=limits", 2),
        ("acme|site=north|kind=limits", 3),
        ("acme|site=south|kind=limits", 1),
        ("acme|site=north|kind=limits", 2),
        ("acme|site=north|kind=limits", 1),
        ("acme|site=north|kind=limits", 0),
    ]
