"""The demo: the same seed, the same day; nothing is lost, and what is wrong is found."""

from pathlib import Path
from typing import Any

from tests.cli.conftest import Said, Tocsin

FAST = ("demo", "--scenario", "small", "--as-fast-as-possible")


def account(said: Said) -> dict[str, Any]:
    """What the demo came to, but for how long it took."""
    found = said.json
    assert isinstance(found, dict)
    del found["elapsed_s"], found["readings_per_s"]
    return found


def test_same_seed_gives_the_same_account_and_another_seed_another(tocsin: Tocsin) -> None:
    first, again, other = (account(tocsin(*FAST, "--json", "--seed", seed)) for seed in (1, 1, 2))

    assert first == again
    assert other != first


def test_nothing_is_lost_and_the_fault_is_found_without_false_alerts(tocsin: Tocsin) -> None:
    found = account(tocsin(*FAST, "--json"))

    assert found["messages"]["lost"] == 0
    assert found["messages"]["delivered"] > 500
    assert found["messages"]["duplicate"] > 0
    assert (found["alerts"]["faults_found"], found["alerts"]["false"]) == (1, 0)
    assert "vibration_high" in [fault["found_by"] for fault in found["faults"]]


def test_alerts_come_as_plain_lines_where_there_is_no_terminal(tocsin: Tocsin) -> None:
    said = tocsin(*FAST)

    assert said.code == 0
    assert "\x1b" not in said.out + said.err
    assert "north-motor-01         vibration 3.04 mm/s is above 2.2 mm/s" in said.err
    assert "0  lost by Tocsin" in said.out


def test_demo_holds_the_pace_that_was_asked_for(tocsin: Tocsin) -> None:
    said = tocsin("demo", "--scenario", "small", "--json", "--speed", "4000")

    found = said.json
    assert isinstance(found, dict)
    assert found["elapsed_s"] > 36 * 60 / 4000 * 0.9


def test_what_was_played_into_a_file_can_be_read_there(tocsin: Tocsin, played: Path) -> None:
    said = tocsin("watch", "--once", "--json", "--file", played)

    stands = said.json
    assert isinstance(stands, dict)
    assert stands["folded"] > 500
    assert (stands["waiting"], stands["panes_waiting"], stands["firing"]) == (0, 0, [])
