"""What waits is listed, shown and put again from the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tests.runtime.test_given_up import pipeline_with, played
from tests.runtime.walk import START_MS
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import VirtualClock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file whose processors gave up, and whose queue has a dead letter."""
    clock, path = VirtualClock(START_MS), tmp_path / "a.db"
    with open_embedded(path, now_ms=clock.now_ms) as embedded:
        pipeline, _ = pipeline_with(embedded, clock, "processors")
        played(pipeline, clock, minutes=1)
        embedded.backend.gateway.send(["letter"])
        for _ in range(6):
            embedded.backend.gateway.receive(limit=10, visibility_ms=0)
    return path


def test_what_waits_is_listed_and_is_a_finding(tocsin: Tocsin, file: Path) -> None:
    said = tocsin("dlq", "list", "--file", file)
    as_json = [json.loads(line) for line in tocsin("dlq", "list", "--file", file, "--json").out.splitlines()]

    assert said.code == 1
    assert "processors" in said.out
    assert "received too often" in said.out
    assert as_json[-1] == {"name": "queue", "records": 1}
    assert as_json[0]["condition"] == "RetryAttemptsExhausted"


def test_a_batch_and_the_dead_letters_are_shown(tocsin: Tocsin, file: Path) -> None:
    name = json.loads(tocsin("dlq", "list", "--file", file, "--json").out.splitlines()[0])["name"]

    whole = tocsin("dlq", "show", name, "--file", file)
    letters = tocsin("dlq", "show", "queue", "--file", file)

    assert "partitionKey" in whole.out
    assert json.loads(letters.out)["body"] == "letter"
    assert tocsin("dlq", "show", "nonsense", "--file", file).code == 2


def test_everything_is_put_again_after_a_dry_run_that_did_nothing(tocsin: Tocsin, file: Path) -> None:
    trial = tocsin("dlq", "redrive", "--file", file, "--dry-run")
    done = tocsin("dlq", "redrive", "--file", file, "--json")
    after = tocsin("dlq", "list", "--file", file)

    assert "records would be put again" in trial.out
    assert "queue: 1 records would be put again" in trial.out
    assert {json.loads(line)["dry_run"] for line in done.out.splitlines()} == {False}
    assert len(done.out.splitlines()) == len(trial.out.splitlines())
    assert (after.code, after.out, after.err) == (0, "", "nothing waits\n")


def test_no_group_waits_where_none_does(tocsin: Tocsin, file: Path) -> None:
    said = tocsin("state", "skip", "--file", file, "--dry-run")

    assert (said.code, said.out, said.err) == (0, "", "no group waits for panes\n")
