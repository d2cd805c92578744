"""What of a plan applies to a device or a metric."""

import pytest

from tests.core.plan_specimens import EVERY_MINUTE, MINUTE_MS
from tocsin.core.plan.model import (
    AdaptiveRule,
    DevicePlan,
    FlatlineRule,
    LimitsRule,
    MetricPlan,
    MissingRule,
    Plan,
    Rule,
    Window,
)
from tocsin.core.plan.resolve import (
    UNKNOWN_DEVICE,
    device_plan,
    early_rules,
    kind_of,
    metric_plan,
    rules_of_device,
    rules_of_series,
    slice_ms,
    smallest_window,
    unit_is_named,
    unit_of,
)
from tocsin.core.plan.rule_forms import RULE_KINDS

ANY = MetricPlan("*", EVERY_MINUTE)


def plan_with(*rules: Rule, devices: tuple[DevicePlan, ...] = ()) -> Plan:
    return Plan(metrics=(ANY,), rules=rules, devices=devices)


def names(rules: tuple[Rule, ...]) -> list[str]:
    return [rule.name for rule in rules]


def test_the_first_metric_entry_that_matches_counts() -> None:
    first, second = MetricPlan("air_*", EVERY_MINUTE), MetricPlan("*_celsius", EVERY_MINUTE)
    plan = Plan(metrics=(first, second, ANY))

    found = [metric_plan(plan, name) for name in ("air_celsius", "oil_celsius", "level")]

    assert found == [first, second, ANY]


def test_metrics_differ_where_only_their_case_does() -> None:
    own = MetricPlan("Air", EVERY_MINUTE)

    assert metric_plan(Plan(metrics=(own, ANY)), "air") == ANY


def test_the_first_device_entry_that_matches_id_and_tenant_counts() -> None:
    acme, other = DevicePlan("p-*", tenant="acme", site="north"), DevicePlan("p-?", site="south")
    plan = plan_with(devices=(acme, other))

    assert device_plan(plan, "acme", "p-1") == acme
    assert device_plan(plan, "demo", "p-1") == other
    assert device_plan(plan, "demo", "p-12") == UNKNOWN_DEVICE


def test_rules_of_a_series_match_metric_device_and_type_in_the_plans_order() -> None:
    plan = plan_with(
        FlatlineRule(name="all"),
        AdaptiveRule(name="metric", metric="air_*"),
        AdaptiveRule(name="device", device="p-*"),
        AdaptiveRule(name="type", device_type="pump"),
        devices=(DevicePlan("p-*", type="pump"),),
    )

    assert names(rules_of_series(plan, "demo", "p-1", "air_celsius")) == ["all", "metric", "device", "type"]
    assert names(rules_of_series(plan, "demo", "q-1", "level")) == ["all"]


def test_a_missing_rule_judges_devices_or_metrics_after_its_scope() -> None:
    plan = plan_with(MissingRule(name="gone", scope="device"), MissingRule(name="mute", scope="metric"))

    assert names(rules_of_device(plan, "demo", "p-1")) == ["gone"]
    assert names(rules_of_series(plan, "demo", "p-1", "level")) == ["mute"]


def test_a_device_rule_matches_device_and_type() -> None:
    known = DevicePlan("gw-*", type="gateway")
    plan = plan_with(MissingRule(name="gone", device="gw-*", device_type="gateway"), devices=(known,))

    assert names(rules_of_device(plan, "demo", "gw-1")) == ["gone"]
    assert names(rules_of_device(plan, "demo", "p-1")) == []


def test_only_limits_that_are_told_early_make_early_panes() -> None:
    plan = plan_with(
        LimitsRule(name="early", above=1.0), LimitsRule(name="calm", above=1.0, early=False), AdaptiveRule(name="odd")
    )

    assert names(early_rules(plan, "demo", "p-1", "level")) == ["early"]


def test_the_slice_is_the_smallest_hop_and_the_smallest_window_the_shortest_size() -> None:
    part = MetricPlan("*", (Window(15 * MINUTE_MS, MINUTE_MS), Window(5 * MINUTE_MS, 5 * MINUTE_MS)))

    assert slice_ms(part) == MINUTE_MS
    assert smallest_window(part) == Window(5 * MINUTE_MS, 5 * MINUTE_MS)


@pytest.mark.parametrize(
    ("stated", "metric", "unit", "named"),
    [
        pytest.param("", "air_celsius", "°C", True, id="read off the name"),
        pytest.param("K", "air_celsius", "K", True, id="the plan's goes first"),
        pytest.param("", "power_ratio", "", True, id="a ratio is known to have none"),
        pytest.param("1", "state", "", True, id="stated to have none"),
        pytest.param("", "state", "", False, id="not known"),
        pytest.param("", "*_bar", "bar", True, id="read off a pattern"),
        pytest.param("", "bar_*", "", False, id="a pattern that ends open"),
    ],
)
def test_a_unit_is_the_plans_else_read_off_the_name(stated: str, metric: str, unit: str, named: bool) -> None:
    part = MetricPlan("*", EVERY_MINUTE, unit=stated)

    assert unit_of(part, metric) == unit
    assert unit_is_named(part, metric) is named


def test_kinds_in_yaml_are_the_kinds_that_transitions_name() -> None:
    assert {kind: kind_of(cls(name="x")) for kind, cls in RULE_KINDS.items()} == {kind: kind for kind in RULE_KINDS}
