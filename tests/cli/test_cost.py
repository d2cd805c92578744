"""``tocsin cost`` prints a bill, and fails where it is over the plan's budget."""

import json
from pathlib import Path

import pytest

from tocsin.cli.main import main

FLEET = """
name: pair
description: Two pumps.
start: 2026-11-23T10:00:00Z
duration: 11m
sites:
  - {name: north, latitude: 44, longitude: 8, fleets: [{type: pump, count: 2, interval: 30s}]}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "pair.yaml"
    path.write_text(FLEET, "utf-8")
    return path


def cost(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["cost", *map(str, arguments)])
    out, err = capsys.readouterr()
    return ended.value.code, out, err


def test_bill_ends_with_what_a_million_readings_cost(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = cost(capsys, scenario, "--for", "5m")

    assert code == 0
    assert "2 devices, 1 million readings a month" in out
    assert "USD per million readings" in out
    assert "one conditional write per reading" in out


def test_plan_that_costs_more_than_its_budget_is_a_finding(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = scenario.with_name("pair.plan.yaml")
    plan.write_text("budget: {usd_month: 1, wait_max: 1s}\n", "utf-8")

    code, out, err = cost(capsys, scenario, "--for", "5m", "--json")

    found = json.loads(out)
    assert code == 1
    assert not found["ok"]
    assert [one["key"] for one in found["exceeded"]] == ["budget.usd_month", "budget.wait_max"]
    assert err == ""


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ("{usd_a_month: 5}", "budget.usd_a_month: is unknown"),
        ("{usd_month: -1}", "budget.usd_month: must be at least 0"),
        ("{wait_max: 5}", "budget.wait_max: must carry its unit"),
    ],
)
def test_budget_that_is_written_wrong_says_where(
    scenario: Path, capsys: pytest.CaptureFixture[str], budget: str, words: str
) -> None:
    plan = scenario.with_name("other.yaml")
    plan.write_text(f"budget: {budget}\n", "utf-8")

    code, _, err = cost(capsys, scenario, "--plan", plan)

    assert code == 2
    assert "other.yaml:1" in err
    assert words in err


def test_parameter_without_a_value_is_wrong_use(scenario: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = cost(capsys, scenario, "--set", "ReadingsShards")

    assert code == 2
    assert "ReadingsShards=2" in err
