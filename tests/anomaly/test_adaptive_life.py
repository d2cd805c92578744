"""What a series goes through in its life: gaps, odd clocks, a new regime, panes or raw readings, an unknown future."""

from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from anomaly.contract import Observations
from anomaly.detectors.adaptive import Adaptive
from tests.anomaly.detector_suite import MINUTE_MS, START_MS, flat, one_of, played
from tocsin.core.plan.model import AdaptiveRule

Values = NDArray[np.float64]
Times = NDArray[np.int64]

THRESHOLD: Final = AdaptiveRule(name="unusual").threshold
SERIES: Final = 40
ROWS: Final = 400
DAY_MS: Final = 86_400_000


def noise(rows: int, seed: int = 3) -> Values:
    return np.random.default_rng(seed).normal(50.0, 1.0, (rows, SERIES))


def alerted(values: Values, start_ms: Times) -> NDArray[np.bool_]:
    """Return which rows of which series reach the shipped threshold; shape (rows, series).

    Args:
        values: shape (rows, series) of raw readings, or (rows, series, n) of the n readings of each window.
        start_ms: shape (rows,).
    """
    state = Adaptive().initial(values.shape[1])
    rows = []
    for readings, moment in zip(values.reshape(*values.shape[:2], -1), start_ms, strict=True):
        scores, state = Adaptive().score(state, panes(readings, int(moment)))
        rows.append(scores.alert >= THRESHOLD)
    return np.array(rows)


def panes(readings: Values, moment: int) -> Observations:
    series, count = readings.shape
    at, counts = np.full(series, moment), np.full(series, count)
    mean, first, last = readings.mean(axis=1), readings[:, 0], readings[:, -1]
    return Observations(
        at, at + MINUTE_MS, counts, mean, readings.min(axis=1), readings.max(axis=1), first, last, at, at
    )


def clock(kind: str) -> Times:
    """Return the start of each row's window."""
    random, rows = np.random.default_rng(7), np.arange(ROWS)
    steps = {
        "steady": np.full(ROWS, MINUTE_MS),
        "a fifth of the windows missing": MINUTE_MS * random.geometric(0.8, ROWS),
        "irregular steps": random.integers(1_000, 3_600_000, ROWS),
        "a gap of three days": np.where(rows == ROWS // 2, 3 * DAY_MS, MINUTE_MS),
        "a gap every thirty rows": np.where(rows % 30 == 0, DAY_MS // 3, MINUTE_MS),
        "a clock that stands still": np.zeros(ROWS, np.int64),
    }
    return START_MS + np.cumsum(steps[kind])


@pytest.mark.parametrize(
    "kind",
    [
        "steady",
        "a fifth of the windows missing",
        "irregular steps",
        "a gap of three days",
        "a gap every thirty rows",
        "a clock that stands still",
    ],
)
def test_gaps_and_odd_clocks_neither_raise_alarms_nor_hide_a_spike(kind: str) -> None:
    values = noise(ROWS)
    values[-1] += 8.0

    alarms = alerted(values, clock(kind))

    assert alarms[-1].mean() >= 0.9
    assert alarms[:-1].sum() <= SERIES // 5


def test_daily_shape_is_known_through_missing_windows_and_a_gap_of_two_days() -> None:
    half_hours = np.flatnonzero(np.random.default_rng(2).random(48 * 28) > 0.15)
    half_hours = half_hours[(half_hours < 48 * 17) | (half_hours >= 48 * 19)]
    values = 50.0 + 30.0 * (half_hours % 48 >= 20) + np.random.default_rng(4).normal(0.0, 1.0, len(half_hours))
    known = np.flatnonzero(half_hours >= 48 * 21)
    visit = np.flatnonzero(half_hours % 48 < 8)[-3:]
    usual = values.copy()
    values[visit] += 30.0
    state = Adaptive().initial(2)
    alarms: list[bool] = []
    bands: list[tuple[float, float]] = []

    for value, moment in zip(values, half_hours * 1_800_000, strict=True):
        scores, state = Adaptive().score(state, panes(np.full((2, 1), value), int(moment)))
        alarms.append(bool(scores.alert[0] >= THRESHOLD))
        bands.append((scores.expected_low[0], scores.expected_high[0]))
    low, high = np.array(bands).T

    assert [row for row in known if alarms[row] and row < visit[0]] == []
    assert any(alarms[row] for row in visit)
    assert np.abs((low + high) / 2.0 - usual)[known].max() < 6.0


def test_a_series_of_a_new_regime_is_judged_by_it() -> None:
    values = noise(900)
    values[200:] = 80.0 + 3.0 * (noise(700, 4) - 50.0)
    values[-1] += 8.0 * 3.0

    alarms = alerted(values, START_MS + MINUTE_MS * np.arange(900))

    assert alarms[200:205].any(axis=0).mean() >= 0.9
    assert alarms[500:-1].mean() < 0.002
    assert alarms[-1].mean() >= 0.9


def test_panes_and_raw_readings_find_the_same_level_shift_and_are_as_quiet() -> None:
    shift = 8.0 * (np.arange(250) >= 240)[:, None]
    readings = np.random.default_rng(9).normal(50.0, 1.0, (250, SERIES, 12))
    start_ms = START_MS + MINUTE_MS * np.arange(250)

    raw = alerted(readings[:, :, 0] + shift, start_ms)
    windowed = alerted(readings + shift[:, :, None], start_ms)

    assert min(raw[240:245].any(axis=0).mean(), windowed[240:245].any(axis=0).mean()) >= 0.9
    assert max(raw[:240].sum(), windowed[:240].sum()) <= SERIES // 5


def test_the_band_expected_of_panes_is_about_their_means() -> None:
    readings = np.random.default_rng(9).normal(50.0, 1.0, (150, 5, 60))
    state = Adaptive().initial(5)

    for row, window in enumerate(readings):
        scores, state = Adaptive().score(state, panes(window, START_MS + row * MINUTE_MS))

    middle = (scores.expected_low + scores.expected_high) / 2.0
    np.testing.assert_allclose(middle, 50.0, atol=0.6)


def test_no_score_depends_on_rows_still_to_come_or_on_how_many_there_are() -> None:
    short = noise(220)[:, :2].copy()
    long = np.concatenate([short, [[1e6, -1e6], [np.pi, 0.0]] * 40])
    long[:, 1] = np.where(np.arange(len(long)) < 220, long[:, 1], 1e-9)

    of_short = [flat(scores) for scores, _ in played(Adaptive(), short)]
    of_long = [flat(scores) for scores, _ in played(Adaptive(), long)]
    alone = [flat(scores) for scores, _ in played(Adaptive(), long[:, :1])]

    assert of_long[:220] == of_short
    assert alone[:220] == [flat(one_of(scores, 0)) for scores, _ in played(Adaptive(), short)]
