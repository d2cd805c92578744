"""Which file a name on the command line means, and where what comes with the package is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tocsin.core.errors import UsageError
from tocsin.core.formats.compression import stem
from tocsin.core.plan.model import Plan
from tocsin.core.plan.source import default_plan, load_plan

_PACKAGE_ROOT: Final = Path(__file__).resolve().parents[2]
SHIPPED: Final = (_PACKAGE_ROOT / "scenarios", _PACKAGE_ROOT / "simulator" / "scenarios")
"""Beside the source tree, and within the installed package."""


def scenario_file(name: str) -> Path:
    """Return the file of a scenario: a path, or the name of one that comes with the package.

    Raises:
        UsageError: There is no such file.
    """
    path = Path(name)
    if path.is_dir():
        raise UsageError(f"scenario must be a file, {name} is a directory")
    if path.exists():
        return path
    for folder in SHIPPED:
        shipped = folder / f"{name}.yaml"
        if shipped.is_file():
            return shipped
    raise UsageError(f"scenario must be a file or one of {', '.join(shipped_scenarios())}, got {name!r}")


def shipped_scenarios() -> dict[str, Path]:
    """Return the scenarios that come with the package, by name."""
    found = [path for folder in SHIPPED for path in folder.glob("*.yaml") if "." not in path.stem]
    return {path.stem: path for path in sorted(found, key=lambda path: path.stem)}


def beside(scenario: Path) -> Path | None:
    """Return the plan that stands beside a scenario, or None."""
    plan = scenario.with_name(f"{scenario.stem}.plan.yaml")
    return plan if plan.is_file() else None


def truth_path(recording: Path) -> Path:
    """Return where the truth about a simulated recording stands by default.

    >>> truth_path(Path("day.jsonl.gz")).name
    'day.truth.jsonl'
    """
    return recording.with_name(f"{stem(recording).removesuffix('.jsonl')}.truth.jsonl")


def plan_for(scenario: Path, plan: Path | None) -> Plan:
    """Return the plan that is named, else the one beside the scenario, else the default plan."""
    return plan_or_default(plan or beside(scenario))


def plan_of_run(scenario: str | None, plan: Path | None) -> tuple[Plan, str]:
    """Return the plan of a run, and what to call it: the one named, the one beside the scenario, or the default."""
    path = plan or (beside(scenario_file(scenario)) if scenario else None)
    return plan_or_default(path), f"plan {path.name}" if path else "the default plan"


def plan_or_default(plan: Path | None) -> Plan:
    """Return the plan of the file, or the default plan where none is named."""
    return default_plan() if plan is None else load_plan(plan)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say in one line what kept the file from being written.

    Raises:
        UsageError: It could not be written.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
