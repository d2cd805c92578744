"""Notifications as people get them. The whole texts lie in ``golden``: read them there."""

from dataclasses import replace
from pathlib import Path

import pytest

from alerts.change import change_of
from alerts.grouping import group_key
from alerts.message import Telling, notification, notification_id
from tests.alerts.specimens import AT_MS, FIRING, GROUPING, RESOLVED, of_device
from tocsin.core.clock import MINUTE_MS
from tocsin.core.messages import AlertRef, Evidence, Notification, Severity, Transition
from tocsin.core.plan.model import Grouping

GOLDEN = Path(__file__).parent / "golden"

ADAPTIVE = replace(
    FIRING,
    metric="flow_lpm",
    rule="unusual",
    kind="adaptive",
    severity=Severity.WARNING,
    unit="l/min",
    since_ms=AT_MS,
    evidence=Evidence(
        value=12.1,
        plan_hash="p1",
        score=5.24,
        threshold=3.3,
        expected_low=57.9,
        expected_high=64.02,
        parts={"spread": 0.31, "level": 4.93},
        panes=tuple(
            replace(pane, mean=64 - step, min=60.0, max=66.5) for step, pane in enumerate(FIRING.evidence.panes)
        ),
    ),
    summary="flow 12.1 l/min is unusual: expected 57.9 to 64.02 l/min, score 5.24 of 3.3 (adaptive unusual)",
)
MISSING = replace(
    FIRING,
    metric="",
    rule="silent",
    kind="missing",
    unit="",
    evidence=Evidence(value=720_000.0, plan_hash="p1", threshold=300_000.0, expected_low=0.0, expected_high=300_000.0),
    summary="no data for 12 min, expected within 5 min (missing data silent) since 09:55 UTC",
)
RATE = replace(
    FIRING,
    rule="heats-fast",
    kind="rate_of_change",
    evidence=replace(FIRING.evidence, value=0.82, threshold=0.5, expected_low=-0.5, expected_high=0.5),
    summary="temperature rises 0.82 °C per second, faster than 0.5 (rate heats-fast) since 09:55 UTC",
)
FLAT = replace(
    FIRING,
    rule="stuck",
    kind="flatline",
    evidence=Evidence(2_400_000.0, "p1", threshold=1_800_000.0, expected_low=0.0, expected_high=1_800_000.0),
    summary="temperature has not moved from 71 °C for 40 min (flatline stuck) since 09:55 UTC",
)
WITHDRAWN = replace(
    RESOLVED,
    rule="silent",
    kind="missing",
    metric="",
    evidence=Evidence(0.0, "p1", parts={"rule_withdrawn": 1.0}),
    summary="pump-7: closed because the plan in force has no rule silent for it any more",
)
OUTAGE = tuple(
    of_device(MISSING, index, severity=(Severity.CRITICAL, Severity.WARNING)[index > 2], at_ms=AT_MS + index)
    for index in range(30)
)
SPREAD = (
    FIRING,
    of_device(ADAPTIVE, 8, site="south", gateway=""),
    of_device(ADAPTIVE, 9, device_type="", site="south", gateway=""),
)


def told(*part: Transition, grouping: Grouping = GROUPING) -> Notification:
    return notification(part, key=group_key(part[0], grouping), number=17, told=Telling(change_of(part[0])))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("limits_firing", told(FIRING), id="a limit is passed"),
        pytest.param("limits_resolved", told(RESOLVED), id="and back inside"),
        pytest.param("adaptive_firing", told(ADAPTIVE), id="unusual, with score and band"),
        pytest.param("missing_firing", told(MISSING), id="a device is silent"),
        pytest.param("rate_firing", told(RATE), id="too fast"),
        pytest.param("flatline_firing", told(FLAT), id="stuck"),
        pytest.param("missing_withdrawn", told(WITHDRAWN), id="the rule is gone"),
        pytest.param("outage", told(*OUTAGE), id="many devices behind one gateway"),
        pytest.param("spread", told(*SPREAD, grouping=Grouping(by=())), id="what has little in common"),
    ],
)
def test_message_reads_as_it_should(name: str, message: Notification) -> None:
    assert f"{message.subject}\n\n{message.text}" == (GOLDEN / f"{name}.txt").read_text("utf-8")


def test_group_of_a_cohort_is_named_by_its_type() -> None:
    message = told(FIRING, of_device(FIRING, 1), grouping=Grouping(by=("device_type",)))

    assert message.subject == "FIRING critical: 2 alerts, type pump"


@pytest.mark.parametrize("transition", [FIRING, RESOLVED, ADAPTIVE, MISSING, RATE, FLAT, WITHDRAWN])
def test_hostile_names_stay_on_their_line(transition: Transition) -> None:
    hostile = "x\r\nBcc: all\x1b[2J\u202e\u2028" + "y" * 300
    names = ("device", "metric", "rule", "site", "gateway", "device_type", "unit", "summary")
    harmless = replace(transition, metric=transition.metric or "m", unit="u")

    message = told(replace(harmless, **dict.fromkeys(names, hostile)))  # type: ignore[arg-type]

    assert message.subject.isprintable()
    assert message.subject.isascii()
    assert len(message.subject) <= 99
    assert all(line.isprintable() for line in message.text.split("\n"))
    assert message.text.count("\n") <= told(replace(harmless, device_type="t", site="s", gateway="g")).text.count("\n")
    assert all(len(line) < 700 for line in message.text.split("\n"))


def test_attributes_are_what_subscribers_filter_by() -> None:
    assert told(FIRING).attributes == {
        "tenant": "acme",
        "site": "north",
        "severity": "critical",
        "kind": "limits",
        "state": "firing",
        "change": "firing",
    }


def test_attributes_of_many_are_the_highest_severity_and_mixed_where_they_differ() -> None:
    assert told(*reversed(SPREAD), grouping=Grouping(by=())).attributes == {
        "tenant": "acme",
        "site": "mixed",
        "severity": "critical",
        "kind": "mixed",
        "state": "firing",
        "change": "firing",
    }


def test_no_attribute_is_empty_as_sns_takes_none_such() -> None:
    assert told(replace(FIRING, site="")).attributes["site"] == "none"


def test_id_follows_from_what_is_told_alone() -> None:
    alerts = [AlertRef("f1", 1, 2), AlertRef("f2", 1, 2)]

    assert notification_id("acme", alerts) == notification_id("acme", list(alerts))
    assert (
        len({notification_id("acme", alerts), notification_id("zeta", alerts), notification_id("acme", alerts[:1])})
        == 3
    )


def test_time_of_a_message_is_that_of_its_newest_alert() -> None:
    later = replace(of_device(FIRING, 1), at_ms=AT_MS + MINUTE_MS)

    assert told(later, FIRING).at_ms == AT_MS + MINUTE_MS


def test_windows_of_the_evidence_are_shown_with_unit_and_shape() -> None:
    lines = told(FIRING).text.split("\n")

    assert "Newest windows in °C:" in lines
    assert any(line.endswith("92.4  90.9  94.65  █") for line in lines)
