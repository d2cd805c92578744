"""The measures agree to the printed digit with those of the scorer that published figures were reproduced with."""

import importlib.util
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tocsin.runtime.row_scores.model import Labels, Scored
from tocsin.runtime.row_scores.report import row_report

SHARED = Path(__file__).parents[4] / "shared"
SCORER = SHARED / "tools" / "score_anomaly.py"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not SCORER.is_file(), reason="the scorer and the labelled series are kept outside"),
]


@pytest.fixture(scope="module")
def scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score_anomaly", SCORER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["nab", "skab"])
def family(scorer: ModuleType, request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    meta, series = scorer.load_family(str(SHARED / "data"), request.param)
    return meta, series


def scores_of(series: dict[str, Any], kind: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield scores of a series that are partly right, with ties, values that are none, and alarms of their own."""
    random = np.random.default_rng(7)
    for name in sorted(series):
        rows = series[name]["rows"]
        score = random.random(rows) ** 3
        for first, last in series[name]["windows"]:
            score[first : last + 1] += random.random() * random.random(last - first + 1)
        if kind == "ties":
            score = np.round(score, 1)
        alert = np.where(random.random(rows) < 0.02, score, 0.0)
        if kind == "gaps":
            score[::97] = np.nan
        yield name, score, alert


def labels_of(name: str, info: dict[str, Any]) -> Labels:
    times = np.array([row[0] for row in info["data"]], "datetime64[s]").astype(float)
    windows = tuple((first, last) for first, last in sorted(info["windows"]))
    return Labels(
        name,
        info["rows"],
        windows,
        info["probation"],
        info["step_s"],
        tuple(info.get("changepoints", ())),
        tuple(times.tolist()),
    )


@pytest.mark.parametrize("kind", ["plain", "ties", "gaps"])
@pytest.mark.parametrize("threshold", [None, 0.4])
def test_every_measure_is_the_shared_scorers(
    scorer: ModuleType, family: tuple[dict[str, Any], dict[str, Any]], kind: str, threshold: float | None
) -> None:
    meta, series = family
    made = {name: (score, alert) for name, score, alert in scores_of(series, kind)}
    scored = [Scored(labels_of(name, series[name]), *made[name]) for name in sorted(series)]

    theirs = scorer.evaluate(meta, series, made, threshold)
    ours = row_report(scored, threshold=threshold, is_nab=meta.get("nab", True))

    assert set(ours) == set(theirs) - {"family"}
    for name, figure in ours.items():
        same = math.isclose(figure, theirs[name], rel_tol=1e-9, abs_tol=1e-9)
        assert same or (math.isnan(figure) and math.isnan(theirs[name])), (name, figure, theirs[name])


def test_silence_is_worth_nothing(family: tuple[dict[str, Any], dict[str, Any]]) -> None:
    meta, series = family
    scored = [
        Scored(replace(labels_of(name, info), time_s=()), np.zeros(info["rows"]), np.zeros(info["rows"]))
        for name, info in series.items()
    ]

    found = row_report(scored, threshold=1.0, is_nab=meta.get("nab", True))

    assert (found["alarms"], found["event_f1"]) == (0, 0.0)
    assert found.get("nab_standard_fixed", 0.0) == 0.0
