"""docs/alerts.md says what is true: each thing told has its example, and each plan in it is one."""

import re
from pathlib import Path

import pytest

from alerts.change import Change
from tocsin.core.messages import Decision
from tocsin.core.plan.source import parse_plan

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text("utf-8")
PLANS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("change", [one for one in Change if one is not Change.SUMMARY])
def test_each_thing_that_is_told_has_an_example_that_begins_with_its_words(change: Change) -> None:
    assert re.search(rf"^\| `{change}` \| `{change.words} ", PAGE, re.MULTILINE)


@pytest.mark.parametrize("decision", [one for one in Decision if one is not Decision.SHADOWED])
def test_each_decision_is_explained(decision: Decision) -> None:
    assert f"| `{decision}` |" in PAGE


@pytest.mark.parametrize("text", PLANS)
def test_each_plan_on_the_page_is_one(text: str) -> None:
    assert parse_plan(text, "docs/alerts.md").rules
