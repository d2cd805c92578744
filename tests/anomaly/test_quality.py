"""Findings about the quality of data: told as such, and never taken for what is measured."""

from collections.abc import Sequence

import pytest

from tests.anomaly.specimens import LOW_FLOW, MINUTE_MS, START_MS, Pane, Stage, plan_of
from tocsin.core.columns import PaneKind
from tocsin.core.messages import Phase, Severity, Transition
from tocsin.core.plan.model import (
    AdaptiveRule,
    LimitsRule,
    MetricPlan,
    MultivariateRule,
    Plan,
    QualityRule,
    Rule,
    Window,
)

AIR = "air_celsius"
RANGE = QualityRule(name="impossible", metric=AIR)
UNIT = QualityRule(name="unit", check="unit")
CLOCK = QualityRule(name="clock", check="clock", tolerance_ms=5 * MINUTE_MS)


def plan(*rules: Rule) -> Plan:
    sensor = MetricPlan(AIR, (Window(MINUTE_MS, MINUTE_MS),), range_low=-40.0, range_high=125.0)
    return replace_metrics(plan_of(*rules), sensor)


def replace_metrics(bare: Plan, sensor: MetricPlan) -> Plan:
    return Plan(metrics=(sensor, *bare.metrics), rules=bare.rules)


def fed(stage: Stage, means: Sequence[float], metric: str = AIR) -> list[Transition]:
    return stage.feed_means(*means, metric=metric)


def test_value_that_the_sensor_cannot_show_is_told_as_such_and_is_over_with_the_next_possible_one() -> None:
    told = fed(Stage(plan(RANGE)), [20.0, 850.0, 21.0])

    assert [(moved.kind, moved.phase) for moved in told] == [("quality", Phase.FIRING), ("quality", Phase.RESOLVED)]
    assert told[0].summary.startswith("air 850 °C cannot be, the sensor shows -40 to 125 °C")
    assert told[0].evidence.parts == {"impossible_value": 1.0}


def test_physics_says_what_cannot_be_where_the_plan_does_not() -> None:
    bare = plan_of(RANGE)

    assert fed(Stage(bare), [20.0, -300.0])[0].evidence.threshold == -273.15
    assert fed(Stage(bare), [20.0, 5_000.0]) == []


def test_impossible_value_neither_fires_nor_resolves_nor_teaches_any_other_rule() -> None:
    hot = LimitsRule(name="hot", metric=AIR, above=80.0)
    odd = AdaptiveRule(name="odd", metric=AIR, threshold=50.0, sure=0.0)
    stage = Stage(plan(RANGE, hot, odd))

    told = fed(stage, [20.0, 850.0, 20.0, 90.0, -999.0, 20.0])

    others = [(moved.rule, moved.phase, moved.at_ms) for moved in told if moved.rule != "impossible"]
    hot_moves = [phase for rule, phase, _ in others if rule == "hot"]
    assert hot_moves == [Phase.FIRING, Phase.RESOLVED]
    assert others[0][2] - stage.state.devices["first_ms"][0] == 4 * MINUTE_MS
    assert stage.state.detector["seen"].tolist() == [4]


def test_panes_of_which_no_rule_judges_any_series_are_taken_all_the_same() -> None:
    stage = Stage(plan(RANGE, MultivariateRule(name="joint")))

    assert stage.feed(Pane(0, 10.0, metric="flow_lpm")) == []


@pytest.mark.parametrize(
    ("metric", "usual", "told_as", "unit"),
    [
        pytest.param("air_celsius", 4.0, 39.2, "°F", id="degrees Fahrenheit"),
        pytest.param("air_celsius", 20.0, 293.15, "K", id="kelvin"),
        pytest.param("pressure_bar", 3.0, 43.5, "psi", id="psi"),
        pytest.param("flow_lpm", 120.0, 7.2, "m³/h", id="cubic metres an hour"),
        pytest.param("voltage_volt", 230.0, 230_000.0, "a thousandth of the unit", id="milli"),
    ],
)
def test_level_that_jumps_to_where_another_unit_would_put_it_is_told_with_the_unit(
    metric: str, usual: float, told_as: float, unit: str
) -> None:
    stage = Stage(plan_of(UNIT))
    fed(stage, [usual + 0.01 * (minute % 3) for minute in range(40)], metric)

    told = stage.feed_means(told_as, told_as, usual, start=40, metric=metric)

    assert [moved.phase for moved in told] == [Phase.FIRING, Phase.RESOLVED]
    assert list(told[0].evidence.parts) == [unit]
    assert f"looks as if told in {unit}" in told[0].summary


def test_jump_to_anywhere_else_is_no_other_unit_and_is_learned() -> None:
    stage = Stage(plan_of(UNIT))
    fed(stage, [4.0 + 0.01 * (minute % 3) for minute in range(40)])

    assert stage.feed_means(15.0, 15.0, start=40, metric=AIR) == []


def ticked(stage: Stage, behind: Sequence[float]) -> list[Transition]:
    """Feed a window and a tick a minute; each window lies so many minutes behind."""
    return [
        moved
        for minute, late in enumerate(behind)
        for moved in stage.feed(Pane(minute - round(late)), tick=minute + 2.0)
    ]


def test_clock_that_stays_behind_is_told_and_is_over_once_it_is_right() -> None:
    assert ticked(Stage(plan_of(CLOCK)), [0.0] * 6) == []

    wrong = Stage(plan_of(CLOCK))
    told = ticked(wrong, [20.0] * 8)
    assert [moved.phase for moved in told if moved.phase is Phase.FIRING] == [Phase.FIRING]
    assert "is 17 min" in told[-1].summary
    assert told[-1].summary.startswith("the clock of pump-7 is")
    assert list(told[-1].evidence.parts) == ["clock_behind"]

    right = [moved for minute in (8, 9) for moved in wrong.feed(Pane(minute), tick=minute + 2.0)]
    assert [moved.phase for moved in right] == [Phase.RESOLVED]


def test_backlog_that_is_worked_in_is_no_wrong_clock() -> None:
    stage = Stage(plan_of(CLOCK))
    ticked(stage, [0.0, 0.0])

    told = ticked_backlog(stage)

    assert [moved.phase for moved in told if moved.phase is Phase.FIRING] == []


def ticked_backlog(stage: Stage) -> list[Transition]:
    """After half an hour without data, feed five minutes of what was held back at each tick."""
    told = []
    newest = 2
    for tick in range(32, 45):
        panes = [Pane(minute) for minute in range(newest, min(newest + 5, tick - 1))]
        newest += len(panes)
        told += stage.feed(*panes, tick=float(tick))
    return told


TWICE = QualityRule(name="told_twice", check="time", severity=Severity.INFO)


def differing(minute: int, value: float, other: float) -> Pane:
    return Pane(minute, value, kind=PaneKind.EARLY, count=1, rule="told_twice", limit=other)


def test_two_values_for_one_time_are_a_finding_that_is_over_after_ten_windows_without() -> None:
    stage = Stage(plan_of(TWICE, LOW_FLOW))

    moved = stage.feed(differing(0, 26.0, 25.0), Pane(0))
    moved += [one for minute in range(1, 12) for one in stage.feed(Pane(minute))]

    assert [(one.kind, one.phase, (one.at_ms - START_MS) // MINUTE_MS) for one in moved] == [
        ("quality", Phase.FIRING, 0),
        ("quality", Phase.RESOLVED, 11),
    ]
    assert moved[0].summary.startswith("flow was told twice for one time, as 25 l/min and as 26 l/min (data quality")
    assert moved[0].evidence.parts == {"told_twice": 1.0}
    assert moved[0].evidence.position
