"""Simulated readings as recordings, lines and records of a log."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulator.truth import read_truth
from tests.cli.conftest import ROOT, Tocsin
from tocsin.core.clock import HOUR_MS, wall_now_ms
from tocsin.core.formats.recording_file import RecordingReader


def test_recording_holds_what_arrived_and_the_truth_stands_beside_it(tocsin: Tocsin, tmp_path: Path) -> None:
    said = tocsin("simulate", "small", "--to", tmp_path / "day.jsonl.gz", "--json")

    counts = said.json
    assert isinstance(counts, dict)
    with RecordingReader(tmp_path / "day.jsonl.gz") as reader:
        assert len(list(reader)) == counts["messages"]["delivered"] > 500
        assert (reader.header.source, reader.header.clock) == ("simulator small, seed 1", "virtual")
    assert {row.kind for row in read_truth(tmp_path / "day.truth.jsonl")} == {"stuck", "bias", "outage"}
    assert "north-motor-01" not in said.err


def test_neither_speed_nor_processes_change_a_byte(tocsin: Tocsin, tmp_path: Path, recording: Path) -> None:
    tocsin("simulate", "small", "--to", tmp_path / "paced.jsonl.gz", "--speed", "100000")
    tocsin("simulate", "small", "--to", tmp_path / "dealt.jsonl.gz", "--processes", "2")

    whole = recording.read_bytes()
    assert (tmp_path / "paced.jsonl.gz").read_bytes() == whole
    assert (tmp_path / "dealt.jsonl.gz").read_bytes() == whole


def test_another_seed_makes_other_readings(tocsin: Tocsin, tmp_path: Path, recording: Path) -> None:
    tocsin("simulate", "small", "--to", tmp_path / "day.jsonl.gz", "--seed", "2")

    assert (tmp_path / "day.jsonl.gz").read_bytes() != recording.read_bytes()


def test_lines_on_standard_output_are_the_messages_and_nothing_else(tocsin: Tocsin) -> None:
    said = tocsin("simulate", "small", "--to", "-")

    messages = [json.loads(line) for line in said.out.splitlines()]
    assert len(messages) > 500
    assert {"device", "ts", "metrics"} <= set(messages[0])


def test_scenario_can_begin_now_with_its_faults_as_long_after_as_ever(tocsin: Tocsin, tmp_path: Path) -> None:
    tocsin("simulate", "small", "--to", tmp_path / "day.jsonl", "--start", "now")

    with RecordingReader(tmp_path / "day.jsonl") as reader:
        first = next(iter(reader))
    stuck = read_truth(tmp_path / "day.truth.jsonl")[0]
    assert abs(wall_now_ms() - first.arrival_ms) < HOUR_MS // 4
    assert 580_000 < stuck.start_ms - first.arrival_ms <= 600_000


def test_log_takes_the_readings_which_a_run_then_folds(tocsin: Tocsin, tmp_path: Path) -> None:
    tocsin("simulate", "small", "--log", tmp_path / "a.db", "--start", "40m")
    before = tocsin("watch", "--once", "--json", "--file", tmp_path / "a.db").json

    tocsin("run", "--file", tmp_path / "a.db", "--for", "100ms")

    after = tocsin("watch", "--once", "--json", "--file", tmp_path / "a.db").json
    assert isinstance(before, dict)
    assert isinstance(after, dict)
    assert (before["folded"], before["waiting"] > 100) == (0, True)
    assert (after["folded"] > before["waiting"], after["waiting"]) == (True, 0)


def test_list_names_every_scenario_with_its_description(tocsin: Tocsin) -> None:
    said = tocsin("simulate", "list")

    names = [line.split()[0] for line in said.out.splitlines()]
    assert names == ["name", *sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml") if "." not in path.stem)]
    assert {"demo", "door-ajar", "quiet", "small"} <= set(names)
    assert "Five devices of five types" in said.out


def test_description_draws_faults_and_golden_alerts_below_the_line_of_their_device(tocsin: Tocsin) -> None:
    said = tocsin("simulate", "describe", "door-ajar")

    lines = said.out.splitlines()
    at = lines.index("north-cold-room-02 air_celsius")
    bars, marks = lines[at + 1], lines[at + 2]
    assert len(bars) == 72
    assert (marks.index("="), marks.rindex("=")) == (43, 53)
    assert bars.index("█") > marks.index("!") > 43
    assert lines[at + 3 : at + 5] == ["  2026-11-23 12:00 door_open", "  2026-11-23 12:10 an alert fires"]


def test_picture_is_drawn_the_same_every_time_with_a_gap_where_nothing_was_sent(tocsin: Tocsin, tmp_path: Path) -> None:
    scenario = (ROOT / "scenarios" / "small.yaml").read_text()
    away = "{at: 10m, for: 8m, device: north-pump-01, kind: dropout}"
    (tmp_path / "a.yaml").write_text(scenario + f"  - {away}\n")
    for name in ("a.svg", "b.svg"):
        tocsin("simulate", "describe", tmp_path / "a.yaml", "--svg", tmp_path / name)

    drawn = ElementTree.fromstring((tmp_path / "a.svg").read_text())  # noqa: S314  our own
    words = [part.text for part in drawn.iter("{http://www.w3.org/2000/svg}text")]
    path = drawn.find("{http://www.w3.org/2000/svg}path")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert {"small", "north-pump-01", "flow_lpm"} <= set(words)
    assert path is not None
    assert path.attrib["d"].count("M") == 2


def test_reader_that_has_seen_enough_is_no_error() -> None:
    command = [sys.executable, "-m", "tocsin.cli", "simulate", "quiet", "--to", "-"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"device"')
        process.stdout.close()

        errors = process.stderr.read()

        assert process.wait(timeout=20) == 0
        assert b"Traceback" not in errors
        assert b"Exception" not in errors


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Have children hear Ctrl-C even where the tests run in the background of a shell, which has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupt_ends_all_processes_without_a_trace() -> None:
    command = [sys.executable, "-m", "tocsin.cli", "simulate", "demo", "--to", "-", "--processes", "2"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=20)

    assert process.returncode == 130
    assert errors.decode().split("\n")[-2:] == ["tocsin: stopped", ""]
    assert b"Traceback" not in errors
