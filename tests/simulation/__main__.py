"""Plays histories: one of a seed, one of a file, or many. See ``--help``."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from tests.simulation.history import ONE_IN, SIZE, HistoryResult, run
from tests.simulation.script import drawn, load, save
from tests.simulation.shrink import shrunk
from tests.simulation.soak import soak, write_json


def main() -> int:
    """Do what the arguments say; exit code 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="play the history of this seed")
    parser.add_argument("--file", type=Path, help="play the history in this file")
    parser.add_argument("--shrink", type=Path, help="write what the history is cut down to into this file")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to play many histories")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="on how many processes")
    parser.add_argument("--first", type=int, default=1_000_000, help="seed of the first of many")
    parser.add_argument("--json", type=Path, help="write the figures of many histories into this file as well")
    asked = parser.parse_args()
    if asked.seed is not None or asked.file is not None:
        return _play_one(asked)
    total = soak(asked.minutes, asked.processes, asked.first)
    print("\n".join(total.lines()))  # noqa: T201  what the command is for
    if asked.json:
        write_json(total, asked.json)
    return int(bool(total.findings))


def _play_one(asked: argparse.Namespace) -> int:
    history = load(asked.file) if asked.file else drawn(asked.seed, SIZE, ONE_IN)
    result = run(history)
    _show(result)
    if asked.shrink and result.findings:
        small = shrunk(replace(history, faults=result.script))
        save(small, asked.shrink, run(small).findings[0])
        print(f"{len(small.actions)} actions and {len(small.faults or ())} faults are in {asked.shrink}")  # noqa: T201
    return int(bool(result.findings))


def _show(result: HistoryResult) -> None:
    said = (
        f"{result.readings} readings, {result.calls} calls, {result.commits} commits, {result.transitions} transitions"
    )
    faults = ", ".join(f"{number} x {kind}" for kind, number in sorted(result.faults.items()))
    findings = "\n".join(result.findings) or "nothing wrong"
    print(f"seed {result.seed}: {said}\nfaults: {faults}\n{findings}")  # noqa: T201  what the command is for


if __name__ == "__main__":
    sys.exit(main())
