"""States are shown and moved from the command line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tests.runtime.walk import START_MS, play, walk
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import VirtualClock
from tocsin.core.plan.source import load_plan
from tocsin.runtime.pipeline import Pipeline

PLAN = "rules:\n  - {name: hot, kind: limits, metric: temperature_celsius, above: 80, hysteresis: 2}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "next.yaml").write_text(f"{PLAN}groups: 8\ngeneration: 2\n")
    clock = VirtualClock(START_MS)
    with open_embedded(tmp_path / "a.db", now_ms=clock.now_ms) as embedded:
        pipeline = Pipeline(embedded, load_plan(tmp_path / "plan.yaml"), clock.now_ms)
        pipeline.start_ticks()
        for _ in play(pipeline, clock, walk(minutes=3)):
            pass
    return tmp_path


def test_groups_are_rescaled_and_the_former_plan_is_refused(tocsin: Tocsin, folder: Path) -> None:
    file, plan = ("--file", folder / "a.db"), ("--plan", folder / "next.yaml")

    trial = json.loads(tocsin("state", "rescale", *file, *plan, "--dry-run", "--json").out)
    done = tocsin("state", "rescale", *file, *plan)
    refused = tocsin("run", *file, "--plan", folder / "plan.yaml", "--for", "50ms")
    goes_on = tocsin("run", *file, *plan, "--for", "50ms")

    assert (len(trial["before"]), len(trial["after"]), trial["dry_run"]) == (4, 8, True)
    assert done.out.startswith("6 devices moved from 4 groups of generation 1 to 8 of generation 2, at most ")
    assert refused.code == 2
    assert "generation 1 of the state was superseded by generation 2" in refused.err
    assert goes_on.code == 0


def test_a_plan_of_the_same_generation_cannot_be_rescaled_to(tocsin: Tocsin, folder: Path) -> None:
    said = tocsin("state", "rescale", "--file", folder / "a.db", "--plan", folder / "plan.yaml")

    assert said.code == 2
    assert "differs from this one in groups and generation alone" in said.err
