"""What the adaptive detector finds at the shipped threshold, and what it leaves alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from anomaly.contract import Observations, Scores, single
from anomaly.detectors.adaptive import Adaptive
from tests.anomaly.detector_suite import MINUTE_MS, START_MS, observed, played
from tocsin.core.plan.model import AdaptiveRule

Values = NDArray[np.float64]

THRESHOLD: Final = AdaptiveRule(name="unusual").threshold
SERIES: Final = 40
AT: Final = 150
HALF_HOUR_MS: Final = 1_800_000


def noise(rows: int, series: int = SERIES, seed: int = 3) -> Values:
    return np.random.default_rng(seed).normal(50.0, 1.0, (rows, series))


def alerted(values: Values) -> NDArray[np.bool_]:
    """Return which rows of which series reach the shipped threshold; shape (rows, series)."""
    return np.array([scores.alert >= THRESHOLD for scores, _ in played(Adaptive(), values)])


def found(values: Values, rows: int) -> float:
    """Return the share of series with an alert within so many rows from ``AT``."""
    return float(alerted(values)[AT : AT + rows].any(axis=0).mean())


def test_spike_of_eight_deviations_is_found_at_once() -> None:
    values = noise(AT + 1)
    values[AT] += 8.0

    assert found(values, 1) >= 0.9


def test_level_shift_is_found_within_five_rows() -> None:
    values = noise(AT + 5)
    values[AT:] -= 8.0

    assert found(values, 5) >= 0.9


def test_drift_far_out_of_the_range_of_a_series_known_long_is_found() -> None:
    values = noise(1_290, 20)
    values[1_200:] += np.minimum(np.arange(90) / 60.0, 1.0)[:, None] * 15.0

    assert alerted(values)[1_200:].any(axis=0).mean() >= 0.9


def test_noise_that_grows_fivefold_is_found() -> None:
    values = noise(AT + 60)
    values[AT:] += noise(60, seed=4) * 5.0 - 250.0

    assert found(values, 60) >= 0.9


def test_spike_of_one_reading_among_many_of_its_window_is_found() -> None:
    random = np.random.default_rng(5)
    detector, state = Adaptive(), Adaptive().initial(SERIES)

    for row in range(AT + 1):
        readings = random.normal(50.0, 1.0, (12, SERIES))
        readings[6] += 10.0 * (row == AT)
        scores, state = detector.score(state, window_of(readings, START_MS + row * MINUTE_MS))

    assert (scores.alert >= THRESHOLD).mean() >= 0.8


def window_of(readings: Values, start_ms: int) -> Observations:
    """Return one window a series of readings of shape (readings, series)."""
    one = observed(list(readings.mean(axis=0)), start_ms)
    return replace(one, min=readings.min(axis=0), max=readings.max(axis=0), count=one.count * len(readings))


CLEAN: Final[dict[str, Callable[[np.random.Generator, Values], Values]]] = {
    "white noise": lambda random, at: random.normal(50.0, 1.0, at.shape),
    "slow noise": lambda random, at: _slow_noise(random, at.shape),
    "daily wave": lambda random, at: 20.0 + 5.0 * np.sin(at / 229.0) + random.normal(0.0, 0.3, at.shape),
    "sawtooth": lambda random, at: at % 25.0 / 4.0 + random.normal(0.0, 0.3, at.shape),
    "on and off duty": lambda random, at: 10.0 * (at % 30.0 < 14.0) + random.normal(0.0, 0.3, at.shape),
    "quantised": lambda random, at: np.round(random.normal(20.0, 0.1, at.shape), 1),
    "seldom another step": lambda random, at: 20.0 + 0.5 * (random.random(at.shape) < 0.2),
    "constant": lambda _, at: np.full(at.shape, 20.0),
}


def _slow_noise(random: np.random.Generator, shape: tuple[int, ...]) -> Values:
    values = random.normal(0.0, 0.6, shape)
    for row in range(1, len(values)):
        values[row] += 0.8 * values[row - 1]
    return values + 50.0


@pytest.mark.parametrize("kind", CLEAN)
def test_clean_series_stay_quiet_at_the_shipped_threshold(kind: str) -> None:
    random = np.random.default_rng(11)
    at = np.arange(240.0)[:, None] + random.integers(0, 1440, SERIES)

    alarms = int(alerted(CLEAN[kind](random, at)).sum())

    assert alarms <= SERIES // 8, f"{alarms} alarms in {SERIES} series of 240 rows"


def test_constant_series_that_changes_is_found() -> None:
    values = np.full((AT + 1, 3), [20.0, 0.0, -1e6])
    values[AT] += [4.0, 1.0, 2e5]

    assert found(values, 1) == 1.0


def test_seasonal_series_alerts_where_the_value_is_usual_but_not_at_that_time() -> None:
    rows = 48 * 21
    hours = np.arange(rows) / 2.0 % 24.0
    values = (50.0 + 30.0 * (np.abs(hours - 12.0) < 4.0) + noise(rows, 1).T[0] - 50.0)[:, None]
    night = rows - 44
    values[night : night + 3] += 30.0
    state = Adaptive().initial(1)
    best: list[Scores] = []

    for row in range(night + 3):
        seen = observed([float(values[row, 0])], row * HALF_HOUR_MS, HALF_HOUR_MS)
        scores, state = Adaptive().score(state, seen)
        best = [*best[-2:], scores]

    assert max(scores.alert[0] for scores in best) >= THRESHOLD
    assert max(scores.parts["season"][0] for scores in best) > 0.0


def test_new_regime_is_accepted_after_a_while() -> None:
    values = noise(1_000)
    values[AT:] += 20.0

    late = alerted(values)[AT + 200 :]

    assert late.sum() <= 0.001 * late.size


def test_parts_add_up_to_the_score() -> None:
    values = noise(AT + 3, 10)
    values[AT:] += 12.0

    (*_, (scores, _)) = played(Adaptive(), values[: AT + 1])

    np.testing.assert_allclose(sum(scores.parts.values()), scores.score, rtol=1e-5)
    assert scores.score.min() > 0.0


def test_expected_band_holds_nearly_all_of_clean_noise_and_is_not_much_wider() -> None:
    values = noise(300)
    inside = 0

    for row, (scores, _) in enumerate(played(Adaptive(), values)):
        inside += int(((values[row] >= scores.expected_low) & (values[row] <= scores.expected_high)).sum())
    width = scores.expected_high - scores.expected_low

    assert inside >= 0.97 * SERIES * 270
    assert np.median(width) < 12.0


@settings(max_examples=15, deadline=None)
@given(st.integers(-40, 40), st.integers(0, 1_000))
def test_powers_of_two_of_the_unit_change_no_score(power: int, seed: int) -> None:
    values = noise(60, 1, seed) - 50.0

    plain = [float(scores.score[0]) for scores, _ in played(Adaptive(), values)]
    scaled = [float(scores.score[0]) for scores, _ in played(Adaptive(), values * 2.0**power)]

    np.testing.assert_allclose(scaled, plain, rtol=1e-4, atol=1e-3)


def test_raw_readings_are_scored_as_windows_of_one() -> None:
    values = noise(80, 1)
    state = Adaptive().initial(1)

    for row, (scores, _) in enumerate(played(Adaptive(), values)):
        raw, state = Adaptive().score(state, single(float(values[row, 0]), START_MS + row * MINUTE_MS))

        assert raw.score[0] == scores.score[0]
