"""The durable local runtime from the command line, and what reads beside it."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import ROOT, Tocsin
from tocsin.core.clock import wall_now_ms

PLAN = """
rules:
  - {name: hot, kind: limits, metric: oil_celsius, above: 90, hysteresis: 2}
"""


def lines(*values: float) -> bytes:
    now_ms = wall_now_ms()
    messages = [
        {"device": "press-1", "ts": now_ms - 5_000 + place, "seq": place, "metrics": {"oil_celsius": value}}
        for place, value in enumerate(values)
    ]
    return b"".join(msgspec.json.encode(message) + b"\n" for message in messages)


def prepared(folder: Path, data: bytes) -> list[str]:
    (folder / "plan.yaml").write_text(PLAN)
    (folder / "in.jsonl").write_bytes(data)
    return ["--file", str(folder / "a.db"), "--plan", str(folder / "plan.yaml"), "--from", str(folder / "in.jsonl")]


def test_lines_of_a_file_become_an_alert_and_bad_ones_are_counted(tocsin: Tocsin, tmp_path: Path) -> None:
    options = prepared(tmp_path, b"junk 0815\n" + lines(60, 95))

    said = tocsin("run", *options, "--for", "400ms", "--tenant", "plant", "--json")

    (fired,) = [msgspec.json.decode(line) for line in said.out.splitlines()]
    assert said.code == 0
    assert (fired["tenant"], fired["device"], fired["phase"], fired["rule"]) == ("plant", "press-1", "firing", "hot")
    assert "1 messages rejected (1 " in said.err
    assert "0815" not in said.err


def test_second_run_knows_what_fires_and_tells_nothing_twice(tocsin: Tocsin, tmp_path: Path) -> None:
    options = prepared(tmp_path, lines(60, 95))
    tocsin("run", *options, "--for", "400ms")
    (tmp_path / "in.jsonl").write_bytes(b"")

    said = tocsin("run", *options, "--for", "200ms")

    assert (said.code, said.out) == (0, "")
    assert "1 alerts of earlier are still firing" in said.err


def test_watch_shows_what_fires_as_lines_and_for_machines(tocsin: Tocsin, tmp_path: Path) -> None:
    tocsin("run", *prepared(tmp_path, lines(60, 95)), "--for", "400ms")
    watch = ("watch", "--file", tmp_path / "a.db", "--for", "0s")

    plain, machine = tocsin(*watch), tocsin(*watch, "--json")
    once = tocsin("watch", "--file", tmp_path / "a.db", "--once", "--json").json

    assert "press-1" in plain.out
    assert "1 alerts firing" in plain.err
    assert msgspec.json.decode(machine.out)["device"] == "press-1"
    assert isinstance(once, dict)
    assert [one["device"] for one in once["firing"]] == ["press-1"]


def test_scenario_plays_on_the_real_clock(tocsin: Tocsin, tmp_path: Path) -> None:
    said = tocsin("run", "--file", tmp_path / "a.db", "--simulate", "quiet", "--for", "2500ms")

    taken = int(said.err.split(" records taken")[0].split()[-1])
    assert said.code == 0
    assert taken > 0


def test_file_that_another_process_writes_to_is_refused(tmp_path: Path, tocsin: Tocsin) -> None:
    with started(tmp_path) as process:
        said = tocsin("run", "--file", tmp_path / "a.db", "--for", "0s")
        beside = tocsin("watch", "--file", tmp_path / "a.db", "--once")
        stop(process, signal.SIGTERM)

    assert said.code == 2
    assert f"is being written by process {process.pid}" in said.err
    assert beside.code == 0


def test_interrupt_ends_a_run_cleanly_and_the_next_goes_on(tmp_path: Path, tocsin: Tocsin) -> None:
    with started(tmp_path, stdin=lines(60, 95)) as process:
        assert process.stdout is not None
        assert b"press-1" in process.stdout.readline()
        code, errors = stop(process, signal.SIGINT)

    again = tocsin("run", "--file", tmp_path / "a.db", "--for", "0s")

    assert code == 0
    assert errors.splitlines()[-1].startswith("stopped: ")
    assert "Traceback" not in errors
    assert "1 alerts of earlier are still firing" in again.err


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ((), "the default plan"),
        (("--plan", "plan.yaml"), "plan plan.yaml"),
        (("--simulate", "demo"), "plan demo.plan.yaml"),
    ],
)
def test_run_says_by_which_plan_it_judges(tocsin: Tocsin, tmp_path: Path, options: tuple[str, ...], name: str) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    options = tuple(str(tmp_path / each) if each == "plan.yaml" else each for each in options)

    assert f"with {name} (" in tocsin("run", "--file", tmp_path / "a.db", "--for", "0s", *options).err


def started(folder: Path, stdin: bytes = b"") -> "subprocess.Popen[bytes]":
    """Start a run and wait until it says that it runs; its standard input stays open."""
    (folder / "plan.yaml").write_text(PLAN)
    command = [sys.executable, "-m", "tocsin.cli", "run", "--file", str(folder / "a.db"), "--from", "-"]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = subprocess.Popen([*command, "--plan", str(folder / "plan.yaml")], cwd=ROOT, **pipes)
    assert process.stderr is not None
    assert process.stdin is not None
    assert b"running on" in process.stderr.readline()
    process.stdin.write(stdin)
    process.stdin.flush()
    return process


def stop(process: "subprocess.Popen[bytes]", number: int) -> tuple[int, str]:
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    return process.returncode, errors.decode()
