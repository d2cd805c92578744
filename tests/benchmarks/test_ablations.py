"""Parts of our detectors taken out: each switch still fits the code, matters, and is put back."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from anomaly.detectors.adaptive import Adaptive
from anomaly.detectors.multivariate import Multivariate
from benchmarks.ablations import MULTIVARIATE, UNIVARIATE, Switch, switched
from tests.anomaly.detector_suite import START_MS, observed

HALF_HOUR_MS = 1_800_000


def univariate() -> list[float]:
    """Return scores and alert scores of two series, one with a daily shape, each with a spike and a change."""
    random = np.random.default_rng(6)
    rows = 48 * 9
    values = random.normal(0.0, 1.0, (rows, 2))
    values[:, 0] += 30.0 * (np.abs(np.arange(rows) / 2.0 % 24.0 - 12.0) < 4.0)
    values[20], values[-44:-41] = 90.0, 30.0
    detector, state, said = Adaptive(), Adaptive().initial(2), []
    for row, row_values in enumerate(values):
        scores, state = detector.score(state, observed(list(row_values), START_MS + row * HALF_HOUR_MS))
        said += [*scores.score, *scores.alert]
    return said


def multivariate() -> list[float]:
    """Return scores and alert scores of two devices whose channels leave their ways at row 400."""
    random = np.random.default_rng(6)
    values = random.normal(0.0, 1.0, (500, 2, 8)) + random.normal(0.0, 2.0, (500, 2, 1))
    values[150:160, :, 2] += 30.0
    values[400:, :, 1] += 40.0
    detector, state, said = Multivariate(), Multivariate().initial(2), []
    for row in values:
        scores, state = detector.score(state, row)
        said += [*scores.score, *scores.alert]
    return said


@pytest.mark.parametrize("name", UNIVARIATE)
def test_each_part_of_the_adaptive_detector_matters_and_is_put_back(name: str) -> None:
    check(UNIVARIATE, name, univariate)


@pytest.mark.parametrize("name", MULTIVARIATE)
def test_each_part_of_the_multivariate_detector_matters_and_is_put_back(name: str) -> None:
    check(MULTIVARIATE, name, multivariate)


def check(switches: Mapping[str, tuple[Switch, ...]], name: str, play: Callable[[], list[float]]) -> None:
    whole = play()
    with switched(switches[name]):
        without = play()

    assert not np.array_equal(without, whole)
    assert np.array_equal(play(), whole)
