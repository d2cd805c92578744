"""``tocsin alerts reproduce``: the same alert again, or what keeps it from coming again."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import PLAN, ROOT, Tocsin
from tocsin.core.formats.recording_file import RecordingReader, RecordingWriter


@pytest.fixture
def fingerprint(tocsin: Tocsin, played: Path) -> str:
    found: list[dict[str, Any]] = msgspec.json.decode(tocsin("alerts", "list", "--file", played, "--json").out)
    return str(found[0]["fingerprint"])


def test_an_alert_comes_again_from_the_file_that_holds_it(tocsin: Tocsin, played: Path, fingerprint: str) -> None:
    said = tocsin("alerts", "reproduce", fingerprint[:8], "--file", played)

    assert said.code == 0
    assert [line.split(":")[0] for line in said.out.splitlines()] == ["the same", "the same"]
    assert said.err.endswith(f"alert {fingerprint}, episode 1, comes again with the same evidence\n")


def test_a_recording_that_lacks_a_reading_is_a_finding(
    tocsin: Tocsin, played: Path, fingerprint: str, tmp_path: Path
) -> None:
    tocsin("record", "--file", played, "--to", tmp_path / "all.jsonl")
    with (
        RecordingReader(tmp_path / "all.jsonl") as reader,
        RecordingWriter(tmp_path / "part.jsonl", reader.header) as part,
    ):
        for place, record in enumerate(reader):
            if not (record.partition_key == "demo#north-motor-01" and place % 20 == 0):
                part.append(record)

    whole = tocsin(
        "alerts", "reproduce", fingerprint, "--file", played, "--recording", tmp_path / "all.jsonl", "--json"
    )
    lacking = tocsin(
        "alerts", "reproduce", fingerprint, "--file", played, "--recording", tmp_path / "part.jsonl", "--json"
    )

    found: Any = lacking.json
    assert (whole.code, lacking.code) == (0, 1)
    assert not found["reproduced"]
    assert found["differences"][0].startswith("input: window 2026-11-23T10:")


def test_an_alert_comes_again_from_several_recordings_as_an_archive_has_them(
    tocsin: Tocsin, played: Path, fingerprint: str, tmp_path: Path
) -> None:
    tocsin("record", "--file", played, "--to", tmp_path / "all.jsonl")
    middle = "2026-11-23T10:15:00Z"
    tocsin("recording", "cut", tmp_path / "all.jsonl", "--until", middle, "--to", tmp_path / "first.jsonl.gz")
    tocsin("recording", "cut", tmp_path / "all.jsonl", "--from", middle, "--to", tmp_path / "then.jsonl.zst")
    parts = ("--recording", tmp_path / "then.jsonl.zst", "--recording", tmp_path / "first.jsonl.gz")

    whole = tocsin("alerts", "reproduce", fingerprint, "--file", played, *parts)
    half = tocsin("alerts", "reproduce", fingerprint, "--file", played, *parts[:2])

    assert (whole.code, half.code) == (0, 1)
    assert whole.err.endswith("comes again with the same evidence\n")


def test_an_alert_comes_again_from_the_archive(tocsin: Tocsin, played: Path, fingerprint: str, tmp_path: Path) -> None:
    file = tmp_path / "run.db"
    shutil.copy(played, file)
    bare = tocsin("alerts", "reproduce", fingerprint, "--file", file, "--archive")
    tocsin("archive", "write", "--file", file)

    said = tocsin("alerts", "reproduce", fingerprint, "--file", file, "--archive")

    assert (bare.code, said.code) == (1, 0)
    assert "input: there is no record of the device" in bare.out
    assert said.err.endswith("comes again with the same evidence\n")


def test_another_plan_is_a_finding_and_the_same_plan_none(tocsin: Tocsin, played: Path, fingerprint: str) -> None:
    other = ROOT / "examples" / "pump_house" / "plan.yaml"

    same = tocsin("alerts", "reproduce", fingerprint, "--file", played, "--plan", PLAN)
    differs = tocsin("alerts", "reproduce", fingerprint, "--file", played, "--plan", other)

    assert same.code == 0
    assert differs.code == 1
    assert "\nplan: it was judged under " in differs.out


def test_no_such_alert_is_wrong_use(tocsin: Tocsin, played: Path) -> None:
    said = tocsin("alerts", "reproduce", "ffffffff", "--file", played)

    assert (said.code, said.out) == (2, "")
