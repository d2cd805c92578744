"""Replays from the command line: golden alerts, the account, the score, and what the exit code says."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import PLAN, Said, Tocsin
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingWriter


def said_json(said: Said) -> dict[str, Any]:
    found = said.json
    assert isinstance(found, dict)
    return found


def test_alerts_are_printed_as_golden_text_and_the_account_beside_them(tocsin: Tocsin, recording: Path) -> None:
    said = tocsin("replay", recording, "--plan", PLAN)

    assert said.code == 0
    assert said.out.startswith("# tocsin golden alerts, version 1\n\ndemo/north-motor-01 vibration_mmps at north")
    assert "+ 0 rejected + 0 lost" in said.err


def test_speed_changes_nothing(tocsin: Tocsin, recording: Path) -> None:
    fast = tocsin("replay", recording, "--plan", PLAN)
    paced = tocsin("replay", recording, "--plan", PLAN, "--speed", "5000")

    assert paced.out == fast.out
    assert paced.out.count("firing") > 0


def test_expected_alerts_are_no_finding(tocsin: Tocsin, recording: Path, tmp_path: Path) -> None:
    tocsin("replay", recording, "--plan", PLAN, "--write", tmp_path / "golden.txt")

    said = tocsin("replay", recording, "--plan", PLAN, "--expect", tmp_path / "golden.txt")

    assert (said.code, said.out) == (0, "")
    assert said.err.endswith("the alerts are as expected\n")


def test_difference_is_told_in_words_and_is_a_finding(tocsin: Tocsin, recording: Path, tmp_path: Path) -> None:
    golden = tmp_path / "golden.txt"
    tocsin("replay", recording, "--plan", PLAN, "--write", golden)
    golden.write_text(golden.read_text().replace("value 3.04", "value 3.05"))

    said = tocsin("replay", recording, "--plan", PLAN, "--expect", golden)

    assert said.code == 1
    assert said.out.startswith("alerts differ from the expected ones: 0 lost, 0 added, 1 changed\n")
    assert "-     why: value 3.05" in said.out
    assert "+     why: value 3.04" in said.out


def test_difference_is_there_for_machines_too(tocsin: Tocsin, recording: Path, tmp_path: Path) -> None:
    golden = tmp_path / "golden.txt"
    golden.write_text("# tocsin golden alerts, version 1\n")

    said = tocsin("replay", recording, "--plan", PLAN, "--expect", golden, "--json")

    assert said.code == 1
    assert len(said_json(said)["difference"]["added"]) == 1


def test_truth_scores_the_alerts(tocsin: Tocsin, recording: Path) -> None:
    truth = recording.with_name("day.truth.jsonl")

    said = said_json(tocsin("replay", recording, "--plan", PLAN, "--truth", truth, "--json"))
    text = tocsin("replay", recording, "--plan", PLAN, "--truth", truth)

    assert (said["score"]["faults_found"], said["score"]["false"]) == (1, 0)
    assert "5 faults: 1 found, 4 missed; 1 alerts, 0 false; median delay 9 s" in text.out


def test_every_message_is_accounted_for(tocsin: Tocsin, tmp_path: Path) -> None:
    body = b'{"device":"a","ts":%d,"metrics":{"x_celsius":1}}'
    good, later = body % 60_000, body % 61_000
    with RecordingWriter(tmp_path / "mixed.jsonl", Header()) as writer:
        for arrival_ms, data in ((60_000, good), (60_500, good), (61_000, later + b"\n" + b"{}"), (62_000, b"junk")):
            writer.append(Recorded(arrival_ms, "acme#a", data))

    said = said_json(tocsin("replay", tmp_path / "mixed.jsonl", "--json"))

    counts = said["counts"]
    assert (said["records"], said["messages"], said["lost"]) == (4, 5, 0)
    assert (counts["messages"], counts["duplicates"], counts["rejected"]) == (2, 1, 2)


def test_message_that_nobody_accounts_for_is_a_finding(
    tocsin: Tocsin, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.cli.replay.split_record", lambda data, _: ([data, data], None))

    said = tocsin("replay", recording, "--json")

    assert said.code == 1
    assert said_json(said)["lost"] > 500


def test_recording_without_records_has_no_alerts(tocsin: Tocsin, tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "empty.jsonl", Header()):
        pass

    said = tocsin("replay", tmp_path / "empty.jsonl")

    assert (said.code, said.out) == (0, "# tocsin golden alerts, version 1\n")
    assert "no records" in said.err


def test_log_of_a_run_is_recorded_and_replays_to_the_same_alert(tocsin: Tocsin, played: Path, tmp_path: Path) -> None:
    recorded = tocsin("record", "--file", played, "--to", tmp_path / "log.jsonl.gz", "--json")

    said = said_json(tocsin("replay", tmp_path / "log.jsonl.gz", "--plan", PLAN, "--settle", "0s", "--json"))

    (listed,) = msgspec.json.decode(tocsin("alerts", "list", "--file", played, "--json").out)
    fired = [one for one in said["transitions"] if one["phase"] == "firing"]
    assert (recorded.code, said_json(recorded)["records"] > 500) == (0, True)
    assert [(one["fingerprint"], one["at"]) for one in fired] == [(listed["fingerprint"], listed["fired"])]
