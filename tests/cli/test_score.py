"""``tocsin score``: precision, recall, delay and false alarms, kind by kind."""

import shutil
from pathlib import Path
from typing import Any

from tests.cli.conftest import PLAN, ROOT, Tocsin

EXAMPLE = ROOT / "examples" / "pump_house"
NIGHT = EXAMPLE / "night.jsonl.gz"


def test_alerts_without_a_fault_are_false_and_counted_per_device_and_day(tocsin: Tocsin, tmp_path: Path) -> None:
    plan = tmp_path / "nervous.yaml"
    plan.write_text((EXAMPLE / "plan.yaml").read_text().replace("above: 4", "above: 0.1"))
    truth = tmp_path / "truth.jsonl"
    truth.write_bytes((EXAMPLE / "night.truth.jsonl").read_bytes().splitlines()[0])

    found: Any = tocsin("score", NIGHT, "--plan", plan, "--truth", truth, "--json").json

    rows = {row["kind"]: row for row in found["by_rule"]}
    limits = rows["limits"]
    assert (limits["alerts"], limits["false"], limits["precision"]) == (2, 2, 0.0)
    assert 11 < limits["false_per_device_day"] < 13, "two in two hours of two devices"
    assert rows["flatline"]["precision"] == 1.0
    assert rows["all"]["alerts"] == 3
    assert [row["kind"] for row in found["by_fault"]] == ["stuck", "all"]
    assert len(found["false_alerts"]) == 2


def test_what_was_missed_costs_recall(tocsin: Tocsin, recording: Path) -> None:
    found: Any = tocsin("score", recording, "--plan", PLAN, "--json").json

    rows = {row["kind"]: row for row in found["by_fault"]}
    assert rows["all"]["recall"] == found["faults_found"] / (found["faults_found"] + found["faults_missed"]) < 1
    assert rows["all"]["faults"] == sum(row["faults"] for kind, row in rows.items() if kind != "all")


def test_without_the_truth_there_is_no_score(tocsin: Tocsin, tmp_path: Path) -> None:
    shutil.copy(NIGHT, tmp_path / "night.jsonl.gz")

    said = tocsin("score", tmp_path / "night.jsonl.gz")

    assert (said.code, said.out) == (2, "")
    assert "say with --truth where the truth" in said.err
