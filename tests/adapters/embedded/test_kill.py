import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tests.contract.specimens import read_all
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import elapsed_s
from tocsin.core.errors import ConfigError
from tocsin.core.messages import Transition
from tocsin.core.ports import StateKey

REPOSITORY = Path(__file__).parents[3]
THREADS = 3
KILLS = 17
REOPENED_S_MAX = 2.0

Acknowledged = dict[tuple[int, str], set[int]]
"""Thread and what it wrote, to the rounds that were acknowledged."""


def start(path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.embedded.crashing_writer", str(path)],
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


def kill_after(path: Path, lines: int) -> list[bytes]:
    """Run the writer, kill it once it has printed so many lines, return all that it acknowledged."""
    with start(path) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(lines)]
        writer.kill()
        told += writer.stdout.readlines()
    return [line for line in told if line.endswith(b"\n") and line != b"begin\n"]


def add(acknowledged: Acknowledged, told: list[bytes]) -> None:
    for line in told:
        thread, what, number = line.decode().split()
        acknowledged.setdefault((int(thread), what), set()).add(int(number))


def found_in(embedded: Embedded, thread: int) -> dict[str, Counter[int]]:
    """Return how often each round of the thread is found in each place."""
    backend = embedded.backend
    queue = embedded.queue(f"q{thread}")
    messages = queue.receive(limit=10**6, visibility_ms=0) + queue.dead_letters(limit=10**6)
    feed = [msgspec.msgpack.decode(record.data, type=Transition) for record in read_all(backend.alerts.feed)]
    table = backend.alerts.query("acme", device=str(thread), limit=10**6)
    return {
        "log": Counter(
            int(record.data) for record in read_all(backend.readings) if record.partition_key == f"t#{thread}"
        ),
        "alert": Counter(move.number for move in table),
        "feed": Counter(move.number for move in feed if move.device == str(thread)),
        "queue": Counter(int(message.body) for message in messages),
    }


def check(embedded: Embedded, acknowledged: Acknowledged) -> None:
    for thread in range(THREADS):
        found = found_in(embedded, thread)
        for what in ("log", "alert", "queue"):
            missing = acknowledged.get((thread, what), set()) - set(found[what])
            assert not missing, f"{what} of thread {thread} lost {missing}"
        assert set(found["log"].values()) | set(found["queue"].values()) <= {3}, "a call is there by halves"
        assert found["feed"] == found["alert"]
        assert set(found["alert"].values()) <= {1}
        (saved,) = embedded.backend.state.load([StateKey(1, thread, "crash")])
        number = int((saved.blob or b"0").split(b" ")[0])
        newest = max(acknowledged.get((thread, "state"), {0}))
        assert newest <= number <= newest + 1
        if number > newest:  # killed between commit and telling; the next run goes on from here
            add(acknowledged, [b"%d state %d" % (thread, number)])
        assert int(embedded.checkpoints.load("m").get(str(thread), "0")) <= number


def test_what_was_acknowledged_survives_kill_after_kill_and_nothing_is_there_by_halves(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    chance = random.Random(7)  # noqa: S311 - chance of a test, not of a cipher
    acknowledged: Acknowledged = {}
    for lines in (0, 1, *(chance.randrange(2, 60) for _ in range(KILLS - 2))):
        add(acknowledged, kill_after(path, lines))

        begun_s = elapsed_s()
        with open_embedded(path, now_ms=lambda: 0, shards=2) as embedded:
            reopened_s = elapsed_s() - begun_s
            check(embedded, acknowledged)

        assert reopened_s < REOPENED_S_MAX
    assert len(acknowledged) == THREADS * 4


def test_reader_in_another_process_sees_whole_calls_growing_while_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "tocsin.db"
    seen = [0]
    with start(path) as writer:
        assert writer.stdout is not None
        while not writer.stdout.readline().endswith(b" 3\n"):
            pass
        with open_embedded(path, now_ms=lambda: 0, read_only=True) as reader:
            while seen[-1] < 60 and len(seen) < 10_000:
                counts = Counter((record.partition_key, record.data) for record in read_all(reader.backend.readings))
                assert set(counts.values()) == {3}
                seen.append(sum(counts.values()))
            with pytest.raises(ConfigError, match=f"written by process {writer.pid};"):
                open_embedded(path, now_ms=lambda: 0)
        writer.kill()

    assert seen == sorted(seen)
    assert seen[-1] >= 60
