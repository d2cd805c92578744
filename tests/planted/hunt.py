"""Plants each bug in a copy of the repository and asks who finds it: ``python -m tests.planted.hunt [NAME ...]``.

Histories are asked first, up to a number of seeds; then the tests that should know.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.planted.bug import Bug
from tests.planted.bugs import BUGS

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("alerts", "anomaly", "infra", "ingest", "processors", "simulator", "tocsin", "tests", "scenarios")
SEEDS_MAX: Final = 100
CPU_S_MAX: Final = 45
"""Processor time that one search may take, three times what it needs; what does not come to an end is found as well."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a bug.

    Attributes:
        bug: Which.
        by: Who found it: a seed with its finding, or a test; empty where nobody did.
    """

    bug: Bug
    by: str


def places(bug: Bug) -> int:
    """Return how often the bug's old text stands in its file; 1 is right."""
    return (ROOT / bug.file).read_text("utf-8").count(bug.old)


def hunt(bugs: Iterable[Bug], *, seeds: int = SEEDS_MAX) -> Iterator[Verdict]:
    """Yield who finds each of the bugs.

    Raises:
        AssertionError: The histories find something where nothing is planted.
    """
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        unplanted = _by_seeds(copy, seeds)
        assert not unplanted, f"without any bug planted: {unplanted}"
        for turn, bug in enumerate(bugs):
            with _planted(copy, bug, turn):
                yield Verdict(bug, _by_seeds(copy, seeds) or _by_tests(copy, bug))


def hunt_all() -> list[Verdict]:
    """Return who finds each bug there is."""
    return list(hunt(BUGS))


@contextmanager
def _planted(copy: Path, bug: Bug, turn: int) -> Iterator[None]:
    path = copy / bug.file
    text = path.read_text("utf-8")
    assert text.count(bug.old) == 1, f"{bug.name}: the old text must stand once in {bug.file}"
    _write(path, text.replace(bug.old, bug.new), 2 * turn)
    yield
    _write(path, text, 2 * turn + 1)


def _write(path: Path, text: str, version: int) -> None:
    """Write the text under a time of its own, so that no compiled older one is taken for it."""
    path.write_text(text, "utf-8")
    os.utime(path, (1_000_000_000 + 10 * version,) * 2)


def _by_seeds(copy: Path, seeds: int) -> str:
    code, said = _run(copy, "-m", "tests.planted.seeds", str(seeds))
    return said if code else ""


def _by_tests(copy: Path, bug: Bug) -> str:
    if not bug.tests:
        return ""
    code, said = _run(copy, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no", *bug.tests)
    return said.removeprefix("FAILED ") if code else ""


def _run(copy: Path, *arguments: str) -> tuple[int, str]:
    """Run Python in the copy; return its exit code, and the line that says most."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        preexec_fn=_limit_cpu,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode < 0:
        return 1, f"did not come to an end in {CPU_S_MAX} s of processor time"
    # What comes first says most; bytes of a message say nothing to people.
    lines = [
        re.sub(r" b['\"].*", "", line) for line in done.stdout.splitlines() if line.startswith(("seed ", "FAILED "))
    ]
    return done.returncode, (lines or done.stderr.splitlines()[-1:] or ["failed"])[0]


def _limit_cpu() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX + 1))


def main() -> int:
    """Hunt the bugs whose names contain one of the arguments, or all; print who found which."""
    wanted = [bug for bug in BUGS if not sys.argv[1:] or any(part in bug.name for part in sys.argv[1:])]
    escaped = 0
    for verdict in hunt(wanted):
        escaped += not verdict.by
        print(f"{verdict.bug.name}: {verdict.by or 'NOBODY FOUND IT'}", flush=True)  # noqa: T201  a program
    return min(escaped, 1)


if __name__ == "__main__":
    sys.exit(main())
