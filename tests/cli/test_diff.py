"""``tocsin diff``: what a change of a plan would have changed."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest

from anomaly.contract import Scores
from tests.cli.conftest import ROOT, Tocsin
from tests.runtime.walk import PLAN, START_MS, play, walk
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import VirtualClock
from tocsin.core.plan.model import LimitsRule
from tocsin.runtime.pipeline import Pipeline

EXAMPLE = ROOT / "examples" / "pump_house"
PLAN_A = EXAMPLE / "plan.yaml"
NIGHT = EXAMPLE / "night.jsonl.gz"


@pytest.fixture
def plan_b(tmp_path: Path) -> Path:
    path = tmp_path / "b.yaml"
    path.write_text(PLAN_A.read_text().replace("above: 4", "above: 6").replace("flat: 20m", "flat: 15m"))
    return path


def test_equal_plans_tell_the_same_and_are_no_finding(tocsin: Tocsin) -> None:
    said = tocsin("diff", PLAN_A, PLAN_A, NIGHT)

    assert (said.code, said.out) == (0, "")
    assert said.err.splitlines() == ["alerts: no difference in 2", "notifications: no difference in 4"]


def test_what_differs_is_a_table_a_drawing_and_a_finding(tocsin: Tocsin, plan_b: Path, tmp_path: Path) -> None:
    said = tocsin("diff", PLAN_A, plan_b, NIGHT, "--svg", tmp_path / "diff.svg")

    assert said.code == 1
    assert said.out.startswith("alerts: 1 earlier, 1 lost\n")
    assert "earlier  2026-03-14T23:01:00Z      2026-03-14T22:56:00Z  -5 min  warning   demo/cellar-house" in said.out
    assert "notifications: 1 earlier, 2 lost, 1 the same\n" in said.out
    drawn = ET.parse(tmp_path / "diff.svg").getroot()  # noqa: S314  our own file
    words = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert "demo/cellar-house-pump-02 vibration_mmps: shaking" in words
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}circle"))) == 6


def test_what_differs_is_there_for_machines_too(tocsin: Tocsin, plan_b: Path) -> None:
    said = tocsin("diff", PLAN_A, plan_b, NIGHT, "--json")

    found: Any = said.json
    lost = next(one for one in found["alerts"]["changes"] if one["change"] == ["lost"])
    assert said.code == 1
    assert lost["b"] is None
    assert lost["a"]["severity"] == "critical"
    assert found["notifications"]["same"] == 1


def test_two_versions_of_a_detector_are_compared_under_one_plan(tocsin: Tocsin, recording: Path) -> None:
    plan = ROOT / "scenarios" / "small.plan.yaml"

    same = tocsin("diff", plan, plan, recording, "--detector", "anomaly.detectors.adaptive:Adaptive")
    other = tocsin("diff", plan, plan, recording, "--detector", "tests.cli.test_diff:Nervous", "--json")

    found: Any = other.json
    assert same.code == 0
    assert other.code == 1
    assert {tuple(one["change"]) for one in found["alerts"]["changes"]} == {("added",)}


def test_a_detector_that_is_none_is_refused(tocsin: Tocsin) -> None:
    said = tocsin("diff", PLAN_A, PLAN_A, NIGHT, "--detector", "nowhere:Nothing")

    assert said.code == 2
    assert "--detector must name a detector as MODULE:NAME, got 'nowhere:Nothing'" in said.err


class Nervous:
    """A detector that finds every window odd."""

    name = "nervous"
    version = 1

    def initial(self, series: int) -> dict[str, Any]:
        return {"seen": np.zeros(series, np.int64)}

    def score(self, state: Any, observations: Any) -> Any:
        odd, unknown = np.full(len(observations), 9.0), np.full(len(observations), np.nan)
        calm = np.zeros(len(observations), bool)
        return Scores(odd, odd, calm, unknown, unknown, {"odd": odd}), {"seen": state["seen"] + 1}


def test_shadow_rule_is_replayed_beside_the_live_one_and_only_its_difference_is_told(
    tocsin: Tocsin, tmp_path: Path
) -> None:
    plan = tmp_path / "shadowed.yaml"
    tried = (
        "  - {name: shaking_at_once, kind: limits, metric: vibration_mmps, above: 4, hysteresis: 0.5, for: 0s,"
        " clear: 5m, severity: critical, shadow_of: shaking}\n"
    )
    plan.write_text(PLAN_A.read_text().replace("  - name: flatline\n", f"{tried}  - name: flatline\n"))

    plain = tocsin("replay", NIGHT, "--plan", PLAN_A)
    said = tocsin("replay", NIGHT, "--plan", plan)
    machine: Any = tocsin("replay", NIGHT, "--plan", plan, "--json").json

    assert said.code == 0
    assert said.out.startswith(plain.out)
    told = said.out.removeprefix(plain.out).splitlines()[0]
    assert told == "shadow shaking_at_once beside shaking: 1 earlier"
    (report,) = machine["shadows"]
    assert (report["rule"], report["beside"], len(report["changes"])) == ("shaking_at_once", "shaking", 1)
    assert report["changes"][0]["shift_ms"] < 0


def test_shadow_of_a_running_pipeline_is_told_by_a_command_of_its_own(tocsin: Tocsin, tmp_path: Path) -> None:
    run_with(
        LimitsRule("hotter", metric="temperature_celsius", above=9_000.0, shadow_of="too_hot"), tmp_path / "run.db"
    )

    said = tocsin("alerts", "shadow", "--file", tmp_path / "run.db")
    listed: Any = tocsin("alerts", "list", "--file", tmp_path / "run.db", "--json").json

    assert (said.code, said.out) == (0, "")
    assert "no shadow rule has fired" in said.err
    assert {alert["rule"] for alert in listed} == {"too_hot", "silent"}


def test_shadow_that_would_have_told_more_is_a_finding(tocsin: Tocsin, tmp_path: Path) -> None:
    tried = LimitsRule("cooler", metric="temperature_celsius", above=75.0, early=False, shadow_of="too_hot")
    run_with(tried, tmp_path / "run.db")

    said = tocsin("alerts", "shadow", "--file", tmp_path / "run.db")
    listed: Any = tocsin("alerts", "list", "--file", tmp_path / "run.db", "--json").json

    assert said.code == 1
    assert said.out.startswith("shadow cooler beside too_hot: 1 later")
    assert {alert["rule"] for alert in listed} == {"too_hot", "silent"}


def run_with(tried: LimitsRule, path: Path) -> None:
    """Play the walk into a file under its plan and one rule more."""
    clock = VirtualClock(START_MS)
    with open_embedded(path, now_ms=clock.now_ms) as embedded:
        pipeline = Pipeline(embedded, msgspec.structs.replace(PLAN, rules=(*PLAN.rules, tried)), clock.now_ms)
        pipeline.start_ticks()
        for _ in play(pipeline, clock, walk()):
            pass
