"""What comes to fire behind an outage: muted and listed while it lasts, told afterwards if it still fires."""

from dataclasses import replace
from typing import Any

import pytest

from tests.alerts.specimens import AT_MS, FIRING, RESOLVED, decisions, notifications
from tests.alerts.test_outage import back, play, silent
from tocsin.core.clock import MINUTE_MS
from tocsin.core.machine import Entry
from tocsin.core.messages import AlertRef, Decision, DecisionRecord, Phase, Severity, Transition
from tocsin.core.plan.telling import Grouping

OUT = (silent(1), silent(2), 2)
"""Two devices of gateway gw-3, told as its outage at minute 2."""

IS_OVER = (back(1, 20), back(2, 20), 20, 21, 22)


def hot(minute: int, *, device: int = 3, **changes: Any) -> Transition:
    """Return the temperature alert of a device behind the gateway."""
    at_ms = AT_MS + minute * MINUTE_MS
    named = {"device": f"pump-{device}", "fingerprint": f"{device:015x}f", "at_ms": at_ms, "since_ms": at_ms}
    return replace(FIRING, **named | changes)


def cooled(minute: int, **changes: Any) -> Transition:
    over = {"phase_from": Phase.FIRING, "phase": Phase.RESOLVED, "number": 3, "summary": RESOLVED.summary}
    return hot(minute, **over | changes)


def subjects(emitted: list[Entry]) -> list[str]:
    return [message.subject for message in notifications(emitted)]


def about(emitted: list[Entry], move: Transition) -> DecisionRecord:
    found = AlertRef(move.fingerprint, move.episode, move.number)
    (record,) = [one for one in decisions(emitted) if one.alert == found]
    return record


@pytest.mark.parametrize("kind", ["limits", "rate_of_change", "flatline", "adaptive", "drift", "missing"])
def test_new_alert_behind_an_outage_is_muted_whatever_its_kind(kind: str) -> None:
    emitted = play(*OUT, hot(5, kind=kind))

    assert len(subjects(emitted)) == 1
    muted = about(emitted, hot(5))
    assert (muted.decision, muted.notification_id, muted.outage) == (Decision.INHIBITED, "", "gateway gw-3")
    assert muted.outage_alert == AlertRef(silent(1).fingerprint, 1, 2)


def test_what_still_fires_when_the_outage_is_over_is_told_as_new_and_listed() -> None:
    emitted = play(*OUT, hot(5), *IS_OVER)

    _, over, late = notifications(emitted)
    assert over.subject == "RESOLVED critical: gateway gw-3: 2 devices behind it report again"
    assert "Muted while gateway gw-3 was out, 1 alert; what still fires is told now:" in over.text
    assert f"still fires  critical  pump-3  {FIRING.summary}  {hot(5).fingerprint}" in over.text
    assert late.subject.startswith("FIRING critical: pump-3 at north")
    assert late.attributes["change"] == "firing"


def test_what_is_over_before_the_outage_is_listed_and_never_told() -> None:
    emitted = play(*OUT, hot(5), cooled(9), *IS_OVER, 40)

    assert len(subjects(emitted)) == 2
    assert "over  critical  pump-3" in notifications(emitted)[-1].text
    assert about(emitted, cooled(9)).decision is Decision.INHIBITED


def test_end_of_what_was_told_late_is_told() -> None:
    emitted = play(*OUT, hot(5), *IS_OVER, cooled(30), 30, 40)

    assert subjects(emitted)[-1].startswith("RESOLVED critical: pump-3")


def test_alert_from_before_the_outage_is_not_touched() -> None:
    worse = hot(6, number=3, phase_from=Phase.FIRING, severity_from=Severity.WARNING)

    emitted = play(hot(-5), *OUT, worse, cooled(8, number=4), 10)

    assert [words.split()[0] for words in subjects(emitted)] == ["FIRING", "FIRING", "WORSE", "RESOLVED"]


def test_alert_that_comes_while_the_outage_gathers_is_listed_in_its_message() -> None:
    emitted = play(silent(1), silent(2), hot(1), 1, 2)

    (message,) = notifications(emitted)
    assert "Muted until it is over, 1 alert behind it:" in message.text
    assert f"critical  pump-3  {FIRING.summary}" in message.text
    assert about(emitted, hot(1)).decision is Decision.INHIBITED


