"""The stories of the scenario library lead to the alerts that are kept as golden; these are the product's own tests."""

from pathlib import Path

import pytest

from simulator.fleet import deliveries
from simulator.scenario import load_scenario
from simulator.targets import RecordingTarget
from simulator.truth import truth_of
from tocsin.cli.files import plan_for
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.messages import Phase
from tocsin.runtime.golden import difference, golden_text
from tocsin.runtime.replay import Replayed, replay
from tocsin.runtime.score import score

SCENARIOS = Path(__file__).parents[2] / "scenarios"
GOLDEN = SCENARIOS / "golden"
STORIES = sorted(path.stem for path in GOLDEN.glob("*.txt"))
CALM = ("monday-morning", "passing-cloud", "quiet-week")
"""Nothing is wrong in them, and nobody may be told anything."""


def played(name: str) -> Replayed:
    scenario = load_scenario(SCENARIOS / f"{name}.yaml")
    kept: list[Recorded] = []
    target = RecordingTarget(kept)
    for batch in deliveries(scenario, 1):
        target.put(batch.deliveries)
    return replay(Header(clock="virtual"), kept, plan_for(SCENARIOS / f"{name}.yaml", None))


@pytest.mark.parametrize("name", STORIES)
def test_story_leads_to_its_golden_alerts_and_every_fault_is_found(name: str, request: pytest.FixtureRequest) -> None:
    golden = GOLDEN / f"{name}.txt"

    came = played(name)

    found = golden_text(came.transitions, came.notifications)
    if request.config.getoption("--update-golden"):
        golden.write_text(found, "utf-8")
    differs = difference(golden.read_text("utf-8"), found, file=golden.name)
    assert not differs, f"{differs}\n\naccept it: pytest tests/scenario --update-golden"
    result = score(came.transitions, truth_of(load_scenario(SCENARIOS / f"{name}.yaml")))
    assert (result.missed, len(result.false)) == (0, 0)


def test_there_are_twelve_stories_and_nobody_is_told_anything_in_the_calm_ones() -> None:
    assert len(STORIES) >= 12
    assert set(CALM) < set(STORIES)
    for name in STORIES:
        told = Phase.FIRING.value in (GOLDEN / f"{name}.txt").read_text("utf-8")
        assert told == (name not in CALM), name
