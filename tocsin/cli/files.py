"""Which file a name on the command line means, and where what comes with the package is."""

from pathlib import Path
from typing import Final

from tocsin.core.errors import UsageError
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
    if path.is_file():
        return path
    for folder in SHIPPED:
        shipped = folder / f"{name}.yaml"
        if shipped.is_file():
            return shipped
    known = sorted({found.stem for folder in SHIPPED for found in folder.glob("*.yaml") if "." not in found.stem})
    raise UsageError(f"scenario must be a file or one of {', '.join(known)}, got {name!r}")


def plan_for(scenario: Path, plan: Path | None) -> Plan:
    """Return the plan that is named, else the one beside the scenario, else the default plan."""
    beside = scenario.with_name(f"{scenario.stem}.plan.yaml")
    if plan is None and beside.is_file():
        plan = beside
    return plan_or_default(plan)


def plan_or_default(plan: Path | None) -> Plan:
    """Return the plan of the file, or the default plan where none is named."""
    return default_plan() if plan is None else load_plan(plan)