def test_alert_that_waits_in_its_group_when_the_outage_becomes_known_is_muted() -> None:
    patient = Grouping(wait_ms=90_000)

    emitted = play(hot(0), silent(1, minute=1), silent(2, minute=1), 1, 2, 3, 4, grouping=patient)

    (message,) = notifications(emitted)
    assert message.attributes["kind"] == "gateway_missing"
    assert "pump-3" in message.text
    assert about(emitted, hot(0)).decision is Decision.INHIBITED


def test_blip_while_the_outage_gathers_is_never_told() -> None:
    emitted = play(silent(1), silent(2), hot(1), cooled(1), 1, 2, 3, 4)

    assert len(subjects(emitted)) == 1
    assert {about(emitted, hot(1)).decision, about(emitted, cooled(1)).decision} == {Decision.INHIBITED}


def test_alert_that_waited_for_an_outage_that_was_none_is_told_with_its_own_group() -> None:
    returned = replace(back(2, 1), number=3)

    emitted = play(silent(1), silent(2, began=-60), hot(1), returned, 1, 2, 3)

    assert any(words.startswith("FIRING critical: pump-3") for words in subjects(emitted))


def test_one_silent_device_mutes_nobody() -> None:
    emitted = play(silent(1), 2, hot(5))

    assert subjects(emitted)[-1].startswith("FIRING critical: pump-3")


def test_devices_behind_another_gateway_are_told() -> None:
    emitted = play(*OUT, hot(5, gateway="gw-4"))

    assert subjects(emitted)[-1].startswith("FIRING critical: pump-3")


def test_outage_of_a_site_mutes_devices_of_all_its_gateways() -> None:
    out = [silent(index, gateway=f"gw-{index % 2}") for index in range(1, 5)]

    emitted = play(*out, 2, hot(5, device=7, gateway="gw-8"))

    assert len(subjects(emitted)) == 1
    assert about(emitted, hot(5, device=7)).outage == "site north"


def test_silence_of_the_gateway_itself_mutes_what_is_behind_it_and_its_return_lists_that() -> None:
    gateway = replace(silent(9, gateway="", site=""), device="gw-3")
    returned = replace(gateway, number=3, phase_from=Phase.FIRING, phase=Phase.RESOLVED, at_ms=AT_MS + 20 * MINUTE_MS)

    emitted = play(gateway, 2, hot(5), returned, 20, 21)

    out, over, late = notifications(emitted)
    assert (out.attributes["kind"], over.attributes["kind"]) == ("missing", "missing")
    assert "Muted while gateway gw-3 was out, 1 alert" in over.text
    assert late.subject.startswith("FIRING critical: pump-3")


def test_device_that_never_comes_back_does_not_mute_its_neighbours_for_ever() -> None:
    emitted = play(silent(1), silent(2), silent(3), silent(4), 2, back(1, 20), back(2, 20), 22, 24, hot(30, device=5))

    assert subjects(emitted)[-1].startswith("FIRING critical: pump-5")


def test_device_that_falls_silent_later_behind_the_outage_is_muted_and_told_after_it() -> None:
    late = silent(3, minute=40, began=30)

    emitted = play(*OUT, late, 42, 50, back(1, 60), back(2, 60), 60, 61, 62)

    assert about(emitted, late).notification_id == ""
    assert subjects(emitted)[1:] == [
        "RESOLVED critical: gateway gw-3: 2 devices behind it report again",
        "FIRING critical: pump-3 at north: temperature 92.4 C is above 90 C (limit too-hot) since 09:55 UTC",
    ]


def test_plan_may_ask_that_outages_mute_silence_alone() -> None:
    emitted = play(*OUT, hot(5), grouping=Grouping(outage_mutes="silence"))

    assert subjects(emitted)[-1].startswith("FIRING critical: pump-3")


def test_resolutions_that_nobody_wants_to_hear_end_the_outage_all_the_same() -> None:
    emitted = play(*OUT, hot(5), *IS_OVER, grouping=Grouping(send_resolved=False))

    assert subjects(emitted)[-1].startswith("FIRING critical: pump-3")


def test_storm_behind_an_outage_lists_twenty_and_counts_all() -> None:
    emitted = play(*OUT, *(hot(5, device=index) for index in range(10, 60)), *IS_OVER)

    over = notifications(emitted)[1]
    assert "50 alerts; what still fires is told now:" in over.text
    assert "and 30 more" in over.text
    assert sum(len(one.alerts) for one in notifications(emitted)[2:]) == 50
