"""Everything that is shown on reliability, for a time: ``make soak MINUTES=n`` or ``python -m tests.soak --minutes N``.

Histories, the steady load and planted bugs have a process each; kills and bad input take turns beside them. What
counts by number rather than by time (kills, inputs, bugs) is done in full, also where that takes longer than was
asked for. Ends with the table, which it also writes into ``docs/reliability.md``. Exit code 1 where anything was found.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import count, takewhile
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from tests.model.search import search
from tests.model.world import Rules
from tests.planted.hunt import hunt_all
from tests.simulation.soak import Sum
from tests.soak import bad_input, kills, steady
from tests.soak.table import PAGE, Results, summary, write
from tocsin.core.clock import elapsed_s

Part = TypeVar("Part")

ROOT: Final = Path(__file__).parents[2]
KILLS_SHARE: Final = 0.4
"""Part of the time; what is left of it is for bad input."""
KILLS_A_MINUTE, INPUTS_A_MINUTE = 200 / 30, 1_000_000 / 30
"""The least there is of each."""
KILLS_A_TURN, INPUTS_A_TURN = 10, 20_000


def soak(minutes: float, seed: int) -> Results:
    """Run all parts; the bugs take as long as they take, the others as long as they are given."""
    begun_s = elapsed_s()
    with _histories(minutes, seed) as played, _process() as planting, _process() as fresh:
        hunted, loading = planting.submit(hunt_all), fresh.submit(steady.run, minutes * 60)
        killed, inputs = kills.Report(), bad_input.Report()
        for turn in _turns(minutes * 60 * KILLS_SHARE, minutes * KILLS_A_MINUTE / KILLS_A_TURN, "kills"):
            killed.add(kills.run(KILLS_A_TURN, seed + turn))
        left_s = minutes * 60 - (elapsed_s() - begun_s)
        for turn in _turns(left_s, minutes * INPUTS_A_MINUTE / INPUTS_A_TURN, "bad input"):
            inputs.add(bad_input.run(INPUTS_A_TURN, seed + turn, with_large=not turn))
        model = _said("model", lambda: search(Rules(), records=3))
        loaded = _said("steady load", loading.result)
        report, verdicts = _said("histories", played), _said("planted bugs", hunted.result)
    load, cores = os.getloadavg()[2], os.cpu_count() or 1
    return Results(seed, elapsed_s() - begun_s, report, killed, inputs, loaded, verdicts, model, load, cores)


def _process() -> ProcessPoolExecutor:
    """Return a process that has done nothing yet: memory is measured where nothing else has used any."""
    return ProcessPoolExecutor(1, get_context("spawn"))


def _turns(seconds: float, turns_min: float, name: str) -> Iterator[int]:
    """Yield 0, 1, 2, ... until the time is over, at least so often and at least once."""
    begun_s = elapsed_s()
    yield 0
    yield from takewhile(lambda turn: turn < turns_min or elapsed_s() - begun_s < seconds, count(1))
    _said(name, lambda: None, begun_s)


@contextmanager
def _histories(minutes: float, seed: int) -> Iterator[Callable[[], Sum]]:
    """Play histories in a process beside; yield what waits for them and returns their sum."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "histories.json"
        command = f"-m tests.simulation --processes 1 --minutes {minutes} --first {seed} --json {path}"
        with subprocess.Popen([sys.executable, *command.split()], cwd=ROOT, stdout=subprocess.DEVNULL) as process:

            def result() -> Sum:
                process.wait()
                told = json.loads(path.read_bytes())
                told |= {name: Counter(told[name]) for name in ("faults", "findings", "played")}
                return Sum(**told)

            yield result


def _said(name: str, work: Callable[[], Part], begun_s: float | None = None) -> Part:
    begun_s = elapsed_s() if begun_s is None else begun_s
    done = work()
    print(f"{name}: {elapsed_s() - begun_s:.0f} s", file=sys.stderr, flush=True)  # noqa: T201  a program
    return done


def main() -> int:
    """Run as the command says; print the table and what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1 << 31))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", file=sys.stderr, flush=True)  # noqa: T201  a program
    results = soak(asked.minutes, asked.seed)
    write(PAGE, results)
    print(summary(results))  # noqa: T201  a program
    for wrong in results.escaped:
        print(wrong)  # noqa: T201  a program
    return min(1, len(results.escaped))


if __name__ == "__main__":
    sys.exit(main())
