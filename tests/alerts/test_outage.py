"""Silence of devices behind one gateway, told as the gateway's outage."""

from dataclasses import replace
from typing import Any

from alerts.batch import Batch
from alerts.state import AlertsState, decode, encode
from alerts.step import step
from tests.alerts.specimens import AT_MS, FIRING, arrival, decisions, notifications, of_device
from tocsin.core.clock import MINUTE_MS
from tocsin.core.machine import Entry
from tocsin.core.messages import Decision, Phase, Transition
from tocsin.core.plan.telling import Grouping

WAIT_MS = Grouping().gateway_wait_ms


def silent(index: int, *, minute: int = 0, began: int = -10, **changes: Any) -> Transition:
    """Return the alert of a device that fell silent at minute ``began``, found at ``minute``."""
    evidence = replace(FIRING.evidence, value=float((minute - began) * MINUTE_MS))
    return of_device(
        FIRING,
        index,
        **{"kind": "missing", "metric": "", "at_ms": AT_MS + minute * MINUTE_MS, "evidence": evidence} | changes,
    )


def back(index: int, minute: int) -> Transition:
    return replace(silent(index, minute=minute), number=3, phase_from=Phase.FIRING, phase=Phase.RESOLVED)


def play(*events: Transition | int, grouping: Grouping = Grouping()) -> list[Entry]:  # noqa: B008  it is frozen
    """Fold transitions as they happen, and ticks given as minutes."""
    state, emitted = AlertsState(), []
    for event in events:
        if isinstance(event, int):
            outcome = step(state, Batch(tick_ms=AT_MS + event * MINUTE_MS))
        else:
            outcome = step(state, Batch((arrival(event, grouping=grouping),)))
        state = decode(encode(outcome.state))
        emitted += outcome.emitted
    return emitted


def decided(emitted: list[Entry]) -> list[Decision]:
    return [one.decision for one in decisions(emitted)]


def test_devices_behind_a_gateway_that_fall_silent_together_are_told_as_one_that_lists_them() -> None:
    emitted = play(silent(1), silent(2), silent(3, minute=1), 1, 2, 3)

    (message,) = notifications(emitted)
    assert message.subject == "FIRING critical: gateway gw-3: 3 devices behind it fell silent together"
    assert message.attributes["kind"] == "gateway_missing"
    assert all(f"pump-{index}" in message.text for index in (1, 2, 3))
    assert decided(emitted) == [Decision.INHIBITED] * 3
    assert {one.notification_id for one in decisions(emitted)} == {message.id}


def test_single_silent_device_is_told_as_itself_after_the_wait() -> None:
    emitted = play(silent(1), 1, 2)

    (message,) = notifications(emitted)
    assert "pump-1" in message.subject
    assert message.attributes["kind"] == "missing"
    assert decided(emitted) == [Decision.SENT]


def test_silences_that_began_far_apart_are_no_outage() -> None:
    emitted = play(silent(1, began=-30), silent(2, began=-10), 2)

    assert decided(emitted) == [Decision.GROUPED] * 2
    assert all(message.attributes["kind"] == "missing" for message in notifications(emitted))


def test_device_that_fell_silent_long_before_is_told_beside_the_outage() -> None:
    emitted = play(silent(1, began=-60), silent(2), silent(3), 2)

    outage, alone = notifications(emitted)
    assert [len(outage.alerts), len(alone.alerts)] == [2, 1]
    assert "pump-1" in alone.subject


def test_later_device_of_the_same_outage_joins_it_alone() -> None:
    emitted = play(silent(1), silent(2), 2, silent(3, minute=4), 6)

    assert [message.attributes["kind"] for message in notifications(emitted)] == ["gateway_missing"] * 2
    assert decided(emitted) == [Decision.INHIBITED] * 3


def test_silence_of_the_gateway_itself_explains_every_silence_behind_it() -> None:
    gateway = replace(silent(9, gateway=""), device="gw-3")

    emitted = play(gateway, silent(1, began=-3), 2)

    assert sorted(message.attributes["kind"] for message in notifications(emitted)) == ["gateway_missing", "missing"]


