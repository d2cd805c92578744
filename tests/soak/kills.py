"""``kill -9`` at random moments: ``python -m tests.soak.kills --count N [--seed S]``.

Two programs take turns: the whole durable pipeline at work, and a writer of three threads that says what was
acknowledged. After each kill the file is opened again and audited; in the end the pipeline that was killed must
have come to the same alerts and accounts as one that was left alone.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from signal import SIGKILL
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.adapters.embedded import test_kill as writers
from tests.contract.specimens import read_all
from tests.runtime.walk import MINUTES, START_MS, transitions_of, walk
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import MINUTE_MS, elapsed_s
from tocsin.core.formats.pane_bytes import decode_panes
from tocsin.core.keys import TICK_KEY

ROOT: Final = Path(__file__).parents[2]
READY_S_MAX: Final = 2.0
KILLS_A_LIFE: Final = 10
MINUTES_A_KILL_MAX: Final = 4
LINGER_S_MAX: Final = 0.06
LAST_MINUTE: Final = START_MS // MINUTE_MS + MINUTES


@dataclass
class Report:
    """What became of the kills.

    Attributes:
        kills: How many.
        lives: How many files were killed again and again, and then compared or checked a last time.
        slowest_s: Longest time until a file that was killed was open again, in seconds.
    """

    kills: int = 0
    lives: int = 0
    slowest_s: float = 0.0

    def add(self, other: "Report") -> None:
        """Count what became of further kills."""
        self.kills += other.kills
        self.lives += other.lives
        self.slowest_s = max(self.slowest_s, other.slowest_s)


def run(count: int, seed: int) -> Report:
    """Kill so many times, and audit after each.

    Raises:
        AssertionError: An audit found something; the message says what, after the seed.
    """
    report = Report()
    chance = Random(seed)  # noqa: S311  no secret
    with TemporaryDirectory() as folder:
        while report.kills < count:
            kills = min(KILLS_A_LIFE, count - report.kills)
            path = Path(folder) / f"{report.lives}.db"
            try:
                (kill_pipeline if (seed + report.lives) % 2 else kill_writer)(path, kills, chance, report)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, life {report.lives}: {error}") from error
            report.lives += 1
            path.unlink()
    return report


def kill_writer(path: Path, kills: int, chance: Random, report: Report) -> None:
    """Kill the writer; what it was told to be stored must be there, and nothing by halves."""
    acknowledged: writers.Acknowledged = {}
    for _ in range(kills):
        writers.add(acknowledged, writers.kill_after(path, chance.randrange(200)))
        with _reopened(path, report) as embedded:
            writers.check(embedded, acknowledged)


def kill_pipeline(path: Path, kills: int, chance: Random, report: Report) -> None:
    """Kill the pipeline; it must go on as if nothing had been."""
    grown: Counter[str] = Counter()
    for _ in range(kills):
        minute = _kill_after(path, chance.randrange(MINUTES_A_KILL_MAX), chance.uniform(0.0, LINGER_S_MAX))
        with _reopened(path, report) as embedded:
            found = audit(embedded, minute)
        assert all(found[what] >= size for what, size in grown.items()), f"{grown} shrank to {found}"
        grown = found
        if minute is not None and minute >= LAST_MINUTE - MINUTES_A_KILL_MAX - 1:
            break  # a run that is over has nothing left to kill
    assert _played_out(path) == _undisturbed(), "the end differs from that of a run that was left alone"


def audit(embedded: Embedded, minute: int | None) -> Counter[str]:
    """Check what is in the file, and return how much of each thing that is.

    Args:
        embedded: The file, open.
        minute: The last minute that the killed run had called over, or None.
    """
    backend = embedded.backend
    put = [(one.partition_key, one.data) for one in read_all(backend.readings) if one.partition_key != TICK_KEY]
    sent = [(one.partition_key, one.data, one.arrival_ms // MINUTE_MS) for one in walk()]
    assert Counter(put) == Counter((key, data) for key, data, _ in sent[: len(put)]), "readings are lost or doubled"
    owed = sum(arrived <= minute for *_, arrived in sent) if minute is not None else 0
    assert len(put) >= owed, f"{owed} readings were acknowledged, {len(put)} are there"
    panes = _panes(embedded)
    told = transitions_of(embedded).count("\n    why: ")
    decided = Counter(
        (one.alert.fingerprint, one.alert.number) for one in backend.decisions.query("acme", limit=10_000)
    )
    assert set(decided.values()) <= {1}, "a transition is decided twice"
    assert len(decided) <= told, f"{len(decided)} decisions about {told} transitions"
    return Counter(put=len(put), panes=panes, told=told, decided=len(decided))


def _panes(embedded: Embedded) -> int:
    """Return how many different messages of panes there are; their numbers have no gap, and copies do not differ."""
    seen: dict[str, list[bytes]] = {}
    for record in read_all(embedded.backend.panes):
        number = decode_panes(record.data).number
        taken = seen.setdefault(record.partition_key, [])
        if number == len(taken) + 1:
            taken.append(record.data)
        else:
            assert number <= len(taken), f"panes of {record.partition_key} go on with {number} after {len(taken)}"
            assert taken[number - 1] == record.data, f"panes {number} of {record.partition_key} came twice and differ"
    return sum(map(len, seen.values()))


def _reopened(path: Path, report: Report) -> Embedded:
    begun_s = elapsed_s()
    embedded = open_embedded(path, now_ms=lambda: START_MS, shards=2)
    took_s = elapsed_s() - begun_s
    report.kills += 1
    report.slowest_s = max(report.slowest_s, took_s)
    assert took_s < READY_S_MAX, f"open again after {took_s:.1f} s"
    return embedded


def _kill_after(path: Path, lines: int, linger_s: float) -> int | None:
    """Start the pipeline, kill it a moment after so many lines, return the last minute that it printed."""
    with _started(path) as process:
        assert process.stdout
        told = [process.stdout.readline() for _ in range(lines + 1)]
        try:
            process.wait(linger_s)
        except subprocess.TimeoutExpired:
            process.kill()
        told += process.stdout.readlines()
    assert process.returncode == -SIGKILL, "the run was over before it could be killed"
    minutes = [int(line) for line in told if line.strip().isdigit()]
    return max(minutes, default=None)


def _played_out(path: Path) -> dict[str, Any]:
    with _started(path) as process:
        assert process.stdout
        *_, last = process.stdout
    summary: dict[str, Any] = json.loads(last)
    return summary


@cache
def _undisturbed() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        return _played_out(Path(folder) / "whole.db")


def _started(path: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.runtime.walk", str(path)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def main() -> None:
    """Run as the command says, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(run(asked.count, asked.seed))  # noqa: T201  a program


if __name__ == "__main__":
    main()
