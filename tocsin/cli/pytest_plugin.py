"""The pytest plugin: "would it have fired?" as a test.

Fixtures ``pipeline``, ``simulator``, ``recording``, ``golden_alerts`` and ``virtual_clock``, the marker
``recording`` and the option ``--update-golden``; ``docs/replay.md`` shows them at work. The fixture ``mappings``
runs handlers of a template by the rules of their event sources: ``docs/mappings.md``. Whoever uses none of them
pays for nothing: all else is imported by the first fixture that needs it.
"""

from argparse import ArgumentError
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from tocsin.cli.pytest_mappings import Mappings
    from tocsin.cli.pytest_objects import GoldenAlerts, PipelineUnderTest, RecordingUnderTest, SimulatorUnderTest
    from tocsin.core.clock import VirtualClock

UPDATE: Final = "--update-golden"
SEED: Final = "--tocsin-seed"
PLAN_KEY: Final = "tocsin_plan"
START_MS: Final = 1_767_225_600_000
"""2026-01-01T00:00:00Z: where virtual time begins, so that no test depends on the day it runs."""

Notes = list[str]
NOTES: Final = pytest.StashKey[Notes]()
"""What is told where the test fails: seeds, and the commands that replay what it saw."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the one key of the configuration file."""
    group = parser.getgroup("tocsin", "alerts from recordings")
    with suppress(ValueError, ArgumentError):  # another plugin has an option of this name; it means the same
        group.addoption(UPDATE, action="store_true", help="Write the golden alerts that tests find, as expected ones.")
    group.addoption(SEED, type=int, default=1, help="Seed of simulations that name none. [1]")
    parser.addini(PLAN_KEY, "Plan that the fixture `pipeline` uses; without it the default plan.", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "recording(path, plan=None): the recording that the test is about, and the plan to replay it under"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say in the report of a failed test with which seeds and commands it can be seen again."""
    report = yield
    notes = item.stash.get(NOTES, [])
    if call.when == "call" and report.failed and notes:
        report.sections.append(("tocsin", "\n".join(notes)))
    return report


@pytest.fixture
def virtual_clock() -> "VirtualClock":
    """The clock of the fixture ``pipeline``; ``pipeline.wait`` moves it."""
    from tocsin.core.clock import VirtualClock  # noqa: PLC0415  only who uses it pays

    return VirtualClock(START_MS)


@pytest.fixture
def tocsin_plan(request: pytest.FixtureRequest) -> Path | None:
    """The plan's file: of the marker, else of the configuration; None for the default plan."""
    marked = _marked(request).get("plan")
    named = marked or request.config.getini(PLAN_KEY)
    return _found(request, named) if named else None


@pytest.fixture
def recording(request: pytest.FixtureRequest) -> "RecordingUnderTest":
    """The recording that the test's marker names."""
    from tocsin.cli.pytest_objects import RecordingUnderTest  # noqa: PLC0415  only who uses it pays

    named = _marked(request).get("path")
    if not named:
        pytest.fail('mark the test with the recording: @pytest.mark.recording("night.jsonl.gz")', pytrace=False)
    return RecordingUnderTest.of_file(_found(request, named))


@pytest.fixture
def simulator(request: pytest.FixtureRequest, tmp_path: Path) -> "SimulatorUnderTest":
    """Plays scenarios into recordings: ``simulator("pump_house.yaml", seed=7)``."""
    from tocsin.cli.pytest_objects import SimulatorUnderTest  # noqa: PLC0415  only who uses it pays

    seed: int = request.config.getoption(SEED)
    return SimulatorUnderTest(tmp_path, _notes(request), seed, lambda name: _found(request, name, is_needed=False))


@pytest.fixture
def pipeline(
    request: pytest.FixtureRequest, virtual_clock: "VirtualClock", tocsin_plan: Path | None, tmp_path: Path
) -> Generator["PipelineUnderTest"]:
    """The whole chain from readings to notifications, in memory and in virtual time."""
    from tocsin.cli.pytest_objects import PipelineUnderTest  # noqa: PLC0415  only who uses it pays

    with PipelineUnderTest(tocsin_plan, virtual_clock, tmp_path, _notes(request)) as made:
        yield made


@pytest.fixture
def golden_alerts(request: pytest.FixtureRequest) -> "GoldenAlerts":
    """Compares the alerts of a run with the golden text beside the test: ``golden_alerts(run)``."""
    from tocsin.cli.pytest_objects import GoldenAlerts  # noqa: PLC0415  only who uses it pays

    test = request.path
    update = bool(request.config.getoption(UPDATE, default=False))
    return GoldenAlerts(test.parent / "golden" / test.stem, request.node.name, update=update)


@pytest.fixture
def mappings(request: pytest.FixtureRequest, virtual_clock: "VirtualClock") -> Generator["Callable[..., Mappings]"]:
    """Runs the functions of a template: ``mappings("template.yaml", handlers={}, parameters={})``."""
    from tocsin.cli.pytest_mappings import Mappings  # noqa: PLC0415  only who uses it pays

    made: list[Mappings] = []

    def make(template: str | Path, **arguments: Any) -> "Mappings":  # noqa: ANN401  as of Mappings
        made.append(Mappings(_found(request, template), virtual_clock, **arguments))
        return made[-1]

    yield make
    for one in made:
        one.host.close()


def _notes(request: pytest.FixtureRequest) -> Notes:
    notes: Notes = request.node.stash.setdefault(NOTES, [])
    return notes


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    mark = request.node.get_closest_marker("recording")
    if mark is None:
        return {}
    return {**dict(zip(("path", "plan"), mark.args, strict=False)), **mark.kwargs}


def _found(request: pytest.FixtureRequest, name: str | Path, *, is_needed: bool = True) -> Path:
    """Return the file of that name beside the test, else at the root of the project."""
    places = [folder / name for folder in (request.path.parent, request.config.rootpath)]
    found = next((place for place in places if place.is_file()), None)
    if found is None and is_needed:
        pytest.fail(f"no file {name}, neither in {places[0].parent} nor in {places[1].parent}", pytrace=False)
    return found or Path(name)
