"""Everything that is shown on reliability, for a time: ``make soak MINUTES=n`` or ``python -m tests.soak --minutes N``.

Histories are played all the time in a process of their own; the other parts take turns beside them. Ends with the
table, which it also writes into ``docs/reliability.md``. Exit code 1 where anything was found.
"""

import argparse
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from tests.model.search import search
from tests.model.world import Rules
from tests.planted.bugs import BUGS
from tests.planted.hunt import hunt
from tests.simulation.soak import Sum
from tests.soak import bad_input, kills, steady
from tests.soak.table import PAGE, Results, summary, write
from tocsin.core.clock import elapsed_s

Part = TypeVar("Part")

ROOT: Final = Path(__file__).parents[2]
KILLS_A_MINUTE: Final = 25
INPUTS_A_MINUTE: Final = 140_000
STEADY_SHARE: Final = 0.25
KILLS_MAX, INPUTS_MAX = 400, 5_000_000


def soak(minutes: float, seed: int) -> Results:
    """Run all parts; the bugs take as long as they take, the other parts share what is left of the time."""
    begun_s = elapsed_s()
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh, _histories(minutes, seed) as played:
        model = _said("model", lambda: search(Rules(), records=3))
        verdicts = _said("planted bugs", lambda: list(hunt(BUGS)))
        left_min = max(1.0, minutes - (elapsed_s() - begun_s) / 60)
        loaded = _said("steady load", lambda: _in(fresh, steady.run, left_min * 60 * STEADY_SHARE))
        killed = _said("kills", lambda: kills.run(min(KILLS_MAX, int(left_min * KILLS_A_MINUTE)), seed))
        inputs = _said("bad input", lambda: bad_input.run(min(INPUTS_MAX, int(left_min * INPUTS_A_MINUTE)), seed))
        report = _said("histories", played)
    return Results(seed, elapsed_s() - begun_s, report, killed, inputs, loaded, verdicts, model)


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
                told |= {name: Counter(told[name]) for name in ("faults", "findings")}
                return Sum(**told)

            yield result


def _in(process: Executor, work: Callable[[float], Part], argument: float) -> Part:
    """Do the work in another process: memory is measured where nothing else has used any."""
    return process.submit(work, argument).result()


def _said(name: str, work: Callable[[], Part]) -> Part:
    begun_s = elapsed_s()
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
