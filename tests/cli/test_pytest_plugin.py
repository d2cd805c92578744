"""The pytest plugin: in the example project as a stranger has it, and its parts one by one."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Tocsin
from tocsin.cli import pytest_plugin
from tocsin.cli.pytest_objects import GoldenAlerts, PipelineUnderTest, Run
from tocsin.core.clock import VirtualClock
from tocsin.runtime.golden import golden_text

EXAMPLE = ROOT / "examples" / "pump_house"
GOLDEN = Path("tests/golden/test_pump_house/test_the_night_leads_to_the_alerts_that_we_agreed_on.txt")

Project = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Runs pytest in a copy of the example, with nothing but the installed package."""
    shutil.copytree(EXAMPLE, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__"))
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments]
        return subprocess.run(command, cwd=tmp_path / "copy", env=kept, capture_output=True, text=True, check=False)

    return run


def test_the_example_passes_in_a_project_that_only_installs_the_package(project: Project) -> None:
    done = project("-W", "error")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_a_failure_shows_the_difference_the_seed_and_a_command_that_shows_it_again(
    project: Project, tmp_path: Path, tocsin: Tocsin, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    plan = (copy / "plan.yaml").read_text()
    (copy / "plan.yaml").write_text(plan.replace("above: 4", "above: 6"))

    done = project()

    assert done.returncode == 1
    assert "1 lost, 0 added, 0 changed\n\nlost: demo/cellar-house-pump-02 vibration_mmps" in done.stdout
    assert "simulated pump_house.yaml with seed 7" in done.stdout
    monkeypatch.chdir(copy)
    found = re.search("^see it again: tocsin (.*)$", done.stdout, re.MULTILINE)
    assert found
    again = tocsin(*shlex.split(found[1]))
    assert again.code == 1
    assert "lost: demo/cellar-house-pump-02 vibration_mmps" in again.out


def test_update_golden_writes_what_was_found_and_leaves_the_rest_alone(project: Project, tmp_path: Path) -> None:
    golden = tmp_path / "copy" / GOLDEN
    agreed = golden.read_text()
    golden.write_text(agreed.replace("5.11", "5.12"))
    done = project("--update-golden", "-k", "night_leads")

    assert done.returncode == 0, done.stdout
    assert golden.read_text() == agreed


def test_a_project_that_uses_no_fixture_of_it_loads_nothing_but_the_plugin() -> None:
    heavy = ("numpy", "msgspec", "click", "yaml", "rich", "simulator", "tocsin.core", "tocsin.runtime")
    program = f"import sys, tocsin.cli.pytest_plugin; print([name for name in {heavy} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_project_whose_other_plugin_has_such_an_option_is_not_broken() -> None:
    parser = pytest.Parser(_ispytest=True)
    parser.getgroup("golden").addoption("--update-golden", action="store_true")

    pytest_plugin.pytest_addoption(parser)

    assert parser.parse(["--update-golden", "--tocsin-seed", "7"]).update_golden


def test_golden_alerts_that_are_missing_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="write them: pytest --update-golden"):
        GoldenAlerts(tmp_path, "test_new", update=False)(_quiet())


def test_golden_alerts_that_people_have_commented_are_not_written_over(tmp_path: Path) -> None:
    kept = tmp_path / "test_it.txt"
    kept.write_text(golden_text([], []) + "# agreed with Ada\n")

    GoldenAlerts(tmp_path, "test_it", update=True)(_quiet())

    assert "agreed with Ada" in kept.read_text()


def test_two_golden_texts_of_one_test_need_two_names(tmp_path: Path) -> None:
    golden = GoldenAlerts(tmp_path, "test_it[a/b]", update=True)
    golden(_quiet())
    golden(_quiet(), "second")

    with pytest.raises(pytest.fail.Exception, match="a name of its own"):
        golden(_quiet())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["test_it-a-b-second.txt", "test_it-a-b.txt"]


def test_what_was_sent_reading_by_reading_can_be_replayed_to_the_same_alerts(tmp_path: Path, tocsin: Tocsin) -> None:
    notes: list[str] = []
    with PipelineUnderTest(EXAMPLE / "plan.yaml", VirtualClock(1_767_225_600_000), tmp_path, notes) as pipeline:
        for _ in range(8):
            pipeline.send("cellar-house-pump-09", {"vibration_mmps": 8.0})
            pipeline.wait("30s")
        run = pipeline.result()

    said = tocsin(*shlex.split(run.command)[1:])

    assert [one.rule for one in run.fired] == ["shaking"]
    assert said.out == run.golden
    assert notes == [f"replay it with: {run.command}"]


def _quiet() -> Run:
    return Run((), (), "tocsin replay night.jsonl")
