"""What is proposed follows from what was seen: cohorts, tails, gaps, standstills and days."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from tocsin.core.formats.recording import Recorded
from tocsin.runtime.fit.cohorts import Cohort, cohorts_of
from tocsin.runtime.fit.gather import KEPT_MAX, Series, gather
from tocsin.runtime.fit.propose import fit_cohort, flat_ms, rounded, silent_floor_ms
from tocsin.runtime.fit.tails import block_maxima, upper_tail

START_MS = 1_795_435_200_000


def series_of(values: list[float], step_ms: int = MINUTE_MS) -> Series:
    made = Series()
    for number, value in enumerate(values):
        made.add(START_MS + number * step_ms, value)
    return made


def fitted(*series: Series, period_ms: int = DAY_MS) -> object:
    devices = tuple(("acme", f"pump-{number}") for number in range(len(series)))
    cohort = Cohort("pump-*", "", "pump", devices, ("flow",))
    return fit_cohort(
        cohort, {(*device, "flow"): one for device, one in zip(devices, series, strict=True)}, period_ms=period_ms
    )


def test_devices_that_differ_by_a_number_and_report_the_same_are_a_cohort() -> None:
    keys = [("acme", f"north-pump-{n}", metric) for n in (1, 2, 10) for metric in ("flow", "pressure")]
    keys += [("acme", "north-pump-x", "flow"), ("acme", "boiler", "water"), ("acme", "m1", "a"), ("acme", "m2", "b")]

    found = {one.match: (one.site, one.type, len(one.devices)) for one in cohorts_of(keys)}

    assert found == {
        "north-pump-1": ("north", "pump_1", 1),
        "north-pump-2": ("north", "pump_2", 1),
        "north-pump-10": ("north", "pump_10", 1),
        "north-pump-x": ("north", "pump_x", 1),
        "boiler": ("", "boiler", 1),
        "m1": ("", "m1", 1),
        "m2": ("", "m2", 1),
    }, "the pattern north-pump-* would take in north-pump-x, which reports other metrics"
    assert [one.match for one in cohorts_of(keys[:6])] == ["north-pump-*"]


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.15])
def test_return_level_of_a_known_tail_is_found(shape: float) -> None:
    values = stats.genpareto.rvs(shape, scale=2.0, size=40_000, random_state=np.random.default_rng(3))

    tail = upper_tail(values, blocks_in_period=10_000)

    assert tail
    assert tail.level == pytest.approx(stats.genpareto.isf(1e-4, shape, scale=2.0), rel=0.15)


def test_few_peaks_or_none_say_nothing() -> None:
    assert upper_tail(np.arange(100.0), blocks_in_period=1_000) is None
    assert upper_tail(np.ones(10_000), blocks_in_period=1_000) is None
    assert upper_tail(np.zeros(0), blocks_in_period=1_000) is None


def test_block_counts_a_burst_once() -> None:
    assert block_maxima(np.array([1.0, 9.0, 8.0, 2.0, 3.0]), 2).tolist() == [9.0, 8.0]


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
@settings(max_examples=200, deadline=None)
def test_rounding_goes_away_from_what_was_seen_and_not_far(value: float, spread: float) -> None:
    slack = 1e-9 * abs(value) + 1e-300

    assert rounded(value, spread, up=True) >= value - slack
    assert rounded(value, spread, up=False) <= value + slack
    assert abs(rounded(value, spread, up=True) - value) <= 0.11 * spread + slack


def test_limits_lie_beyond_all_that_was_seen_and_the_range_beyond_the_limits() -> None:
    random = np.random.default_rng(5)
    fit = fitted(*(series_of((50 + 5 * random.standard_normal(8_000)).tolist()) for _ in range(3)))

    (flow,) = fit.metrics
    below, above = flow.limits
    assert below < flow.low < flow.high < above
    assert flow.range[0] < below
    assert above < flow.range[1]
    assert above < 90


def test_metric_that_comes_to_a_stop_gets_no_limit_there_and_one_that_is_never_negative_none_below_zero() -> None:
    random = np.random.default_rng(6)
    values = np.clip(100 + 4 * random.standard_normal(20_000), 0, 103)
    small = np.abs(random.standard_normal(20_000))

    (level,) = fitted(series_of(values.tolist())).metrics
    (flow,) = fitted(series_of(small.tolist())).metrics

    assert level.limits[1] is None
    assert flow.limits[0] is None
    assert flow.range[0] == 0


def test_silence_and_standstill_are_three_usual_longest_ones_in_whole_minutes() -> None:
    times = [START_MS + number * 10_000 for number in range(2_000)]
    slow = Series()
    for number, at_ms in enumerate(times):
        slow.add(at_ms, float(number // 30))

    fit = fitted(slow)

    assert fit.cadence_ms == 10_000
    assert silent_floor_ms(fit) == 2 * MINUTE_MS
    assert flat_ms(fit.metrics[0]) == 15 * MINUTE_MS


def test_metric_that_never_moved_is_said_to_stand_still_for_ever() -> None:
    (flow,) = fitted(series_of([1.0] * 500)).metrics

    assert flow.still_ms is None
    assert flat_ms(flow) is None


def test_day_that_repeats_is_a_profile_and_noise_is_none() -> None:
    minutes = np.arange(3 * 24 * 6) * 10
    day = 20 + 5 * np.sin(2 * np.pi * minutes / 1_440)
    noise = np.random.default_rng(8).standard_normal(len(minutes))

    (wave,) = fitted(series_of(day.tolist(), 10 * MINUTE_MS)).metrics
    (none,) = fitted(series_of(noise.tolist(), 10 * MINUTE_MS)).metrics

    assert wave.season > 0.9
    assert len(wave.profile) == 24
    assert max(wave.profile) - min(wave.profile) == pytest.approx(10, rel=0.1)
    first_hour = START_MS % DAY_MS // HOUR_MS
    assert wave.profile[first_hour] == pytest.approx(float(np.mean(day[:6])), abs=0.2)
    assert (none.profile, none.season < 0.3) == ((), True)


def test_memory_is_bounded_and_what_is_kept_is_spread_evenly() -> None:
    series = Series()
    for number in range(2 * KEPT_MAX + 7):
        series.add(number, float(number))

    assert series.seen == 2 * KEPT_MAX + 7
    assert len(series.value) <= KEPT_MAX
    assert {after - before for before, after in pairwise(series.time_ms.tolist())} == {series.stride}


def test_broken_messages_are_counted_and_copies_are_no_readings() -> None:
    message = b'{"device":"p-1","ts":1795435200000,"metrics":{"flow":1.5}}'
    records = [
        Recorded(1, "acme#p-1", data) for data in (message, message, b"{", b'{"device":"p-1","ts":"x","metrics":{}}')
    ]

    found, broken = gather([*records, Recorded(2, "!tick", b"{}")])

    assert ({key: one.seen for key, one in found.items()}, broken) == ({("acme", "p-1", "flow"): 1}, 2)
