import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.model.search import Found
from tests.planted.bugs import BUGS
from tests.planted.hunt import Verdict
from tests.simulation.soak import Sum, write_json
from tests.soak import bad_input, kills, steady
from tests.soak.table import PAGE, Results, planted, replaced, summary, write

PLAYED = Sum(
    histories=4_000,
    readings=240_000,
    faults=Counter({"error before": 9_000, "crash after": 1_000}),
    seconds=300,
    played=Counter(plain=500, outages=250),
    took={"plain": 30.0, "outages": 60.0},
)
RESULTS = Results(
    seed=7,
    seconds=480.4,
    histories=PLAYED,
    kills=kills.Report(kills=120, lives=13, slowest_s=0.0124),
    inputs=bad_input.Report(inputs=Counter(decoding=900_000), slowest_s=0.031),
    steady=steady.Report(seconds=120, messages=500_000, minutes=1_700, begin_mb=90.0, end_mb=90.9),
    planted=[Verdict(bug, f"seed {place}: lost: a | b ['x']") for place, bug in enumerate(BUGS)],
    model=Found(worlds=93_120),
)


def test_table_shows_what_was_done_and_found() -> None:
    lines = summary(RESULTS).splitlines()

    for line in (
        "| histories | 4,000 |",
        "| **lost** | **0** |",
        "| histories a core-minute | 800 |",
        "| the same, of those without any feature | 1,000 |",
        "| `kill -9` | 120 |",
        "| bad inputs | 900,000 |",
        f"| planted bugs found | {len(BUGS)} of {len(BUGS)} |",
        "| seconds | 480 |",
    ):
        assert line in lines
    assert RESULTS.escaped == []
    assert f"| {BUGS[1].name} | {BUGS[1].file} | seed 1: lost: a / b |" in planted(RESULTS.planted).splitlines()


def test_whatever_was_found_is_told() -> None:
    broken = replace(PLAYED, findings=Counter(lost=2, stuck=1), failed={77: "lost: a reading"})
    grown = replace(RESULTS.steady, end_mb=100.0)
    unseen = [replace(RESULTS.planted[0], by="")]

    found = replace(RESULTS, histories=broken, steady=grown, planted=unseen, model=Found(3, "it is", ("a",)))

    assert "| **lost** | **2** |" in summary(found)
    assert "| other findings | 1 |" in summary(found)
    assert [line.split("\n")[0] for line in found.escaped] == [
        "lost: a reading",
        f"nobody found the planted bug: {BUGS[0].name}",
        "the model breaks its promise:",
        "memory grew by 11.1%",
    ]
    assert "python -m tests.simulation --seed 77" in found.escaped[0]


def test_page_has_a_place_for_each_table_and_keeps_its_words(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    page.write_text(PAGE.read_text("utf-8"), "utf-8")

    write(page, RESULTS)
    once = page.read_text("utf-8")
    write(page, RESULTS)

    assert page.read_text("utf-8") == once
    assert "| crash after | 1,000 |" in once
    assert once.startswith("# Reliability\n")
    assert once.endswith("is sent it again.\n")


def test_page_without_a_place_for_a_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="markers of summary must stand once"):
        replaced("# Reliability\n", "summary", "| |\n")


def test_figures_of_histories_pass_through_a_file_as_they_are(tmp_path: Path) -> None:
    played = replace(PLAYED, findings=Counter(lost=2), failed={77: "lost: a reading"})

    write_json(played, tmp_path / "histories.json")

    told = json.loads((tmp_path / "histories.json").read_bytes())
    assert told["faults"] == {"error before": 9_000, "crash after": 1_000}
    assert told["findings"] == {"lost": 2}
    assert told["failed"] == {"77": "lost: a reading"}
