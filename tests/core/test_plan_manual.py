"""The manual of plans stays true: its tables are the declared keys, and its examples are plans."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from tests.core.plan_manual import PARTS, table_of, table_of_every_rule
from tocsin.core.plan.source import parse_plan

MANUAL = (Path(__file__).parents[2] / "docs/plan.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", MANUAL, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", sorted(PARTS))
def test_the_table_of_each_part_has_its_keys_values_and_defaults(name: str) -> None:
    assert "\n| --- | --- | --- | --- |\n" + "\n".join(table_of(name)) + "\n\n" in MANUAL


def test_the_table_of_all_rules_has_their_common_keys() -> None:
    assert "\n".join(table_of_every_rule()) + "\n\n" in MANUAL


@pytest.mark.parametrize("text", EXAMPLES)
def test_each_example_is_a_plan(text: str) -> None:
    assert parse_plan(text, "docs/plan.md").rules or "extends: nothing" in text


def test_the_default_plan_stands_in_the_manual_as_it_is_shipped() -> None:
    assert files("tocsin.core.plan").joinpath("default.yaml").read_text("utf-8") in EXAMPLES
