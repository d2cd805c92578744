"""The build stops: sizes, clocks, prints, imports. Each failure names file, line and rule."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("alerts", "anomaly", "infra", "ingest", "processors", "simulator", "tocsin")
CLOCK = ROOT / "tocsin" / "core" / "clock.py"
FUNCTION_LINES_MAX = 50
MODULE_LINES_MAX = 300
CLOCK_MODULES = {"time", "timeit"}
CLOCK_CALLS = {"now", "utcnow", "today"}
"""Of ``datetime`` and ``date``; ``fromtimestamp`` and the like only convert."""

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
HANDLERS = (
    "ingest.handler",
    "ingest.tick",
    "processors.handler",
    "anomaly.handler",
    "alerts.handler",
    "tocsin.api.handler",
    "tocsin.runtime.joined",
)
NEVER_IN_HANDLERS = ("yaml", "scipy", "pydantic", "boto3", "botocore.session")
"""Powertools imports the root of botocore, a few milliseconds, wherever it is installed; not what it is made of."""

MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]

Finding = tuple[int, str]


def too_long(tree: ast.Module, text: str) -> Iterator[Finding]:
    lines = len(text.splitlines())
    if lines > MODULE_LINES_MAX:
        yield lines, f"module has {lines} lines, at most {MODULE_LINES_MAX} are allowed"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield node.lineno, f"{node.name} has {length} lines, at most {FUNCTION_LINES_MAX} are allowed"


def clocks(tree: ast.Module, text: str) -> Iterator[Finding]:  # noqa: ARG001  the shape of a rule
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in {alias.name for alias in node.names} & CLOCK_MODULES:
                yield node.lineno, f"imports {name}; only clock.py reads the clock"
        elif isinstance(node, ast.ImportFrom) and node.module in CLOCK_MODULES:
            yield node.lineno, f"imports from {node.module}; only clock.py reads the clock"
        elif isinstance(node, ast.Attribute) and node.attr in CLOCK_CALLS and _is_date(node.value):
            yield node.lineno, f"reads {node.attr}; only clock.py reads the clock"


def _is_date(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in {"datetime", "date"}


def prints(tree: ast.Module, text: str) -> Iterator[Finding]:  # noqa: ARG001  the shape of a rule
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "print":
            yield node.lineno, "uses print; commands have click.echo, handlers a logger"


def unfinished(tree: ast.Module, text: str) -> Iterator[Finding]:  # noqa: ARG001  the shape of a rule
    for number, line in enumerate(text.splitlines(), start=1):
        if UNFINISHED.search(line):
            yield number, "marks unfinished work; that is an issue, not a comment"


RULES = {"size": too_long, "clock": clocks, "print": prints, "finished": unfinished}


@pytest.mark.parametrize("rule", RULES)
def test_every_module_keeps_the_rule(rule: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {words}"
        for path in MODULES
        for text in [path.read_text("utf-8")]
        if not (rule == "clock" and path == CLOCK)
        for line, words in RULES[rule](ast.parse(text), text)
    ]

    assert MODULES
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("size", "\n" * 301),
        ("size", "def long():\n" + "    pass\n" * 50),
        ("clock", "import time\n"),
        ("clock", "from time import monotonic\n"),
        ("clock", "import datetime\nx = datetime.datetime.now()\n"),
        ("clock", "from datetime import date\nx = date.today\n"),
        ("print", "print(1)\n"),
        ("print", "show = print\n"),
        ("finished", "x = 1  # TODO: more\n"),
    ],
)
def test_rule_notices_who_breaks_it(rule: str, text: str) -> None:
    assert list(RULES[rule](ast.parse(text), text))


def test_packages_hold_a_docstring_and_nothing_else() -> None:
    found = [path for path in MODULES if path.name == "__init__.py" and not _is_docstring_only(path)]

    assert not found


def _is_docstring_only(path: Path) -> bool:
    tree = ast.parse(path.read_text("utf-8"))
    return ast.get_docstring(tree) is not None and len(tree.body) == 1


def test_imports_go_in_one_direction() -> None:
    tool = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("handler", HANDLERS)
def test_handler_starts_without_what_costs_cold_start(handler: str) -> None:
    program = f"import sys, {handler}; print([name for name in {NEVER_IN_HANDLERS} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
