"""Plays histories of seeds until one shows something wrong: ``python -m tests.planted.seeds COUNT``.

Runs in a copy of the repository, on the code that was copied. Exit code 1, and the seed, where one is found.
"""

import sys
from pathlib import Path

import processors
from tests.simulation.history import run_history


def main() -> int:
    """Play so many histories."""
    assert Path(processors.__file__).is_relative_to(Path.cwd()), "the code is not that of the copy"
    for seed in range(int(sys.argv[1])):
        findings = run_history(seed).findings
        if findings:
            print(f"seed {seed}: {findings[0][:160]}")  # noqa: T201  how it talks to its caller
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
