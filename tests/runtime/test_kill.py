"""A durable run that is killed again and again ends where an uninterrupted one does."""

import json
import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.walk import MINUTES, START_MS, go_on, walk
from tocsin.adapters.embedded.open import open_embedded
from tocsin.adapters.embedded.segments import DatedRecord
from tocsin.core.clock import MINUTE_MS

ROOT = Path(__file__).parents[2]
KILLS = 3


@pytest.mark.slow
def test_alerts_and_accounts_survive_kill_9(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)  # noqa: S311  no secret

    for _ in range(KILLS):
        _run_until_killed(tmp_path / "killed.db", lines=chance.randrange(1, MINUTES // KILLS))
    killed = _run_to_the_end(tmp_path / "killed.db")

    assert killed == _run_to_the_end(tmp_path / "whole.db"), f"seed {seed}"
    accounts = killed["accounts"]
    assert accounts["messages"] + accounts["duplicates"] + accounts["rejected"] == len(list(walk()))
    assert killed["alerts"].count(" firing: ") >= 2
    assert len(killed["decided"]) == killed["alerts"].count("\n    why: ")


@pytest.mark.parametrize("minute", [4, 12])
def test_run_stopped_between_a_minute_and_its_tick_ends_as_one_left_alone(tmp_path: Path, minute: int) -> None:
    def stop(told: int) -> None:
        if told - START_MS // MINUTE_MS == minute - 1:
            raise InterruptedError

    path = tmp_path / "stopped.db"
    with suppress(InterruptedError):
        go_on(path, stop)
    with open_embedded(path, now_ms=lambda: START_MS, shards=2) as embedded:
        arrived = [one for one in walk() if (one.arrival_ms - START_MS) // MINUTE_MS == minute]
        put = [DatedRecord(one.partition_key, one.data, None, one.arrival_ms) for one in arrived]
        embedded.backend.readings.put(put)

    assert go_on(path, lambda _: None) == go_on(tmp_path / "whole.db", lambda _: None)


def _run_until_killed(path: Path, *, lines: int) -> None:
    with _started(path) as process:
        assert process.stdout
        for _ in range(lines):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def _run_to_the_end(path: Path) -> dict[str, Any]:
    with _started(path) as process:
        assert process.stdout
        *_, last = process.stdout
    assert process.returncode == 0
    summary: dict[str, Any] = json.loads(last)
    return summary


def _started(path: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.runtime.walk", str(path)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
