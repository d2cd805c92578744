"""The band over many windows at once: what the detector says that is shown one window after the other."""

import numpy as np
import pytest
from numpy.typing import NDArray

from anomaly.contract import Observations
from anomaly.detectors.adaptive import WARM_ROWS, Adaptive
from anomaly.detectors.expectation import expected_band
from tests.anomaly.detector_suite import HARD_VALUES, START_MS
from tocsin.core.columns import Floats

HALF_HOUR_MS = 1_800_000
ROWS = 48 * 8


def shapes() -> dict[str, Floats]:
    random = np.random.default_rng(5)
    at = np.arange(ROWS)
    noise = random.normal(0.0, 1.0, ROWS)
    return {
        "a daily shape": 30.0 * (np.abs(at / 2.0 % 24.0 - 12.0) < 4.0) + noise,
        "noise and jumps": noise + 40.0 * (random.random(ROWS) < 0.02),
        "steps": np.round(noise, 0) + 5.0 * (at > 200),
        **{name: np.resize(np.array(values), ROWS) for name, values in HARD_VALUES.items()},
    }


def detectors_band(start_ms: NDArray[np.int64], mean: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    detector, found = Adaptive(), []
    state = detector.initial(1)
    one = np.ones(1, np.int64)
    for row in range(len(mean)):
        at, value = start_ms[row : row + 1], mean[row : row + 1]
        reach = low[row : row + 1], high[row : row + 1]
        scores, state = detector.score(
            state, Observations(at, at + HALF_HOUR_MS, one, value, *reach, value, value, at, at)
        )
        found.append((scores.expected_low[0], scores.expected_high[0]))
    ends = np.array(found)
    return ends[:, 0], ends[:, 1]


@pytest.mark.parametrize("shape", shapes())
def test_band_of_many_windows_is_the_detectors_window_by_window(shape: str) -> None:
    mean, at = shapes()[shape], np.arange(ROWS)
    reach = np.abs(np.random.default_rng(6).normal(0.0, 0.5, ROWS)) * (at % 3 > 0)
    low, high = mean - reach, mean + 2.0 * reach
    start_ms = START_MS + (at + 5 * (at > 200)) * HALF_HOUR_MS  # a gap, which moves the season on

    band = expected_band(start_ms, mean, low, high)

    wanted = detectors_band(start_ms, mean, low, high)
    assert np.isnan(band.low[:WARM_ROWS]).all()
    assert np.isfinite(band.low[WARM_ROWS:]).all()
    # Its seasonal memory is kept in single precision, and this one is not.
    width = np.nanmax(wanted[1] - wanted[0])
    np.testing.assert_allclose(band.low, wanted[0], rtol=1e-6, atol=1e-5 * width)
    np.testing.assert_allclose(band.high, wanted[1], rtol=1e-6, atol=1e-5 * width)


@pytest.mark.parametrize("rows", [0, 1, WARM_ROWS - 1, WARM_ROWS, WARM_ROWS + 1])
def test_nothing_is_expected_of_a_series_that_is_warming_up(rows: int) -> None:
    values = np.arange(float(rows))

    band = expected_band(np.arange(rows) * HALF_HOUR_MS, values, values, values)

    assert np.isnan(band.low).tolist() == np.isnan(band.high).tolist() == [row < WARM_ROWS for row in range(rows)]
