"""Limits and rate of change: what breaches, what clears, and what is told with it."""

import math

import numpy as np
import pytest

from anomaly.contract import Observations, single
from anomaly.detectors import limits, rate
from anomaly.lifecycle import Verdict
from tests.anomaly.specimens import Pane, columns
from tocsin.core.plan.model import LimitsRule, RateRule

SECOND_MS = 1_000


def window(first: float, last: float, span_ms: int) -> Observations:
    """Return a window whose first and last reading lie that far apart; the last is at 100 s."""
    pane = columns([Pane(0, (first + last) / 2)])
    at_ms = np.array([100 * SECOND_MS])
    ends = np.array([min(first, last)]), np.array([max(first, last)])
    return Observations(
        at_ms, at_ms, pane.count, pane.mean, *ends, np.array([first]), np.array([last]), at_ms - span_ms, at_ms
    )


@pytest.mark.parametrize(
    ("value", "verdict", "threshold"),
    [
        pytest.param(80.0, Verdict.HOLD, 80.0, id="a value on the limit is not over it"),
        pytest.param(80.1, Verdict.BREACH, 80.0, id="a value over the upper limit breaches it"),
        pytest.param(78.1, Verdict.HOLD, 80.0, id="a value within the hysteresis is neither"),
        pytest.param(78.0, Verdict.CLEAR, 80.0, id="a value that came back by the hysteresis clears"),
        pytest.param(19.9, Verdict.BREACH, 20.0, id="a value below the lower limit breaches it"),
        pytest.param(21.9, Verdict.HOLD, 20.0, id="hysteresis holds at the lower limit too"),
        pytest.param(22.0, Verdict.CLEAR, 20.0, id="a value that came up by the hysteresis clears"),
    ],
)
def test_limits_breach_outside_and_clear_inside_of_the_hysteresis(
    value: float, verdict: Verdict, threshold: float
) -> None:
    rule = LimitsRule(name="band", above=80.0, below=20.0, hysteresis=2.0)

    told = limits.judge(rule, single(value, 0))

    assert (told.verdict[0], told.value[0], told.threshold[0]) == (verdict, value, threshold)
    assert (told.low[0], told.high[0]) == (20.0, 80.0)


def test_limit_on_one_side_never_breaches_on_the_other() -> None:
    told = limits.judge(LimitsRule(name="low", below=20.0), single(1e300, 0))

    assert (told.verdict[0], told.threshold[0]) == (Verdict.CLEAR, 20.0)
    assert math.isnan(told.high[0])


@pytest.mark.parametrize("statistic", ["mean", "min", "max", "last"])
def test_limits_compare_the_statistic_that_the_rule_names(statistic: str) -> None:
    numbers = {name: np.array([float(place)]) for place, name in enumerate(("mean", "min", "max", "last"), 1)}
    at = np.zeros(1, np.int64)
    windows = Observations(
        at, at, at + 1, numbers["mean"], numbers["min"], numbers["max"], numbers["last"], numbers["last"], at, at
    )

    told = limits.judge(LimitsRule(name="a", above=0.0, statistic=statistic), windows)  # type: ignore[arg-type]

    assert told.value[0] == numbers[statistic][0]


@pytest.mark.parametrize(
    ("first", "last", "verdict", "value", "threshold"),
    [
        pytest.param(0.0, 20.0, Verdict.HOLD, 2.0, 2.0, id="a rise as fast as allowed is no breach"),
        pytest.param(0.0, 21.0, Verdict.BREACH, 2.1, 2.0, id="a faster rise is"),
        pytest.param(0.0, 18.0, Verdict.CLEAR, 1.8, 2.0, id="a rise slower by the hysteresis clears"),
        pytest.param(0.0, -6.0, Verdict.BREACH, -0.6, -0.5, id="a fall has its own limit"),
        pytest.param(0.0, -4.5, Verdict.CLEAR, -0.45, -0.5, id="a fall slower by the hysteresis clears"),
    ],
)
def test_rate_within_a_window_is_compared_with_rise_and_fall(
    first: float, last: float, verdict: Verdict, value: float, threshold: float
) -> None:
    rule = RateRule(name="fast", rise_per_s=2.0, fall_per_s=0.5, hysteresis=0.1)

    told = rate.judge(rule, window(first, last, 10 * SECOND_MS), np.array([np.nan]), np.zeros(1, np.int64))

    assert told.verdict[0] == verdict
    assert told.value[0] == pytest.approx(value)
    assert told.threshold[0] == threshold


def test_rate_sees_a_jump_between_two_windows_of_one_reading() -> None:
    rule = RateRule(name="fast", rise_per_s=2.0)

    told = rate.judge(rule, window(50.0, 50.0, 0), np.array([10.0]), np.array([90 * SECOND_MS]))

    assert (told.verdict[0], told.value[0]) == (Verdict.BREACH, 4.0)


@pytest.mark.parametrize(
    ("last", "last_ms"),
    [
        pytest.param(math.nan, 0, id="a first reading has nothing to compare with"),
        pytest.param(10.0, 99_001, id="noise between two readings at once is no rate"),
    ],
)
def test_rate_says_nothing_where_nothing_can_be_compared(last: float, last_ms: int) -> None:
    told = rate.judge(
        RateRule(name="fast", rise_per_s=2.0), window(50.0, 50.0, 0), np.array([last]), np.array([last_ms])
    )

    assert told.verdict[0] == Verdict.HOLD


def test_rate_with_a_rise_of_zero_allowed_breaches_on_any_rise() -> None:
    rule = RateRule(name="never up", rise_per_s=0.0)
    never = np.array([np.nan]), np.zeros(1, np.int64)

    assert rate.judge(rule, window(0.0, 0.1, 10 * SECOND_MS), *never).verdict[0] == Verdict.BREACH
    assert rate.judge(rule, window(0.1, 0.0, 10 * SECOND_MS), *never).verdict[0] == Verdict.CLEAR
