"""Alerts that get worse and ease while they fire, and alerts of devices that are gone."""

import pytest

from anomaly.state import decode, encode
from tests.anomaly.specimens import FLOW, MINUTE_MS, START_MS, Echo, Pane, Stage, plan_of
from tocsin.core.clock import DAY_MS
from tocsin.core.columns import PaneKind
from tocsin.core.messages import Phase, Severity, Transition
from tocsin.core.plan.bounds import Timing
from tocsin.core.plan.model import LimitsRule, MissingRule, Plan

HOT = LimitsRule(
    name="hot",
    metric=FLOW,
    above=80.0,
    hysteresis=2.0,
    severity=Severity.INFO,
    warning_above=90.0,
    critical_above=95.0,
)


def severities(moved: list[Transition]) -> list[tuple[str, str, str]]:
    """Return phase, severity and what that was before, of each move."""
    return [(one.phase.value, one.severity.value, one.severity_from or "") for one in moved]


def test_alert_gets_worse_and_eases_with_its_value_in_one_episode() -> None:
    moved = Stage(plan_of(HOT)).feed_means(70, 85, 91, 97, 94, 92, 85, 70)

    assert severities(moved) == [
        ("firing", "info", ""),
        ("firing", "warning", "info"),
        ("firing", "critical", "warning"),
        ("firing", "warning", "critical"),
        ("firing", "info", "warning"),
        ("resolved", "info", "critical"),
    ]
    assert [one.number for one in moved] == [1, 2, 3, 4, 5, 6]
    assert {one.episode for one in moved} == {1}
    assert {one.fingerprint for one in moved} == {moved[0].fingerprint}
    assert moved[2].summary == "flow 97 l/min is above 80 l/min (limit hot) since 10:02 UTC, now critical, was warning"
    assert moved[3].summary.endswith("only warning, was critical")


def test_step_is_left_only_inside_of_its_limit_by_the_hysteresis() -> None:
    moved = Stage(plan_of(HOT)).feed_means(97, 94, 93.1, 92.9)

    assert severities(moved) == [("firing", "critical", ""), ("firing", "warning", "critical")]
    assert moved[1].at_ms == START_MS + 4 * MINUTE_MS


def test_window_that_ended_before_a_severe_reading_does_not_ease_what_that_reading_said() -> None:
    stage = Stage(plan_of(HOT))
    stage.feed_means(85)
    early = Pane(2, 99.0, kind=PaneKind.EARLY, rule="hot", count=1, last_ms=START_MS + 150_000)

    moved = [*stage.feed(early), *stage.feed(Pane(1, 85.0)), *stage.feed(Pane(2, 97.0)), *stage.feed(Pane(3, 85.0))]

    assert severities(moved) == [("firing", "critical", "info"), ("firing", "info", "critical")]


def test_alert_that_clears_keeps_its_severity_until_it_is_over() -> None:
    slow = LimitsRule(name="hot", metric=FLOW, above=80.0, critical_above=95.0, clear_ms=2 * MINUTE_MS)

    moved = Stage(plan_of(slow)).feed_means(97, 70, 70, 70)

    assert severities(moved) == [("firing", "critical", ""), ("resolved", "critical", "")]


def test_next_episode_forgets_how_bad_the_one_before_was() -> None:
    moved = Stage(plan_of(HOT)).feed_means(97, 70, 94, 70)

    assert severities(moved)[2:] == [("firing", "warning", ""), ("resolved", "warning", "")]


def test_state_of_an_earlier_release_has_no_severities_and_is_read() -> None:
    stage = Stage(plan_of(HOT))
    stage.feed_means(97)
    for name in ("severity", "severity_max"):
        del stage.state.alerts.columns[name]

    stage.state = decode(encode(stage.state), Echo())
    stage.state.coverage = None

    assert severities(stage.feed_means(97, 70, start=1)) == [("resolved", "critical", "")]


def gone(days: int, **timing: int) -> Plan:
    timing = {"expire_ms": days * DAY_MS, "tick_ms": DAY_MS} | timing
    return plan_of(HOT, MissingRule(name="gone"), timing=Timing(**timing))


def test_alerts_of_a_device_that_is_gone_expire_and_do_not_fire_again_by_themselves() -> None:
    stage = Stage(gone(3))
    stage.feed_means(*[97.0] * 6)

    ticks = [stage.feed(tick=10 + day * 1440) for day in range(8)]

    assert [[(one.rule, one.phase.value) for one in moved] for moved in ticks] == [
        [],
        [("gone", "firing")],
        [],
        [("gone", "expired"), ("hot", "expired")],
        [],
        [],
        [],
        [],
    ]
    assert ticks[3][1].summary == "flow: nothing came from pump-7 for 3 d, whether it is over is not known"
    assert ticks[3][1].evidence.parts == {"expired": 1.0}


def test_device_that_returns_after_its_alerts_expired_is_judged_anew() -> None:
    stage = Stage(gone(3))
    stage.feed_means(*[97.0] * 6)
    for day in range(6):
        stage.feed(tick=10 + day * 1440)

    moved = stage.feed(Pane(6 * 1440, 97.0))

    assert [(one.rule, one.phase_from, one.phase, one.episode) for one in moved] == [
        ("hot", Phase.EXPIRED, Phase.FIRING, 2)
    ]


@pytest.mark.parametrize("days", [0, 30])
def test_nothing_expires_before_its_time_or_where_it_is_switched_off(days: int) -> None:
    stage = Stage(gone(days))
    stage.feed_means(*[97.0] * 6)

    moved = [one for day in range(20) for one in stage.feed(tick=10 + day * 1440)]

    assert Phase.EXPIRED not in {one.phase for one in moved}
