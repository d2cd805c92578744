"""Summaries: what a person reads first is complete, true, and in plain words."""

import doctest
from types import ModuleType

import pytest

from anomaly import fingerprint, lifecycle, rounds, summary
from tests.anomaly.specimens import MINUTE_MS, Pane, Stage, plan_of
from tocsin.core.plan.model import AdaptiveRule, FlatlineRule, LimitsRule, RateRule, Rule

MOVING = [20.0, 21.0] * 6


@pytest.mark.parametrize(
    ("rule", "means", "lines"),
    [
        pytest.param(
            LimitsRule(name="high", above=80.0),
            [90.0, 50.0],
            [
                "flow 90 l/min is above 80 l/min (limit high) since 10:01 UTC",
                "flow 50 l/min is back to normal (limit high) after 1 min",
            ],
            id="limits",
        ),
        pytest.param(
            RateRule(name="fast", rise_per_s=0.5, fall_per_s=0.25),
            [0.0, 60.0, 30.0, 30.0],
            [
                "flow rises 1 l/min per second, faster than 0.5 (rate fast) since 10:02 UTC",
                "flow changes at a normal rate again (rate fast) after 2 min",
            ],
            id="rise, and a fall within the same episode",
        ),
        pytest.param(
            RateRule(name="fast", fall_per_s=0.25),
            [60.0, 0.0],
            ["flow falls 1 l/min per second, faster than 0.25 (rate fast) since 10:02 UTC"],
            id="fall",
        ),
        pytest.param(
            FlatlineRule(name="flatline", flat_ms=10 * MINUTE_MS),
            [*MOVING, *[7.5] * 12, 8.0],
            [
                "flow has not moved from 7.5 l/min since 10:12 UTC, for 10 min 50 s (flatline)",
                "flow moves again (flatline) after 2 min",
            ],
            id="flatline",
        ),
        pytest.param(
            AdaptiveRule(name="adaptive", threshold=3.3, sure=0.0, clear_ms=MINUTE_MS),
            [4.0, 1.0, 1.0],
            [
                "flow 4 l/min is unusual: expected 3 to 5 l/min, score 4.00, threshold 3.3 (adaptive) since 10:01 UTC",
                "flow 1 l/min is no longer unusual (adaptive) after 2 min",
            ],
            id="adaptive",
        ),
    ],
)
def test_summaries_of_each_kind(rule: Rule, means: list[float], lines: list[str]) -> None:
    assert [each.summary for each in Stage(plan_of(rule)).feed_means(*means)] == lines


def test_pending_alert_that_clears_says_so() -> None:
    rule = LimitsRule(name="high", above=80.0, for_ms=5 * MINUTE_MS)

    pending, cleared = Stage(plan_of(rule)).feed(Pane(0, 90.0), Pane(1, 50.0))

    assert pending.summary.endswith("since 10:01 UTC, for 5 min before it fires")
    assert cleared.summary == "flow 50 l/min is back to normal (limit high) within 1 min"


@pytest.mark.parametrize("module", [fingerprint, lifecycle, rounds, summary])
def test_examples_in_docstrings_are_true(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
