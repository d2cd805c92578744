"""``tocsin tune`` shows what other values of a rule would have found, and how often they would have cried wolf."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import ROOT, Tocsin

EXAMPLE = ROOT / "examples" / "pump_house"
PLAN = EXAMPLE / "plan.yaml"
NIGHT = EXAMPLE / "night.jsonl.gz"
SHAKING = ("--plan", PLAN, "--rule", "shaking", "--key", "above")


def test_lower_limits_find_more_and_cry_wolf_more(tocsin: Tocsin, tmp_path: Path) -> None:
    said = tocsin("tune", NIGHT, *SHAKING, "--values", "100,0.5,2,4", "--svg", tmp_path / "trade.svg", "--json")

    found: Any = said.json
    low, _, usual, high = found["trials"]
    assert [one["value"] for one in found["trials"]] == [0.5, 2.0, 4.0, 100.0]
    assert low["alerts"] > usual["alerts"] > high["alerts"] == 0
    assert low["false"] > usual["false"] == 0
    assert (usual["found"], usual["wanted"], high["recall"]) == (1, 1, 0.0)
    assert [one["best"] for one in found["trials"]] == [False, False, True, False], "the plan's own among equals"
    words = [text.text for text in ET.parse(tmp_path / "trade.svg").iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert {"shaking: above", "0.5", "4"} <= set(words)


def test_value_of_the_plan_is_tried_as_it_is_and_tells_what_the_rule_tells(tocsin: Tocsin) -> None:
    tuned: Any = tocsin("tune", NIGHT, *SHAKING, "--json").json
    scored: Any = tocsin("score", NIGHT, "--plan", PLAN, "--json").json

    own = next(one for one in tuned["trials"] if one["value"] == 4.0)
    limits = next(row for row in scored["by_rule"] if row["kind"] == "limits")
    assert (own["alerts"], own["false"]) == (limits["alerts"], limits["false"])


def test_durations_are_tried_and_shown_as_durations(tocsin: Tocsin) -> None:
    said = tocsin("tune", NIGHT, "--plan", PLAN, "--rule", "flatline", "--key", "flat", "--values", "15m,2h")

    assert said.code == 0
    assert [line.split()[:2] for line in said.out.splitlines()[1:3]] == [["→", "15m"], ["2h", "0"]]
    assert "flatline: flat 15m is best here" in said.err


def test_false_alerts_that_are_allowed_decide(tocsin: Tocsin) -> None:
    none: Any = tocsin("tune", NIGHT, *SHAKING, "--values", "0.5", "--false-max", "11", "--json").json

    assert [one["best"] for one in none["trials"]] == [False]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        pytest.param(("--rule", "nobody"), "rule must be one of flatline, device_missing", id="no such rule"),
        pytest.param(("--rule", "shaking", "--key", "below"), "key of rule shaking must be one of", id="unused key"),
        pytest.param(("--rule", "shaking", "--key", "above", "--values", "1,x"), "must be numbers", id="no number"),
        pytest.param(("--rule", "shaking", "--key", "for", "--values", "9"), "must be durations", id="no duration"),
        pytest.param(("--rule", "shaking", "--key", "hysteresis", "--values", "-1"), "each in 0 to inf", id="too low"),
    ],
)
def test_wrong_use_is_named(tocsin: Tocsin, words: tuple[str, ...], problem: str) -> None:
    said = tocsin("tune", NIGHT, "--plan", PLAN, *words)

    assert (said.code, said.out) == (2, "")
    assert problem in said.err
