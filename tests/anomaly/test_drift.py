"""Drift: a level that goes and stays away is told, a spike or a wave is not, and a new level is accepted in the end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from anomaly.contract import Observations
from anomaly.detectors.drift import Levels, judge
from anomaly.lifecycle import UNSET_MS, Verdict
from tests.anomaly.specimens import MINUTE_MS, Stage, plan_of
from tocsin.core.messages import Phase
from tocsin.core.plan.model import DriftRule

RULE = DriftRule(name="level", learn_ms=24 * 60 * MINUTE_MS)
SERIES = 40
Array = NDArray[np.float64]


def fresh(count: int) -> Levels:
    zeros = np.zeros(count)
    return Levels(
        np.full(count, np.nan), zeros, zeros, zeros, zeros, zeros, np.full(count, UNSET_MS), np.zeros(count, np.int32)
    )


def windows_at(minute: int, mean: Array) -> Observations:
    start_ms = np.full(len(mean), minute * MINUTE_MS)
    count = np.full(len(mean), 6)
    return Observations(
        start_ms, start_ms + MINUTE_MS, count, mean, mean, mean, mean, mean, start_ms, start_ms + MINUTE_MS - 10_000
    )


def first_breach(means: Array, rule: DriftRule = RULE) -> Array:
    """Return the first minute at which each of the series, shape (minutes, n), is breached; NaN for never."""
    levels, first = fresh(means.shape[1]), np.full(means.shape[1], np.nan)
    for minute, mean in enumerate(means):
        verdicts, levels = judge(rule, windows_at(minute, mean), levels)
        first = np.where(np.isnan(first) & (verdicts.verdict == Verdict.BREACH), minute, first)
    return first


def noise(minutes: int, *, phi: float = 0.0, seed: int = 1) -> Array:
    random = np.random.default_rng(seed)
    shocks, path = random.standard_normal((minutes, SERIES)), np.zeros((minutes, SERIES))
    for minute in range(1, minutes):
        path[minute] = phi * path[minute - 1] + np.sqrt(1 - phi**2) * shocks[minute]
    return path


@pytest.mark.parametrize("phi", [0.0, 0.9, 0.98])
def test_noise_of_any_memory_is_no_drift(phi: float) -> None:
    assert np.isnan(first_breach(10 + noise(1_440, phi=phi))).all()


def test_daily_wave_is_no_drift() -> None:
    wave = 3 * np.sin(np.arange(2_880) / 1_440 * 2 * np.pi)[:, None]

    assert np.isnan(first_breach(10 + wave + noise(2_880))).mean() > 0.9


@pytest.mark.parametrize(("size", "minutes"), [(-2.0, 60), (3.0, 25), (6.0, 12)])
def test_shift_is_told_within_minutes(size: float, minutes: int) -> None:
    means = 10 + noise(900)
    means[700:] += size

    delay = first_breach(means) - 700

    assert (delay >= 0).all()
    assert (delay <= minutes).mean() > 0.9


def test_slow_drift_is_told_before_it_is_done() -> None:
    means = 10 + noise(1_400)
    means[700:] += 6 * np.arange(700)[:, None] / 700

    delay = first_breach(means) - 700

    assert (delay >= 0).all()
    assert np.median(delay) < 400


def test_spike_however_high_is_no_drift() -> None:
    means = 10 + noise(900)
    means[700] += 1e6

    assert np.isnan(first_breach(means)).all()


def test_what_lasts_becomes_the_new_level() -> None:
    rule = DriftRule(name="level", learn_ms=120 * MINUTE_MS)
    means = 10 + noise(1_000)
    means[300:] += 5
    levels = fresh(SERIES)

    for minute, mean in enumerate(means):
        verdicts, levels = judge(rule, windows_at(minute, mean), levels)

    assert (verdicts.verdict == Verdict.CLEAR).all()
    assert levels.level == pytest.approx(np.full(SERIES, 15.0), abs=0.6)


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(1e-6, 1e6), offset=st.floats(-1e3, 1e3))
def test_neither_unit_nor_sign_matter(scale: float, offset: float) -> None:
    means = noise(200)
    means[100:] += 4

    plain = first_breach(offset + means)

    assert np.array_equal(first_breach(scale * (offset + means)), plain, equal_nan=True)
    assert np.array_equal(first_breach(-(offset + means)), plain, equal_nan=True)


def test_alert_says_which_way_and_from_where() -> None:
    stage = Stage(plan_of(DriftRule(name="level", clear_ms=0)))
    means = 7 + 0.1 * noise(200)[:, 0]
    means[100:] -= 1

    fired = next(move for move in stage.feed_means(*means.tolist()) if move.phase is Phase.FIRING)

    assert fired.summary.startswith("flow 5.")
    assert "has drifted down from 6.99" in fired.summary
    assert "threshold 25 (drift level)" in fired.summary
    assert fired.evidence.parts["fall"] > fired.evidence.parts["rise"] == 0
