"""The stories of the scenario library lead to the alerts that are kept as golden; these are the product's own tests."""

import re
from pathlib import Path

import pytest

from simulator.fleet import deliveries
from simulator.scenario import load_scenario
from simulator.targets import RecordingTarget
from simulator.truth import truth_of
from tocsin.cli.files import plan_for
from tocsin.cli.main import main
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


def section_of(name: str) -> str:
    """Return what the page of the library says of a story."""
    scenario = load_scenario(SCENARIOS / f"{name}.yaml")
    fired = len(re.findall(r"^  \S+ firing: ", (GOLDEN / f"{name}.txt").read_text("utf-8"), re.MULTILINE))
    alerts = "Nobody is told anything." if not fired else "1 alert." if fired == 1 else f"{fired} alerts."
    links = f"[scenario]({name}.yaml), [plan]({name}.plan.yaml), [alerts](golden/{name}.txt)"
    return f"## {name}\n\n{scenario.description} {alerts} ({links})\n\n![{name}](images/{name}.svg)\n"


def test_page_of_the_library_tells_every_story(request: pytest.FixtureRequest) -> None:
    page = SCENARIOS / "README.md"
    head = page.read_text("utf-8").split("\n## ", 1)[0]
    wanted = "\n".join([head, *map(section_of, STORIES)])

    if request.config.getoption("--update-golden"):
        page.write_text(wanted, "utf-8")
    assert page.read_text("utf-8") == wanted, "write it: pytest tests/scenario --update-golden"


@pytest.mark.parametrize("name", STORIES)
def test_picture_of_a_story_is_what_the_tool_draws(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    picture = SCENARIOS / "images" / f"{name}.svg"

    with pytest.raises(SystemExit, match="0"):
        main(["simulate", "describe", name, "--svg", str(tmp_path / "drawn.svg")])

    drawn = (tmp_path / "drawn.svg").read_text("utf-8")
    if request.config.getoption("--update-golden"):
        picture.write_text(drawn, "utf-8")
    assert picture.read_text("utf-8") == drawn, "draw it: pytest tests/scenario --update-golden"
