"""The past from the command line: a table, a recording, archived hours."""

import json
from pathlib import Path

from tests.cli.conftest import Tocsin
from tests.cli.test_state import PLAN, folder
from tests.runtime.walk import START_MS
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import MINUTE_MS, iso

__all__ = ["folder"]


def table(path: Path, start_ms: int) -> Path:
    rows = [f"{iso(start_ms + second * 1_000)},old-1,{70 + second % 5}" for second in range(0, 600, 20)]
    path.write_text("\n".join(["time,device,temperature_celsius", *rows]) + "\n")
    return path


def test_a_table_is_folded_into_a_new_file_and_then_run(tocsin: Tocsin, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    where = ("--file", tmp_path / "new.db", "--plan", tmp_path / "plan.yaml")

    said = tocsin("backfill", table(tmp_path / "old.csv", START_MS), *where, "--tenant", "acme")
    ran = tocsin("run", *where, "--for", "50ms")

    assert said.code == ran.code == 0
    assert "30 records folded into 10 windows: 30 readings, 0 messages rejected" in said.out
    assert "1 devices, 1 of them new" in said.out
    with open_embedded(tmp_path / "new.db", now_ms=lambda: 0, read_only=True) as embedded:
        items = embedded.backend.windows.query(
            "acme", "old-1", size_ms=MINUTE_MS, start_ms=START_MS, end_ms=START_MS + 60 * MINUTE_MS, limit=99
        )
    assert len(items) == 10


def test_archived_hours_in_which_their_devices_are_known_are_left_as_they_are(tocsin: Tocsin, folder: Path) -> None:
    (folder / "next.yaml").write_text(f"{PLAN}generation: 2\n")
    file, plan = ("--file", folder / "a.db"), ("--plan", folder / "next.yaml")
    tocsin("archive", "write", *file)

    trial = tocsin(
        "backfill", *file, *plan, "--archived", "acme", "--since", "2026-11-23T12:00:00Z", "--dry-run", "--json"
    )

    assert trial.code == 2
    assert "known already" in trial.err


def test_a_recording_is_folded_and_the_former_plan_refused(tocsin: Tocsin, folder: Path) -> None:
    (folder / "next.yaml").write_text(f"{PLAN}generation: 2\n")
    old = table(folder / "old.csv", START_MS - 999 * MINUTE_MS)
    tocsin("recording", "convert", old, "--format", "csv", "--to", folder / "old.jsonl")
    file, plan = ("--file", folder / "a.db"), ("--plan", folder / "next.yaml")
    source = folder / "old.jsonl"

    trial = json.loads(tocsin("backfill", source, *file, *plan, "--dry-run", "--json").out)
    done = json.loads(tocsin("backfill", source, *file, *plan, "--json").out)

    assert trial == done | {"dry_run": True}
    assert done["new_devices"] == 1
    assert "superseded" in tocsin("run", *file, "--plan", folder / "plan.yaml", "--for", "50ms").err


def test_wrong_use_is_said(tocsin: Tocsin, folder: Path) -> None:
    plan = ("--plan", folder / "plan.yaml")

    assert "give either a file or --archived" in tocsin("backfill", *plan).err
    assert "--archived needs --since" in tocsin("backfill", *plan, "--archived", "acme").err
