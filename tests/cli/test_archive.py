"""The archive from the command line; what is exported replays to the same alerts."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tests.runtime.test_replay import HEADER
from tests.runtime.walk import PLAN, START_MS, play, walk
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import VirtualClock
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.core.keys import TICK_KEY
from tocsin.runtime.pipeline import Pipeline
from tocsin.runtime.replay import replay

MINUTES = 12


@pytest.fixture
def file(tmp_path: Path) -> Path:
    clock, path = VirtualClock(START_MS), tmp_path / "a.db"
    with open_embedded(path, now_ms=clock.now_ms) as embedded:
        pipeline = Pipeline(embedded, PLAN, clock.now_ms)
        pipeline.start_ticks()
        for _ in play(pipeline, clock, walk(minutes=MINUTES)):
            pass
    return path


def test_a_dry_run_says_how_many_records_wait_and_a_second_run_finds_none(tocsin: Tocsin, file: Path) -> None:
    trial = json.loads(tocsin("archive", "write", "--file", file, "--dry-run", "--json").out)
    done = json.loads(tocsin("archive", "write", "--file", file, "--json").out)
    again = tocsin("archive", "write", "--file", file)

    assert trial["records"] == done["records"] > MINUTES * 30
    assert again.out == "0 records archived\n"


def test_what_is_exported_replays_to_the_same_alerts(tocsin: Tocsin, file: Path, tmp_path: Path) -> None:
    tocsin("archive", "write", "--file", file)
    hours = tocsin("archive", "list", "acme", "--file", file)

    said = tocsin(
        *("archive", "export", "acme", tmp_path / "acme.jsonl.gz", "--file", file),
        *("--since", "2026-11-23T12:00:00Z", "--until", "2026-11-23T13:00:00Z", "--json"),
    )

    expected = replay(HEADER, walk(minutes=MINUTES), PLAN)
    with RecordingReader(tmp_path / "acme.jsonl.gz") as reader:
        exported = list(reader)
        found = replay(reader.header, exported, PLAN)
    assert hours.out == "2026-11-23T12:00Z\n"
    assert json.loads(said.out)["records"] == len(exported)
    assert sum(one.partition_key == TICK_KEY for one in exported) >= MINUTES
    assert expected.transitions
    assert [(one.fingerprint, one.number, one.phase) for one in found.transitions] == [
        (one.fingerprint, one.number, one.phase) for one in expected.transitions
    ]


def test_a_tenant_without_an_archive_has_nothing(tocsin: Tocsin, file: Path) -> None:
    said = tocsin("archive", "list", "nobody", "--file", file)

    assert (said.code, said.out, said.err) == (0, "", "the archive has nothing of nobody\n")
