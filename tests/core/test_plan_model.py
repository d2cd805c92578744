"""The compiled plan: a document that is the same for equal plans and another for any other."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from tests.core.plan_specimens import FULL, plans
from tocsin.core.errors import ConfigError
from tocsin.core.plan.model import LimitsRule, MetricPlan, Plan, Window, decode_plan, encode_plan, plan_hash

OTHER_WORDS = {
    "check": "unit",
    "channel": "slack",
    "severity": "info",
    "statistic": "last",
    "scope": "device",
    "cohort": "site",
    "severity_min": "critical",
    "by": "site",
    "outage_mutes": "silence",
    "days": "mon",
}


@settings(max_examples=100, deadline=None)
@given(plans)
def test_a_plan_survives_its_document(plan: Plan) -> None:
    decoded = decode_plan(encode_plan(plan))

    assert decoded == plan
    assert encode_plan(decoded) == encode_plan(plan)
    assert plan_hash(decoded) == plan_hash(plan)


def test_a_whole_number_and_the_same_float_make_the_same_document() -> None:
    windows = (Window(60_000, 60_000),)
    whole = Plan((MetricPlan("*", windows),), (LimitsRule(name="hot", above=80),))
    broken = Plan((MetricPlan("*", windows),), (LimitsRule(name="hot", above=80.0),))

    assert encode_plan(whole) == encode_plan(broken)


def test_the_document_states_defaults_so_that_it_outlives_them() -> None:
    document = msgspec.json.decode(encode_plan(Plan((MetricPlan("*", (Window(60_000, 60_000),)),))))

    assert document["timing"]["idle_ms"] == 120_000
    assert document["bounds"]["depth_max"] == 8


def changed_documents(value: Any, key: str = "") -> Iterator[Any]:
    """Yield the document with one leaf changed, for each leaf."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "type":
                yield from ({**value, name: changed} for changed in changed_documents(inner, name))
    elif isinstance(value, list):
        yield value[:-1]
        for place, inner in enumerate(value):
            for changed in changed_documents(inner, key):
                yield [*value[:place], changed, *value[place + 1 :]]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, str):
        yield OTHER_WORDS.get(key, f"{value}x" if key != "format" else value)
    else:
        yield 1.0 if value is None else value + 1


def test_any_change_of_a_leaf_changes_the_hash() -> None:
    document = msgspec.json.decode(encode_plan(FULL))
    changed = [one for one in changed_documents(document) if one != document and one["version"] == 1]

    hashes = {plan_hash(decode_plan(msgspec.json.encode(one))) for one in changed}

    assert len(changed) > 80
    assert len(hashes | {plan_hash(FULL)}) == len(changed) + 1


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param(b"{", "compiled plan cannot be read", id="cut"),
        pytest.param(b"[]", "compiled plan cannot be read", id="no plan"),
        pytest.param(b'{"metrics": [], "colour": 1}', "colour", id="a field of a newer release"),
        pytest.param(b'{"metrics": [], "rules": [{"type": "tarot", "name": "x"}]}', "tarot", id="an unknown rule"),
        pytest.param(b'{"metrics": [], "version": 2}', "must be of version 1, got 2", id="another version"),
    ],
)
def test_what_is_not_a_plan_of_this_version_is_refused(document: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        decode_plan(document)
