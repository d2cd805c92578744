"""``tocsin score`` measures any detector's scores against labels, and names what it cannot read."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Tocsin

LABELS = {
    "family": "made",
    "series": {
        "a": {"rows": 10, "windows": [[4, 7]], "probation": 1, "step_s": 60, "changepoints": [4]},
        "b": {"rows": 6, "windows": []},
    },
}


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    (tmp_path / "labels.json").write_text(json.dumps(LABELS))
    return tmp_path / "labels.json"


def scores(path: Path, a: list[float], b: list[float]) -> Path:
    rows = [f"{name},{row},{score}" for name, series in (("a", a), ("b", b)) for row, score in enumerate(series)]
    path.write_text("\n".join(["series,row,score", *rows]))
    return path


def test_one_alarm_in_the_window_and_one_outside(tocsin: Tocsin, labels: Path, tmp_path: Path) -> None:
    made = scores(tmp_path / "scores.csv", [9, 0, 0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0])

    found: Any = tocsin("score", made, "--labels", labels, "--threshold", "0.5", "--json").json

    assert (found["windows"], found["found"], found["alarms"], found["false_alarms"]) == (1, 1, 2, 1)
    assert (found["event_precision"], found["event_recall"]) == (0.5, 1.0)
    assert (found["delay_rows_median"], found["delay_seconds_median"]) == (1, 60)
    assert found["false_alarms_per_1000_rows"] == pytest.approx(1000 / 11)
    assert found["point_f1"] == pytest.approx(4 / 7)
    assert (found["cp_total"], found["cp_missed"], found["cp_false"]) == (1, 0, 3)


def test_perfect_scores_are_perfect_by_every_measure(tocsin: Tocsin, labels: Path, tmp_path: Path) -> None:
    made = scores(tmp_path / "scores.csv", [0, 0, 0, 0, 1, 1, 1, 1, 0, 0], [0] * 6)

    said = tocsin("score", made, "--labels", labels)

    figures = dict(line.split() for line in said.out.splitlines())
    assert {name: figures[name] for name in ("nab_standard", "nab_low_fn", "point_f1", "event_f1")} == {
        "nab_standard": "100.0000",
        "nab_low_fn": "100.0000",
        "point_f1": "1.0000",
        "event_f1": "1.0000",
    }
    assert "picked on these labels" in said.err


@pytest.mark.parametrize(
    ("made", "words"),
    [
        pytest.param("series,row\n", "it lacks score", id="a column"),
        pytest.param("series,row,score\na,1,0\n", "follow each other from 0, got '1'", id="a row"),
        pytest.param("series,row,score\na,0,high\n", ":2: could not convert", id="a number"),
        pytest.param("series,row,score\na,0,1\n", "a must have 10 scores, got 1", id="most rows"),
    ],
)
def test_what_is_missing_from_scores_is_named(
    tocsin: Tocsin, labels: Path, tmp_path: Path, made: str, words: str
) -> None:
    (tmp_path / "scores.csv").write_text(made)

    said = tocsin("score", tmp_path / "scores.csv", "--labels", labels)

    assert (said.code, said.out) == (2, "")
    assert words in said.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"windows": [[4, 12]]}, "got [(4, 12)]", id="a window beyond the rows"),
        pytest.param({"probation": 11}, "got [11, 60.0]", id="probation beyond the rows"),
        pytest.param({"windows": 3}, "cannot be read as labels", id="windows that are none"),
    ],
)
def test_labels_that_cannot_be_are_named(tocsin: Tocsin, tmp_path: Path, change: dict[str, object], words: str) -> None:
    series: Any = LABELS["series"]
    (tmp_path / "labels.json").write_text(json.dumps({"series": {"a": series["a"] | change}}))
    made = scores(tmp_path / "scores.csv", [0.0] * 10, [])

    said = tocsin("score", made, "--labels", tmp_path / "labels.json")

    assert said.code == 2
    assert words in said.err