def test_resolutions_of_an_outage_are_told_together() -> None:
    emitted = play(silent(1), silent(2), 2, 4, back(1, 10), back(2, 11), 10, 11, 12)

    _, over = notifications(emitted)
    assert over.subject == "RESOLVED critical: gateway gw-3: 2 devices behind it report again"
    assert decided(emitted)[2:] == [Decision.GROUPED] * 2


def test_blip_within_the_wait_is_told_as_fired_and_then_resolved() -> None:
    emitted = play(silent(1), back(1, 1), 2)

    assert [message.attributes["state"] for message in notifications(emitted)] == ["firing", "resolved"]


def test_gateways_are_not_mixed() -> None:
    emitted = play(silent(1), silent(2, gateway="gw-4"), 2)

    assert decided(emitted) == [Decision.GROUPED] * 2
    assert notifications(emitted)[0].subject == "FIRING critical: 2 alerts, site north, kind missing"


def test_gateways_of_a_site_that_fail_together_are_told_as_the_sites_outage() -> None:
    emitted = play(*(silent(index, gateway=f"gw-{index % 2}") for index in range(1, 5)), 1, 2)

    (message,) = notifications(emitted)
    assert message.subject == "FIRING critical: site north: 4 devices there fell silent together"
    assert message.attributes["kind"] == "site_missing"
    assert decided(emitted) == [Decision.INHIBITED] * 4


def test_devices_without_a_gateway_that_fall_silent_together_are_the_outage_of_their_site() -> None:
    emitted = play(*(silent(index, gateway="") for index in range(1, 5)), 2)

    assert [message.attributes["kind"] for message in notifications(emitted)] == ["site_missing"]


def test_one_gateway_and_a_device_elsewhere_are_no_outage_of_the_site() -> None:
    emitted = play(silent(1), silent(2), silent(3), silent(4, gateway="gw-9"), 2)

    assert [message.attributes["kind"] for message in notifications(emitted)] == ["gateway_missing", "missing"]


def test_devices_of_a_site_that_report_again_are_told_together() -> None:
    out = [silent(index, gateway=f"gw-{index % 2}") for index in range(1, 5)]
    over = [replace(back(index, 10), gateway=f"gw-{index % 2}") for index in range(1, 5)]

    emitted = play(*out, 2, 4, *over, 10, 11, 12)

    assert notifications(emitted)[-1].subject == "RESOLVED critical: site north: 4 devices there report again"


def test_each_return_from_a_sites_outage_is_told_of_that_outage() -> None:
    out = [silent(index, gateway=f"gw-{index % 2}") for index in range(1, 5)]
    over = [replace(back(index, 10 * index), gateway=f"gw-{index % 2}") for index in range(1, 5)]

    emitted = play(*out, 2, 4, over[0], 11, 12, over[1], 21, 22, over[2], 31, 32, over[3], 41, 42)

    assert [(one.group, one.left) for one in notifications(emitted)] == [
        ("acme|site=north|kind=site_missing", left) for left in (4, 3, 2, 1, 0)
    ]


def test_without_a_wait_silences_are_told_as_all_others() -> None:
    emitted = play(silent(1), silent(2), 2, grouping=Grouping(gateway_wait_ms=0))

    assert decided(emitted) == [Decision.SENT] * 2


def test_new_episode_is_never_told_before_the_end_of_the_one_before() -> None:
    slow = Grouping(interval_ms=60 * MINUTE_MS, by=("site",))
    again = replace(silent(1, minute=80, began=70), number=4, episode=2, phase_from=Phase.RESOLVED)
    hot = of_device(FIRING, 7, at_ms=AT_MS + 70 * MINUTE_MS)

    emitted = play(silent(1), *range(2, 70), hot, back(1, 75), again, *range(81, 200), grouping=slow)

    told = [
        alert.number for message in notifications(emitted) for alert in message.alerts if alert.fingerprint[-1] == "1"
    ]
    assert told == [2, 3, 4]


def test_outage_says_how_many_devices_are_still_silent() -> None:
    emitted = play(silent(1), silent(2), silent(3), 2, 4, back(1, 10), 12, 14, back(2, 20), back(3, 20), 22)

    assert [message.left for message in notifications(emitted)] == [3, 2, 0]
