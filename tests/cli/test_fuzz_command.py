"""``tocsin fuzz``: what it says, what it keeps, and its exit code."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Tocsin
from tests.runtime.walk import walk
from tocsin.core.formats.recording import Header
from tocsin.core.formats.recording_file import RecordingReader, RecordingWriter
from tocsin.runtime import fuzz as fuzzing
from tocsin.runtime.faults import Copy, Faults, decode_faults, encode_faults

PLAN = ROOT / "examples" / "pump_house" / "plan.yaml"


@pytest.fixture
def short(tmp_path: Path) -> Path:
    path = tmp_path / "short.jsonl"
    with RecordingWriter(path, Header(clock="virtual")) as writer:
        for record in walk(devices=2, minutes=2):
            writer.append(record)
    return path


def test_faults_that_change_nothing_are_no_finding(tocsin: Tocsin, short: Path) -> None:
    said = tocsin("fuzz", short, "--plan", PLAN, "--runs", "2")

    assert (said.code, said.out) == (0, "")
    assert said.err == "2 sets of faults on 24 records changed neither windows nor alerts\n"


def test_a_find_is_kept_small_and_can_be_seen_again(
    tocsin: Tocsin, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_copies(_: object, __: object, faults: Faults) -> list[str]:
        return ["window of pump-1 differs"] if faults.copies else []

    monkeypatch.setattr(fuzzing, "_differ", by_copies)
    found = tocsin("fuzz", short, "--plan", PLAN, "--to", tmp_path / "found.jsonl", "--json")
    again = tocsin("fuzz", tmp_path / "found.jsonl", "--faults", tmp_path / "found.jsonl.faults.json")

    kept: Any = found.json
    assert (found.code, again.code) == (1, 1)
    assert kept["found"]["records"] == 1
    assert again.out == "window of pump-1 differs\n"
    with RecordingReader(tmp_path / "found.jsonl") as reader:
        assert len(list(reader)) == 1
    faults = decode_faults((tmp_path / "found.jsonl.faults.json").read_bytes(), 1)
    assert faults == Faults(copies=(Copy(0, 0),))


def test_faults_of_a_file_are_tried_as_they_are(tocsin: Tocsin, short: Path, tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_bytes(encode_faults(Faults(copies=(Copy(0, 3),), batch_records_max=3)))

    said = tocsin("fuzz", short, "--faults", tmp_path / "faults.json")

    assert (said.code, said.out) == (0, "")
    assert said.err == "faults: record 0 again behind 3; batches of 3\nwindows and alerts are the same\n"


def test_faults_of_another_recording_are_refused(tocsin: Tocsin, short: Path, tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_bytes(encode_faults(Faults(copies=(Copy(0, 900),))))

    said = tocsin("fuzz", short, "--faults", tmp_path / "faults.json")

    assert said.code == 2
    assert "places must be from 0 to 23" in said.err
