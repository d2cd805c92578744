"""The JSON Schema for editors: it takes the keys that the reader takes, and judges values as it does."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.core.json_schema import as_editors_read, is_valid
from tests.core.plan_specimens import FULL_YAML
from tocsin.core.errors import PlanError
from tocsin.core.plan.schema import plan_schema
from tocsin.core.plan.source import parse_plan
from tocsin.core.yaml_source import Section
from tocsin.core.yaml_values import Value

ROOT = Path(__file__).parents[2]
PLANS = sorted(ROOT.glob("scenarios/*.plan.yaml"))
MANUAL = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs/plan.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
CHANGED = """
rules:
  - {name: adaptive, kind: adaptive, threshold: 5}
  - {name: flatline, enabled: false}
"""


def takes(text: str) -> bool:
    """Tell whether the reader takes the plan."""
    try:
        parse_plan(text, "p")
    except PlanError:
        return False
    return True


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(files("tocsin.core.plan").joinpath("default.yaml").read_text("utf-8"), id="default"),
        pytest.param(FULL_YAML, id="every key"),
        pytest.param(CHANGED, id="changed default rules"),
        *(pytest.param(path.read_text("utf-8"), id=path.name) for path in PLANS),
        *(pytest.param(text, id=f"manual, example {place}") for place, text in enumerate(MANUAL)),
    ],
)
def test_plans_that_the_reader_takes_are_valid_for_editors(text: str) -> None:
    assert takes(text)
    assert is_valid(as_editors_read(text), plan_schema())


@pytest.mark.parametrize(
    "text",
    [
        "tming: {}",
        "timing: {idle: 120}",
        "timing: {idle: 2 m}",
        "groups: 0",
        "groups: two",
        "bounds: {depth_max: 2.5}",
        "grouping: {by: [site, site]}",
        "grouping: {severity_min: warn}",
        "metrics: [{windows: [1m]}]",
        "metrics: [{match: a, windows: [15]}]",
        "metrics: [{match: a, windows: [{hop: 5m}]}]",
        "metrics: [{match: a, windows: []}]",
        "metrics: [{match: a b}]",
        "rules: [{name: x}]",
        "rules: [{name: adaptive, above: 4}]",
        "rules: [{name: x, kind: limits, metric: air_celsius, above: hot}]",
        "rules: [{name: device_missing, window: 1m}]",
        "sources: [{name: q}]",
        "devices: 5",
    ],
)
def test_what_is_wrong_by_itself_is_wrong_for_the_reader_and_for_editors(text: str) -> None:
    assert not takes(text)
    assert not is_valid(as_editors_read(text), plan_schema())


def keys_of_schema(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield the dotted paths of all properties, with ``[]`` for items."""
    for key, inner in schema.get("properties", {}).items():
        yield f"{path}{key}"
        yield from keys_of_schema(inner, f"{path}{key}.")
    if "items" in schema:
        yield from keys_of_schema(schema["items"], f"{path.removesuffix('.')}[].")
    for one in schema.get("anyOf", ()):
        yield from keys_of_schema(one, path)


def test_the_schema_has_exactly_the_keys_that_the_reader_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    find = Section.find

    def recording(self: Section, key: str) -> Value | None:
        path = re.sub(r"\[\d+\]", "[]", self.value.key)
        asked.add(f"{path}.{key}" if path else key)
        return find(self, key)

    monkeypatch.setattr(Section, "find", recording)
    parse_plan(FULL_YAML, "p")

    assert asked == set(keys_of_schema(plan_schema()))


def test_the_schema_is_json_and_says_what_each_key_means() -> None:
    schema = json.loads(json.dumps(plan_schema(), allow_nan=False))

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["timing"]["properties"]["idle"] == {
        "type": "string",
        "pattern": "^(0|[1-9][0-9]*)(ms|s|m|h|d)$",
        "description": "A tick closes a silent device's window so long after its end.",
        "default": "2m",
    }
    adaptive = schema["properties"]["rules"]["items"]["anyOf"][0]["properties"]
    assert adaptive["clear"]["default"] == "5m"
