"""Histories of the real stages under faults: a slice of the soak with fixed seeds, and those that once failed."""

from pathlib import Path

import pytest

from tests.simulation.history import ONE_IN, SIZE, HistoryResult, run, run_history
from tests.simulation.script import FEATURES, drawn, load

SEEDS = range(2_000)
SEEDS_PER_TEST = 20
REGRESSIONS = sorted((Path(__file__).parent / "regressions").glob("*.jsonl"))


def complaint(result: HistoryResult) -> str:
    """Return what to read and to type where a history shows something wrong."""
    findings = "\n".join(result.findings[:12])
    command = f"python -m tests.simulation --seed {result.seed}"
    return (
        f"{findings}\nreplay it with: {command}\n"
        f"make a regression test of it with: {command} --shrink tests/simulation/regressions/a-name.jsonl"
    )


@pytest.mark.parametrize("first", SEEDS[::SEEDS_PER_TEST])
def test_whatever_fails_nothing_is_lost_and_nothing_counted_twice(first: int) -> None:
    for seed in range(first, first + SEEDS_PER_TEST):
        result = run_history(seed)

        assert not result.findings, complaint(result)


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
def test_history_that_once_failed_goes_well(path: Path) -> None:
    assert run(load(path)).findings == []


def test_same_seed_gives_the_same_history() -> None:
    first, second = run_history(7), run_history(7)

    assert (first.script, first.commits, first.faults) == (second.script, second.commits, second.faults)
    assert first.faults.total() > 20


def test_histories_do_what_they_are_for() -> None:
    results = [run_history(seed) for seed in range(30)]

    kinds = {kind for result in results for kind in result.faults}
    assert len(kinds) == 16
    assert {feature for seed in range(30) for feature in drawn(seed, SIZE, ONE_IN).features} == set(FEATURES)
    assert sum(result.revisions for result in results) > 5
    assert sum(result.actions for result in results) > 20
    assert sum(result.log_lines for result in results) > 50
    assert sum(result.readings for result in results) > 1_000
    assert sum(result.transitions for result in results) > 100
    assert sum(result.notifications for result in results) > 60
    assert sum(result.muted for result in results) > 2
