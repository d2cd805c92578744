"""What `tocsin doctor` looks at, one check each."""

import re
import shutil
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from simulator.scenario import load_scenario
from tocsin.cli.files import shipped_scenarios
from tocsin.core.clock import elapsed_s, iso, wall_now_ms
from tocsin.core.plan.model import plan_hash
from tocsin.core.plan.source import default_plan

PYTHON_MIN: Final = (3, 11)
MODULES: Final = {"aws-lambda-powertools": "aws_lambda_powertools", "pyjwt": "jwt", "pyyaml": "yaml"}
"""Modules whose names are not those of their packages in lower case."""

DISK_BYTES_LOW: Final = 1 << 30
DISK_BYTES_MIN: Final = 50 << 20
CLOCK_MS_MIN: Final = 1_704_067_200_000
"""The beginning of 2024: a clock before it was never set."""

_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9_.-]+)(.*)")
_BOUND: Final = re.compile(r"(>=|<=|==|<|>)\s*([0-9.]+)")


class State(Enum):
    """What a check found."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found.

    Attributes:
        state: Whether it is well.
        says: What was found, one line.
        do: What to do about it; may be empty.
    """

    state: State
    says: str
    do: str = ""


def check_python() -> Check:
    """Python is new enough."""
    said = f"Python {sys.version.split()[0]}"
    if sys.version_info < PYTHON_MIN:
        return Check(State.FAIL, said, "install Python 3.11 or newer")
    return Check(State.OK, said)


def check_packages() -> Check:
    """Every package that is needed can be imported, in a version that fits."""
    try:
        needed = [line for line in requires("tocsin") or [] if ";" not in line]
    except PackageNotFoundError:
        return Check(State.FAIL, "tocsin is not installed", "run `pip install .` where its source is")
    said: list[str] = []
    wrong: list[str] = []
    for line in needed:
        match = _REQUIREMENT.fullmatch(line)
        assert match, line  # noqa: S101  the package's own metadata
        name, bounds = match.groups()
        problem, found = _package(name, bounds)
        (wrong if problem else said).append(problem or f"{name} {found}")
    if wrong:
        return Check(State.FAIL, "; ".join(wrong), "install again with `pip install --upgrade tocsin`")
    return Check(State.OK, ", ".join(said))


def _package(name: str, bounds: str) -> tuple[str, str]:
    """Return what is wrong with the package, or an empty text; and its version."""
    try:
        import_module(MODULES.get(name.lower(), name.lower()))
        found = version(name)
    except (ImportError, PackageNotFoundError) as error:
        return f"{name} cannot be imported: {error}", ""
    return ("" if fits(found, bounds) else f"{name} must be {bounds.strip()}, got {found}"), found


def fits(found: str, bounds: str) -> bool:
    """Tell whether a version lies within the bounds, as far as its leading numbers tell.

    >>> fits("8.5.1", "<9,>=8.4"), fits("9.0", "<9,>=8.4"), fits("8.4", ">=8.4.0")
    (True, False, True)
    """
    have = _numbers(found)
    return all(_holds(have, operator, _numbers(bound)) for operator, bound in _BOUND.findall(bounds))


def _numbers(text: str) -> tuple[int, ...]:
    numbers = [int(part) for part in re.findall(r"\d+", text)[:4]]
    return tuple(numbers + [0] * (4 - len(numbers)))


def _holds(have: tuple[int, ...], operator: str, bound: tuple[int, ...]) -> bool:
    if operator == "==":
        return have == bound
    if operator in {">=", ">"}:
        return have > bound or (operator == ">=" and have == bound)
    return have < bound or (operator == "<=" and have == bound)


def check_terminal() -> Check:
    """What is printed can be read."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding != "utf8":
        return Check(State.WARN, f"output is {encoding or 'unknown'}, not UTF-8", "set PYTHONUTF8=1")
    return Check(State.OK, "a terminal" if sys.stdout.isatty() else "not a terminal: output is plain lines")


def check_disk() -> Check:
    """Files can be written here, and there is room."""
    try:
        with tempfile.NamedTemporaryFile(dir=".", prefix=".tocsin-"):
            free = shutil.disk_usage(".").free
    except OSError as error:
        return Check(State.FAIL, f"this folder cannot be written: {error.strerror}", "go to one that can")
    said = f"{free / (1 << 30):.1f} GiB free here"
    if free < DISK_BYTES_MIN:
        return Check(State.FAIL, said, "make room")
    if free < DISK_BYTES_LOW:
        return Check(State.WARN, said, "make room: a busy day of readings takes some GiB")
    return Check(State.OK, said)


def check_durability() -> Check:
    """SQLite keeps a write-ahead log on this disk, which readers beside a writer need."""
    said = f"SQLite {sqlite3.sqlite_version}"
    with (
        tempfile.TemporaryDirectory(dir=".", prefix=".tocsin-") as folder,
        closing(sqlite3.connect(Path(folder) / "check.db")) as connection,
    ):
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        connection.execute("CREATE TABLE kept (value)")
        connection.execute("INSERT INTO kept VALUES (1)")
        connection.commit()
    if mode != "wal":
        return Check(State.FAIL, f"{said} cannot use a write-ahead log here", "use a local disk, not a network's")
    return Check(State.OK, f"{said}, write-ahead log works here")


def check_clock() -> Check:
    """The clock is set, and time passes."""
    before_s, now_ms = elapsed_s(), wall_now_ms()
    said = f"it is {iso(now_ms // 1_000 * 1_000)}"
    if now_ms < CLOCK_MS_MIN:
        return Check(State.FAIL, said, "set the clock: readings of the present would be refused")
    if elapsed_s() < before_s:
        return Check(State.FAIL, f"{said}, and the steady clock went back", "restart the machine")
    return Check(State.OK, said)


def check_shipped() -> Check:
    """The scenarios and the default plan that come with the package can be read."""
    names = [load_scenario(path).name for path in shipped_scenarios().values()]
    if not names:
        return Check(State.FAIL, "no scenario came with the package", "install again")
    return Check(State.OK, f"scenarios {', '.join(names)}; default plan {plan_hash(default_plan())}")
