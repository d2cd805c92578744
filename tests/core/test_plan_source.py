"""Plans in YAML: what they mean, how they extend the default, and that nothing but problems comes of bad ones."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.plan_specimens import EVERY_MINUTE, FULL, FULL_YAML, MINUTE_MS
from tocsin.core.errors import PlanError
from tocsin.core.messages import Severity
from tocsin.core.plan.model import (
    AdaptiveRule,
    FlatlineRule,
    LimitsRule,
    MetricPlan,
    MissingRule,
    Plan,
    Window,
    decode_plan,
    encode_plan,
)
from tocsin.core.plan.source import default_plan, load_plan, parse_plan


def test_every_key_of_the_yaml_reaches_its_place_in_the_model() -> None:
    plan = parse_plan(FULL_YAML, "full.yaml")

    assert plan == FULL
    assert decode_plan(encode_plan(plan)) == plan


def test_severities_are_members_of_the_enum_and_not_only_words() -> None:
    assert parse_plan(FULL_YAML, "full.yaml").rules[0].severity is Severity.INFO


def test_the_default_plan_watches_everything_and_states_no_limits() -> None:
    plan = default_plan()

    assert plan.metrics == (MetricPlan("*", EVERY_MINUTE),)
    assert [type(rule) for rule in plan.rules] == [AdaptiveRule, FlatlineRule, MissingRule, MissingRule]
    assert {rule.metric for rule in plan.rules} == {"*"}
    assert [(source.name, source.tenant) for source in plan.sources] == [("gateway", "demo")]


def test_a_plan_is_read_from_its_file_and_problems_name_the_file(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("groups: 16\n", "utf-8")
    bad.write_text("groups: 12\n", "utf-8")

    assert load_plan(good).groups == 16
    with pytest.raises(PlanError) as caught:
        load_plan(bad)
    assert str(caught.value) == f"{bad}:1: groups: must be a power of two, got 12"


def test_a_plan_that_says_one_thing_keeps_the_rest_of_the_default() -> None:
    plan = parse_plan("timing: {tick: 30s}", "p")

    assert plan.timing.tick_ms == 30_000
    assert plan.timing.idle_ms == default_plan().timing.idle_ms
    assert plan.rules == default_plan().rules


def test_extending_nothing_leaves_no_rules_and_a_window_for_every_metric() -> None:
    plan = parse_plan("extends: nothing", "p")

    assert plan == Plan(metrics=(MetricPlan("*", EVERY_MINUTE),))


def test_new_rules_come_after_the_default_ones() -> None:
    plan = parse_plan("rules: [{name: hot, kind: limits, metric: air_celsius, above: 9}]", "p")

    assert plan.rules == (*default_plan().rules, LimitsRule(name="hot", metric="air_celsius", above=9.0))


def test_a_rule_with_a_default_rules_name_changes_only_what_it_writes() -> None:
    plan = parse_plan("rules: [{name: flatline, constants: [0]}]", "p")

    assert plan.rules[1] == FlatlineRule(name="flatline", constants=(0.0,))
    assert len(plan.rules) == 4


def test_a_default_rule_of_another_kind_is_replaced_whole() -> None:
    plan = parse_plan("rules: [{name: adaptive, kind: limits, metric: air_celsius, above: 9}]", "p")

    assert plan.rules[0] == LimitsRule(name="adaptive", metric="air_celsius", above=9.0)


def test_a_rule_that_is_switched_off_leaves_the_plan() -> None:
    plan = parse_plan("rules: [{name: adaptive, enabled: false}, {name: flatline, enabled: true}]", "p")

    assert [rule.name for rule in plan.rules] == ["flatline", "device_missing", "metric_missing"]


def test_written_metrics_match_before_the_default_one() -> None:
    plan = parse_plan("metrics: [{match: level_percent, windows: [5m]}]", "p")

    assert plan.metrics == (
        MetricPlan("level_percent", (Window(5 * MINUTE_MS, 5 * MINUTE_MS),)),
        MetricPlan("*", EVERY_MINUTE),
    )


def test_a_metric_without_windows_has_those_of_the_entry_that_matches_all() -> None:
    five = (Window(5 * MINUTE_MS, 5 * MINUTE_MS),)

    plan = parse_plan('metrics: [{match: state, unit: "1"}, {match: "*", windows: [5m]}]', "p")

    assert plan.metrics == (MetricPlan("state", five, unit="1"), MetricPlan("*", five))


def test_written_sources_replace_the_default_one() -> None:
    assert [source.name for source in parse_plan("sources: [{name: q, tenant: t}]", "p").sources] == ["q"]
    assert parse_plan("sources: []", "p").sources == ()


def test_minus_zero_is_zero_so_that_equal_plans_have_equal_documents() -> None:
    minus = parse_plan("rules: [{name: r, kind: limits, metric: a_volt, above: -0.0}]", "p")
    plus = parse_plan("rules: [{name: r, kind: limits, metric: a_volt, above: 0}]", "p")

    assert encode_plan(minus) == encode_plan(plus)


def test_what_handlers_load_of_the_plan_imports_no_yaml() -> None:
    code = "import sys, tocsin.core.plan.book, tocsin.core.plan.resolve; sys.exit('yaml' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def parsed(text: str) -> Plan | str:
    """Return the plan, or the problems as one text."""
    try:
        return parse_plan(text, "p")
    except PlanError as error:
        return str(error)


mutations = st.lists(
    st.tuples(
        st.integers(0, len(FULL_YAML) - 1), st.integers(0, 3), st.text(max_size=3) | st.sampled_from("[]{}:,-\n")
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=120, deadline=None)
@given(mutations)
def test_a_damaged_plan_raises_problems_and_nothing_else(edits: list[tuple[int, int, str]]) -> None:
    text = FULL_YAML
    for place, cut, put in edits:
        text = text[:place] + put + text[place + cut :]

    outcome = parsed(text)

    assert isinstance(outcome, str) or decode_plan(encode_plan(outcome)) == outcome


scalars = st.sampled_from(
    ["x", "5", "1m", "0s", "-1", ".nan", "*", "true", "null", '""', "limits", "adaptive", "°C", "1e9"]
)
keys = st.sampled_from(
    ["name", "kind", "match", "windows", "size", "hop", "above", "below", "rules", "metrics", "timing", "idle", "by"]
)
values = st.recursive(
    scalars.map(lambda text: f"'{text}'" if text == "*" else text),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(keys, inner, max_size=4).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}"
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(keys | st.sampled_from(["devices", "sources", "bounds", "grouping", "groups"]), values, max_size=4)
)
def test_any_keys_and_values_raise_problems_and_nothing_else(parts: dict[str, str]) -> None:
    text = "\n".join(f"{key}: {value}" for key, value in parts.items())

    assert parsed(text)
