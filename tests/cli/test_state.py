"""States are shown and moved from the command line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Tocsin
from tests.runtime.walk import START_MS, play, walk
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import VirtualClock
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.source import load_plan
from tocsin.core.ports import Backend
from tocsin.runtime.pipeline import Pipeline
from tocsin.runtime.stages import Stages, make_stages

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


def test_what_is_kept_of_a_device_is_shown(tocsin: Tocsin, folder: Path) -> None:
    words = tocsin("state", "show", "acme/pump-1", "--file", folder / "a.db")
    said = json.loads(tocsin("state", "show", "acme/pump-1", "--file", folder / "a.db", "--json").out)

    (slices,) = {len(one) for one in said["processors"]["metrics"].values()}
    assert words.code == 0
    assert "acme/pump-1, group" in words.out
    assert "temperature_celsius" in words.out
    assert set(said["processors"]["metrics"]) == {"flow_lpm", "temperature_celsius"}
    assert slices >= 1
    assert all(one["count"] > 0 for part in said["processors"]["metrics"].values() for one in part)
    assert {one["metric"] for one in said["anomaly"]["series"]} >= {"temperature_celsius"}
    assert said["anomaly"]["first"].startswith("2026-11-23T12:00:00")


def test_an_alert_that_fires_is_shown_with_what_people_know(tocsin: Tocsin, folder: Path) -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(folder / "hot.db", now_ms=clock.now_ms) as embedded:
        pipeline = Pipeline(embedded, load_plan(folder / "plan.yaml"), clock.now_ms)
        pipeline.start_ticks()
        for _ in play(pipeline, clock, walk(minutes=9)):
            pass

    said = json.loads(tocsin("state", "show", "acme/pump-1", "--file", folder / "hot.db", "--json").out)

    assert [(one["rule"], one["phase"]) for one in said["anomaly"]["alerts"]] == [("hot", "firing")]
    assert [(one["rule"], one["stance"]) for one in said["alerts"]] == [("hot", "told")]


def test_a_device_that_nobody_knows_is_a_finding_and_a_name_that_is_none_wrong_use(
    tocsin: Tocsin, folder: Path
) -> None:
    stranger = tocsin("state", "show", "acme/nobody", "--file", folder / "a.db")

    assert stranger.code == 1
    assert "processors do not know it" in stranger.out
    assert tocsin("state", "show", "pump-1", "--file", folder / "a.db").code == 2


def test_log_of_panes_may_be_left_out_once_nothing_lies_on_it(tocsin: Tocsin, folder: Path) -> None:
    file = ("--file", folder / "a.db")

    said = tocsin("state", "panes", *file)
    data = json.loads(tocsin("state", "panes", *file, "--json").out)

    assert said.code == 0
    assert "it may be left out" in said.err
    assert (data["may_switch"], data["on_log"]) == (True, 0)


def test_log_of_panes_is_waited_for_while_panes_lie_on_it(tocsin: Tocsin, folder: Path) -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(folder / "held.db", now_ms=clock.now_ms) as embedded:
        pipeline = Pipeline(embedded, load_plan(folder / "plan.yaml"), clock.now_ms, stages=_judging_nothing)
        pipeline.start_ticks()
        for _ in play(pipeline, clock, walk(minutes=3)):
            pass

    said = tocsin("state", "panes", "--file", folder / "held.db")

    assert said.code == 1
    assert " on the log, " in said.out
    assert "batches of panes lie on the log: wait" in said.err


def _judging_nothing(backend: Backend, plans: PlanBook) -> Stages:
    stages = make_stages(backend, plans)
    return replace(stages, anomaly=_Idle(stages.anomaly))  # type: ignore[arg-type]


class _Idle:
    """A function that takes what it is given, and does nothing with it."""

    def __init__(self, handler: object) -> None:
        self._handler = handler

    def __call__(self, *_: object) -> dict[str, object]:
        return {"batchItemFailures": []}

    def __getattr__(self, name: str) -> object:
        return getattr(self._handler, name)
