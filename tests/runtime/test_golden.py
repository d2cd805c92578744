"""Golden alerts read well, do not depend on order, and differ only where something differs."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import RecordingError
from tocsin.core.messages import (
    AlertRef,
    Evidence,
    Notification,
    PaneEvidence,
    Phase,
    Severity,
    Transition,
)
from tocsin.runtime.golden import GOLDEN_MARK, difference, golden_text, parse_golden

NOON_MS = 1_795_435_200_000
FIRING = Transition(
    tenant="acme",
    device="pump-7",
    metric="temperature_celsius",
    rule="too-hot",
    kind="limits",
    severity=Severity.CRITICAL,
    fingerprint="00ff00ff00ff00ff",
    episode=1,
    number=1,
    phase_from=Phase.INACTIVE,
    phase=Phase.FIRING,
    at_ms=NOON_MS,
    since_ms=NOON_MS,
    evidence=Evidence(
        value=91.23456789,
        plan_hash="abc",
        threshold=85.0,
        panes=(PaneEvidence(NOON_MS - 60_000, NOON_MS, 12, 91.0, 90.0, 92.0),),
    ),
    summary="temperature 91.2 °C is above 85 °C",
    site="north",
)
RESOLVED = replace(
    FIRING,
    number=2,
    phase_from=Phase.FIRING,
    phase=Phase.RESOLVED,
    at_ms=NOON_MS + 600_000,
    summary="temperature is back at 71 °C",
)
OTHER = replace(FIRING, device="pump-8", fingerprint="11ff", site="")
TOLD = Notification(
    "n-1", 1, "acme", "CRITICAL pump-7 too hot", "text", {}, (AlertRef("00ff00ff00ff00ff", 1, 1),), NOON_MS
)


def test_golden_text_says_what_where_when_why_and_who_was_told() -> None:
    text = golden_text([RESOLVED, FIRING], [TOLD])

    assert text == (
        "# tocsin golden alerts, version 1\n"
        "\n"
        "acme/pump-7 temperature_celsius at north: too-hot (limits, critical), episode 1\n"
        "  2026-11-23T12:00:00Z firing: temperature 91.2 °C is above 85 °C\n"
        "    why: value 91.2346, threshold 85, windows 2026-11-23T11:59:00Z to 2026-11-23T12:00:00Z\n"
        "    told acme: CRITICAL pump-7 too hot\n"
        "  2026-11-23T12:10:00Z resolved: temperature is back at 71 °C\n"
        "    why: value 91.2346, threshold 85, windows 2026-11-23T11:59:00Z to 2026-11-23T12:00:00Z\n"
        "    told nobody\n"
    )


@given(order=st.permutations([FIRING, RESOLVED, OTHER, replace(OTHER, episode=2, number=9)]))
@settings(max_examples=24, deadline=None)
def test_golden_text_does_not_depend_on_the_order_of_alerts(order: list[Transition]) -> None:
    assert golden_text(order, [TOLD]) == golden_text(sorted(order, key=repr), [TOLD])


def test_equal_alerts_have_no_difference() -> None:
    text = golden_text([FIRING, OTHER], [])

    assert not difference(text, text)


def test_comments_blank_lines_and_order_do_not_matter() -> None:
    text = golden_text([FIRING, OTHER], [])
    _, first, second = text.split("\n\n")

    edited = f"{GOLDEN_MARK}\n# approved by Ada\n{second}\n\n\n{first}\n"

    assert not difference(edited, text)


def test_a_difference_says_what_was_lost_added_and_changed() -> None:
    expected = golden_text([FIRING, RESOLVED], [TOLD])
    later = replace(RESOLVED, at_ms=NOON_MS + 660_000)

    found = difference(expected, golden_text([FIRING, later, OTHER], [TOLD]))
    lost = difference(expected, golden_text([OTHER], []))

    assert str(found) == (
        "alerts differ from the expected ones: 0 lost, 1 added, 1 changed\n"
        "\n"
        "added: acme/pump-8 temperature_celsius: too-hot (limits, critical), episode 1\n"
        "+   2026-11-23T12:00:00Z firing: temperature 91.2 °C is above 85 °C\n"
        "+     why: value 91.2346, threshold 85, windows 2026-11-23T11:59:00Z to 2026-11-23T12:00:00Z\n"
        "+     told nobody\n"
        "\n"
        "changed: acme/pump-7 temperature_celsius at north: too-hot (limits, critical), episode 1\n"
        "    2026-11-23T12:00:00Z firing: temperature 91.2 °C is above 85 °C\n"
        "      why: value 91.2346, threshold 85, windows 2026-11-23T11:59:00Z to 2026-11-23T12:00:00Z\n"
        "      told acme: CRITICAL pump-7 too hot\n"
        "-   2026-11-23T12:10:00Z resolved: temperature is back at 71 °C\n"
        "+   2026-11-23T12:11:00Z resolved: temperature is back at 71 °C\n"
        "      why: value 91.2346, threshold 85, windows 2026-11-23T11:59:00Z to 2026-11-23T12:00:00Z\n"
        "      told nobody\n"
    ).rstrip("\n")
    assert "lost: acme/pump-7" in str(lost)


def test_the_last_bits_of_a_number_make_no_difference() -> None:
    nearly = replace(FIRING, evidence=replace(FIRING.evidence, value=91.234567891))

    assert not difference(golden_text([FIRING], []), golden_text([nearly], []))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        pytest.param("", "good.txt:1: must begin", id="empty"),
        pytest.param("alerts\n", "good.txt:1: must begin", id="another file"),
        pytest.param(f"{GOLDEN_MARK}\n  a line\n", "good.txt:2: line belongs to no alert", id="no headline"),
        pytest.param(f"{GOLDEN_MARK}\na\n\na\n", "good.txt:4: stands there twice", id="twice"),
    ],
)
def test_a_golden_file_that_cannot_be_read_is_refused_at_its_line(text: str, where: str) -> None:
    with pytest.raises(RecordingError, match=where):
        parse_golden(text, file="good.txt")
