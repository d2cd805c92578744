"""The table of goals says what was reached, and does not hide what was not."""

import pytest

from benchmarks.goals import PEER_TIMES, Row, peer_rates, rows_of
from benchmarks.hot_path import LOOP

RATES = {
    "step": 900_000.0,
    "step, state to bytes": 800_000.0,
    "step, committed to memory": 700_000.0,
    "step, committed to durable file": 600_000.0,
    "whole chain to alerts": 100_000.0,
    LOOP: 400_000.0,
}


def test_goals_stand_beside_what_was_reached_for_both_kinds_of_message() -> None:
    cells = {row.what: row.cells() for row in rows_of({1: RATES, 5: RATES}, LOOP)}

    assert cells["step, one metric"][1:] == ("1,800,000/s", "900,000/s", "0.50")
    assert cells["step, committed to durable file, five metrics"][1:] == ("300,000/s", "600,000/s", "2.00")
    assert cells["step, state to bytes: times the loop, one metric"][1:] == ("1.50 ×", "2.00 ×", "1.33")


def test_engine_that_is_not_installed_is_called_so() -> None:
    assert Row("times bytewax", PEER_TIMES["bytewax"], None, is_ratio=True).cells()[1:] == (
        "60.00 ×",
        "not installed",
        "",
    )


def test_engines_without_an_environment_have_no_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.goals.ENVIRONMENTS", (".no-such-environment",))

    assert peer_rates(100, 1) == {}
