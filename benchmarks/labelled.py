"""The labelled series and their scorer, both kept outside the project; and our detectors over all series at once."""

import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import Detector, Observations
from anomaly.detectors import rarity
from anomaly.detectors.adaptive import WARM_ROWS
from anomaly.detectors.covariance import CHANNELS_MAX
from anomaly.detectors.multivariate import Multivariate

Floats = NDArray[np.float64]
Scored = dict[str, tuple[Floats, Floats]]
"""Series to its scores and its alert scores, a figure a row."""

_BESIDE: Final = Path(__file__).resolve().parents[2] / "shared"
DATA: Final = Path(os.environ.get("TOCSIN_DATA", _BESIDE / "data"))
SCORER: Final = Path(os.environ.get("TOCSIN_SCORER", _BESIDE / "tools" / "score_anomaly.py"))
TINY: Final = 1e-300
MEMORY: Final = 100.0
"""Rows over which a score's own mean and deviation are averaged, to make evidence of it."""


@dataclass(frozen=True, slots=True)
class Family:
    """Series of one source.

    Attributes:
        name: ``nab`` or ``skab``.
        scorer: The scorer's module.
        meta: What it needs to know of the family.
        series: Name to rows, windows and so on, as the scorer loads them.
    """

    name: str
    scorer: Any
    meta: Mapping[str, Any]
    series: dict[str, dict[str, Any]]

    @property
    def names(self) -> list[str]:
        """Names, those of the longest series first."""
        return sorted(self.series, key=lambda name: -int(self.series[name]["rows"]))


def load_family(name: str) -> Family:
    """Return the series of the family."""
    spec = importlib.util.spec_from_file_location("scorer", SCORER)
    assert spec is not None, SCORER
    assert spec.loader is not None, SCORER
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    meta, series = scorer.load_family(str(DATA), name)
    return Family(name, scorer, meta, series)


def run_univariate(family: Family, detector: Detector) -> Scored:
    """Return what the detector says of every series, all of them in one pass."""
    names, (block, start_ms) = family.names, blocks(family)
    block = block[:, :, 0]
    rows = np.array([family.series[name]["rows"] for name in names])
    score, alert = np.zeros(block.shape), np.zeros(block.shape)
    state = detector.initial(len(names))
    for row in range(len(block)):
        # At least two: a single series takes the short path, which holds its own copies of what is switched off here.
        going = max(int(np.count_nonzero(rows > row)), 2)
        state = {name: column[:going] for name, column in state.items()}
        scores, state = detector.score(state, observed(block[row, :going], start_ms[row, :going]))
        score[row, :going], alert[row, :going] = scores.score, scores.alert
    return _by_series(family, score, alert)


def run_multivariate(family: Family, detector: Multivariate) -> Scored:
    """Return what the detector says of every device, all of them in one pass."""
    block, _ = blocks(family)
    score, alert = np.zeros(block.shape[:2]), np.zeros(block.shape[:2])
    state = detector.initial(block.shape[1])
    for row, values in enumerate(block):
        scores, state = detector.score(state, values)
        score[row], alert[row] = scores.score, scores.alert
    return _by_series(family, score, alert)


def staged(family: Family, scored: Scored) -> Scored:
    """Return the same scores under our alert stage: evidence is how many deviations they are above their own mean."""
    names = family.names
    longest = max(len(scored[name][0]) for name in names)
    raw = np.stack([np.pad(scored[name][0], (0, longest - len(scored[name][0]))) for name in names], axis=1)
    record, mean, variance = rarity.initial_rarity(len(names)), raw[0].copy(), np.zeros(len(names))
    alert = np.zeros(raw.shape)
    for row, values in enumerate(raw):
        deviation = np.sqrt(variance)
        away = np.clip(values - mean, 0.0, 60.0 * deviation)
        evidence = np.where(deviation > 0.0, away / np.maximum(deviation, TINY), 0.0) * (row >= WARM_ROWS)
        rare = rarity.weigh(record["peaks"], record["passes"], np.full(len(names), row), evidence)
        record = {"peaks": rare.peaks, "passes": rare.passes}
        alert[row] = rare.surprise * rare.passed
        step, rate = values - mean, max(1.0 / (row + 1.0), 1.0 / MEMORY)
        mean, variance = mean + rate * step, (1.0 - rate) * (variance + rate * step**2)
    return {name: (scored[name][0], alert[: len(scored[name][0]), place]) for place, name in enumerate(names)}


def timed(family: Family, make: Callable[[], Any], clock_s: Callable[[], float], *, series: int) -> float:
    """Return microseconds a row, one series after the other as the scorer runs them.

    Args:
        family: Its series.
        make: Makes the detector of one series, with ``update(timestamp, values)``.
        clock_s: Reads the seconds.
        series: How many series are enough.
    """
    spent, count = 0.0, 0
    for name in sorted(family.series)[:: max(len(family.series) // series, 1)]:
        detector, rows = make(), family.series[name]["data"]
        begun = clock_s()
        for stamp, values in rows:
            detector.update(stamp, values)
        spent += clock_s() - begun
        count += len(rows)
    return 1e6 * spent / count


def blocks(family: Family) -> tuple[Floats, NDArray[np.int64]]:
    """Return values and times of all series; NaN and 0 where there is no such channel or row.

    Returns:
        Shape (rows of the longest, series, CHANNELS_MAX), and shape (rows of the longest, series), milliseconds.
    """
    names = family.names
    longest = family.series[names[0]]["rows"]
    block = np.full((longest, len(names), CHANNELS_MAX), np.nan)
    times_ms = np.zeros((longest, len(names)), np.int64)
    for place, name in enumerate(names):
        rows = family.series[name]["data"]
        values = np.array([row[1] for row in rows])
        block[: len(values), place, : values.shape[1]] = values
        stamps = [row[0].replace(" ", "T") for row in rows]
        times_ms[: len(stamps), place] = np.array(stamps, "datetime64[ms]").astype(np.int64)
    return block, times_ms


def observed(values: Floats, start_ms: NDArray[np.int64]) -> Observations:
    """Return one raw reading of each series, NaN as 0."""
    values, one = np.nan_to_num(values), np.ones(len(values), np.int64)
    return Observations(start_ms, start_ms + 1, one, values, values, values, values, values, start_ms, start_ms)


def _by_series(family: Family, score: Floats, alert: Floats) -> Scored:
    lengths = {name: int(family.series[name]["rows"]) for name in family.names}
    return {
        name: (score[: lengths[name], place], alert[: lengths[name], place]) for place, name in enumerate(family.names)
    }
