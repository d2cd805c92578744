"""``tocsin rejected`` shows what was refused and why, and what came too late."""

from pathlib import Path

import msgspec
import pytest

from tests.cli.conftest import Tocsin
from tests.runtime.walk import PLAN, START_MS, play, walk
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import VirtualClock
from tocsin.runtime.pipeline import Pipeline


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file into which pump-4 lied five times, and pump-5 was late."""
    path = tmp_path_factory.mktemp("walked") / "run.db"
    clock = VirtualClock(START_MS)
    with open_embedded(path, now_ms=clock.now_ms) as embedded:
        pipeline = Pipeline(embedded, PLAN, clock.now_ms)
        pipeline.start_ticks()
        for _ in play(pipeline, clock, walk()):
            pass
    return path


def test_rejections_are_counted_by_reason_with_an_example(tocsin: Tocsin, walked: Path) -> None:
    said = tocsin("rejected", "--file", walked)

    heading, row = said.out.splitlines()
    assert said.code == 1
    assert heading.split()[:2] == ["rejected", "why"]
    assert row.split()[:6] == ["5", "not_json", "processors", "1", "acme#pump-4", "(5)"]


def test_each_rejection_is_there_with_its_bytes(tocsin: Tocsin, walked: Path) -> None:
    said = tocsin("rejected", "--file", walked, "--data", "--json")

    found = [msgspec.json.decode(line) for line in said.out.splitlines()]
    assert [one["data"] for one in found] == ['{"device":"pump-4","ts":1,'] * 5
    assert len({one["position"] for one in found}) == 5
    assert b'"data"' not in tocsin("rejected", "--file", walked, "--json").out.encode()


def test_late_readings_are_counted_by_series(tocsin: Tocsin, walked: Path) -> None:
    said = tocsin("rejected", "--file", walked, "--late")

    assert said.code == 1
    assert {tuple(line.split()[1:3]) for line in said.out.splitlines()[1:]} == {
        ("acme#pump-5", "temperature_celsius"),
        ("acme#pump-5", "flow_lpm"),
    }


@pytest.mark.parametrize("words", [("--reason", "too_large"), ("--device", "pump-1"), ("--late", "--device", "pump-1")])
def test_what_is_not_there_is_no_finding(tocsin: Tocsin, walked: Path, words: tuple[str, ...]) -> None:
    said = tocsin("rejected", "--file", walked, *words)

    assert (said.code, said.out) == (0, "")
    assert said.err.startswith("nothing ")
