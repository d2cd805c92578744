"""Each fault does what it says, in its interval, to what it is about, and to nothing else."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.kinds import KINDS, Layer
from simulator.scenario_model import Device, Fault
from simulator.truth import truth_of
from tests.simulator.played import TYPES, device, fault, scene, sent
from tocsin.core.clock import MINUTE_MS

Messages = dict[int, dict[str, Any]]
PUMP = device("pump")
STRAINS = [(kind, strain) for kind in TYPES for strain in device(kind).profile.model.strains]
MOVED_BY_CHANCE = {"cold_room", "tank_sensor"}
"""Their switches come at other times ever after, so only the band returns, not the path."""


def with_and_without(subject: Device, *faults: Fault, hours: float = 1, seed: int = 1) -> tuple[Messages, Messages]:
    disturbed = sent(scene(subject, faults=faults, hours=hours), subject.name, seed)
    return disturbed, sent(scene(subject, hours=hours), subject.name, seed)


def values(messages: Messages, metric: str) -> dict[int, float]:
    return {at_ms: message["metrics"].get(metric, math.nan) for at_ms, message in messages.items()}


def pairs(subject: Device, wrong: Fault, hours: float = 1) -> tuple[list[tuple[int, float, float]], list[int]]:
    """Return (instant, with, without) within the fault's interval, and the instants outside that differ."""
    told, true = (values(run, wrong.metric) for run in with_and_without(subject, wrong, hours=hours))
    inside = [(at, told[at], true[at]) for at in true if wrong.start_ms <= at < wrong.end_ms]
    strays = [at for at in true if not wrong.start_ms <= at < wrong.end_ms and told[at] != true[at]]
    return inside, strays


def test_stuck_sensor_repeats_its_first_value_until_the_end() -> None:
    inside, strays = pairs(PUMP, fault("stuck", metric="flow_lpm"))

    assert {told for _, told, _ in inside} == {inside[0][2]}
    assert len({true for _, _, true in inside}) > 50
    assert strays == []


def test_stuck_sensor_stays_stuck_from_one_block_into_the_next() -> None:
    inside, strays = pairs(PUMP, fault("stuck", metric="flow_lpm", minutes=120), hours=4)

    assert len(inside) > 2 * 256
    assert {told for _, told, _ in inside} == {inside[0][2]}
    assert strays == []


def test_drift_grows_evenly_to_its_size() -> None:
    wrong = fault("drift", metric="flow_lpm", size=40.0)
    inside, strays = pairs(PUMP, wrong)

    for at_ms, told, true in inside:
        share = (at_ms - wrong.start_ms) / (wrong.end_ms - wrong.start_ms)
        assert told - true == pytest.approx(40.0 * share, abs=0.11)
    assert inside[-1][1] - inside[-1][2] > 39
    assert strays == []


def test_bias_in_sigmas_is_a_multiple_of_the_sensors_noise() -> None:
    inside, strays = pairs(PUMP, fault("bias", metric="bearing_celsius", sigmas=-25.0))

    assert all(told - true == pytest.approx(-25 * 0.12, abs=0.11) for _, told, true in inside)
    assert strays == []


def test_spikes_strike_once_in_each_period_and_leave_the_rest_alone() -> None:
    wrong = fault("spike", metric="vibration_mmps", size=3.0, every=5 * MINUTE_MS)
    inside, strays = pairs(PUMP, wrong)

    struck = [at for at, told, true in inside if told != true]
    assert len(struck) == 4
    assert all(abs(then - now - 5 * MINUTE_MS) < 25_000 for now, then in pairwise(struck))
    assert all(told - true in (0.0, pytest.approx(3.0, abs=0.011)) for _, told, true in inside)
    assert strays == []


def test_spike_period_does_not_start_anew_with_a_block() -> None:
    wrong = fault("spike", metric="vibration_mmps", size=3.0, every=10 * MINUTE_MS, minutes=200)
    inside, _ = pairs(PUMP, wrong, hours=4)

    assert sum(told != true for _, told, true in inside) == 20


def test_clipped_sensor_never_tells_more_than_its_limit() -> None:
    inside, strays = pairs(PUMP, fault("clipped", metric="flow_lpm", above=150.0))

    assert all(told == min(true, 150.0) for _, told, true in inside)
    assert any(told != true for _, told, true in inside)
    assert strays == []


def test_dropout_of_a_metric_leaves_it_out_and_the_others_in() -> None:
    wrong = fault("dropout", metric="flow_lpm")
    disturbed, healthy = with_and_without(PUMP, wrong)

    for at_ms, message in healthy.items():
        left_out = wrong.start_ms <= at_ms < wrong.end_ms
        rest = {key: value for key, value in message["metrics"].items() if key != "flow_lpm" or not left_out}
        assert disturbed[at_ms] == message | {"metrics": rest}


def test_dropout_of_a_device_silences_it_and_does_not_count() -> None:
    wrong = fault("dropout")
    disturbed, healthy = with_and_without(PUMP, wrong)

    assert set(healthy) - set(disturbed) == {at for at in healthy if wrong.start_ms <= at < wrong.end_ms}
    assert [message["seq"] for message in disturbed.values()] == list(range(1, len(disturbed) + 1))


def test_censored_values_are_left_out_and_the_others_told() -> None:
    inside, strays = pairs(PUMP, fault("censored", metric="flow_lpm", above=150.0))

    missing = [true for _, told, true in inside if math.isnan(told)]
    assert missing
    assert all((true > 150.0) == math.isnan(told) for _, told, true in inside)
    assert strays == []


@pytest.mark.parametrize("metric", ["flow_lpm", ""])
def test_loose_contact_takes_out_its_share_in_stretches(metric: str) -> None:
    wrong = fault("flaky", metric=metric, minutes=600, ratio=0.3, burst=40_000)
    disturbed, healthy = with_and_without(PUMP, wrong, hours=10)

    gone = [
        (at_ms - wrong.start_ms) // 40_000
        for at_ms in healthy
        if at_ms not in disturbed or (metric and metric not in disturbed[at_ms]["metrics"])
    ]
    kept = {(at_ms - wrong.start_ms) // 40_000 for at_ms in healthy} - set(gone)
    assert min(gone) >= 0
    assert not set(gone) & {(at_ms - wrong.start_ms) // 40_000 for at_ms in disturbed if not metric}
    assert 0.25 < len(set(gone)) / (len(set(gone)) + len(kept)) < 0.35
    assert len(disturbed) == len(healthy) or not metric


def test_message_without_any_metric_left_is_not_sent() -> None:
    faults = [fault("dropout", metric=metric) for metric in PUMP.profile.metrics]
    disturbed, healthy = with_and_without(PUMP, *faults)

    wrong = faults[0]
    assert set(healthy) - set(disturbed) == {at for at in healthy if wrong.start_ms <= at < wrong.end_ms}


def test_rebooted_device_counts_from_one_under_the_next_boot_number() -> None:
    first, second = fault("reboot", minutes=1), fault("reboot", from_minute=50, minutes=0.5)
    disturbed, _ = with_and_without(PUMP, second, first)

    counters = [(message.get("boot", 0), message["seq"]) for message in disturbed.values()]
    assert {boot for boot, _ in counters} == {0, 1, 2}
    for boot in range(3):
        own = [seq for one, seq in counters if one == boot]
        assert own == list(range(1, len(own) + 1))
    assert counters == sorted(counters)
    assert all(at >= first.end_ms for at, message in disturbed.items() if message.get("boot"))


def test_skewed_clock_is_wrong_by_a_constant_and_only_for_its_interval() -> None:
    wrong = fault("clock_skew", offset=-90_000.0)
    disturbed, healthy = with_and_without(PUMP, wrong)

    for at_ms, message in healthy.items():
        offset = -90_000 if wrong.start_ms <= at_ms < wrong.end_ms else 0
        assert disturbed[at_ms] == message | {"ts": at_ms + offset}


def test_clock_that_jumped_is_put_right_bit_by_bit() -> None:
    wrong = fault("clock_jump", offset=240_000.0)
    disturbed, healthy = with_and_without(PUMP, wrong)

    offsets = [message["ts"] - at for at, message in disturbed.items()]
    inside = [message["ts"] - at for at, message in disturbed.items() if wrong.start_ms <= at < wrong.end_ms]
    assert 235_000 < inside[0] <= 240_000
    assert inside == sorted(inside, reverse=True)
    assert 0 <= inside[-1] < 5_000
    assert sum(offset != 0 for offset in offsets) == len(inside)
    assert all(disturbed[at]["metrics"] == healthy[at]["metrics"] for at in healthy)


@pytest.mark.parametrize(("kind", "strain"), STRAINS)
def test_physical_fault_shows_in_the_metrics_it_names_and_only_from_its_start(kind: str, strain: str) -> None:
    subject = device(kind)
    wrong = fault(strain, subject, from_minute=60, minutes=60)
    disturbed, healthy = with_and_without(subject, wrong, hours=3)

    shown = subject.profile.model.strains[strain]
    for metric in subject.profile.metrics:
        differing = [at for at in healthy if disturbed[at]["metrics"][metric] != healthy[at]["metrics"][metric]]
        assert bool(differing) == (metric in shown)
        assert all(at >= wrong.start_ms for at in differing)
    assert [message["seq"] for message in disturbed.values()] == [message["seq"] for message in healthy.values()]


@pytest.mark.parametrize(("kind", "strain"), [pair for pair in STRAINS if pair[0] not in MOVED_BY_CHANCE])
def test_device_has_recovered_when_the_truth_says_that_it_is_settled(kind: str, strain: str) -> None:
    subject = device(kind)
    wrong = fault(strain, subject, from_minute=30, minutes=60)
    disturbed, healthy = with_and_without(subject, wrong, hours=5)

    (row,) = truth_of(scene(subject, faults=[wrong], hours=5))
    for sensor in subject.profile.sensors:
        tolerance = 1.01 * sensor.resolution + sensor.noise
        for at_ms in healthy:
            if at_ms >= row.settled_ms:
                gap = disturbed[at_ms]["metrics"][sensor.metric] - healthy[at_ms]["metrics"][sensor.metric]
                assert abs(gap) <= tolerance


def test_door_that_stays_open_warms_the_room_and_closing_it_cools_it_again() -> None:
    room = device("cold_room")
    wrong = fault("door_open", room, from_minute=60, minutes=20)
    disturbed, healthy = with_and_without(room, wrong, hours=4)

    air = values(disturbed, "air_celsius")
    assert max(air[at] for at in air if wrong.start_ms <= at < wrong.end_ms) > 12
    (row,) = truth_of(scene(room, faults=[wrong], hours=4))
    assert max(air[at] for at in air if at >= row.settled_ms) < 9
    assert max(values(healthy, "air_celsius").values()) < 9


def test_dying_battery_falls_slowly_first_and_steeply_in_the_end() -> None:
    sensor = device("tank_sensor")
    wrong = fault("dying_battery", sensor, from_minute=0, minutes=180)
    disturbed, _ = with_and_without(sensor, wrong, hours=3)

    volt = list(values(disturbed, "battery_volt").values())
    third = len(volt) // 3
    assert volt[0] - volt[third] < 0.1
    assert volt[2 * third] - volt[-1] > 0.4
    assert volt[-1] < 3.0


def test_swapped_sensor_tells_the_same_in_another_unit() -> None:
    room = device("cold_room")
    inside, strays = pairs(room, fault("swapped_unit", room, metric="air_celsius", factor=1.8, plus=32.0))

    assert all(abs(told - (1.8 * true + 32.0)) <= 0.08 for _, told, true in inside)
    assert inside[0][1] > 35
    assert strays == []


def test_forged_times_lie_all_over_the_spread_and_nowhere_else() -> None:
    wrong = fault("forged_times", spread=3_600_000.0)
    disturbed, healthy = with_and_without(PUMP, wrong)

    wrong_by = {at: disturbed[at]["ts"] - healthy[at]["ts"] for at in healthy}
    inside = np.array([wrong_by[at] for at in healthy if wrong.start_ms <= at < wrong.end_ms])
    assert np.abs(inside).max() <= 3_600_000
    assert np.histogram(inside, 4, (-3_600_000, 3_600_000))[0].min() > len(inside) / 8
    assert not any(wrong_by[at] for at in healthy if not wrong.start_ms <= at < wrong.end_ms)


def test_fill_valve_that_sticks_open_lets_the_tank_run_over() -> None:
    tank = device("tank_sensor")
    wrong = fault("stuck_valve", tank, minutes=150)
    disturbed, healthy = with_and_without(tank, wrong, hours=4)

    assert max(values(disturbed, "level_percent").values()) > 99.5
    assert max(values(healthy, "level_percent").values()) < 90


def test_milder_fault_does_less() -> None:
    severe = fault("wear", severity=1.0)
    mild = fault("wear", severity=0.3)

    told = [values(with_and_without(PUMP, wrong)[0], "vibration_mmps") for wrong in (severe, mild)]

    last = max(at for at in told[0] if at < severe.end_ms)
    assert told[0][last] > 1.5 * told[1][last]


def test_faults_on_one_metric_act_in_the_order_of_the_timeline() -> None:
    bias = fault("bias", metric="flow_lpm", size=60.0)
    clipped = fault("clipped", metric="flow_lpm", above=150.0)

    clipped_last, healthy = with_and_without(PUMP, bias, clipped)
    clipped_first, _ = with_and_without(PUMP, clipped, bias)

    at_ms = next(at for at in healthy if at >= bias.start_ms)
    assert clipped_last[at_ms]["metrics"]["flow_lpm"] == 150.0
    assert clipped_first[at_ms]["metrics"]["flow_lpm"] > 200.0


VALUE_FAULTS = st.builds(
    fault,
    st.sampled_from([kind for kind, about in KINDS.items() if about.layer is Layer.VALUE] + ["dropout", "flaky"]),
    metric=st.sampled_from(PUMP.profile.metrics),
    from_minute=st.floats(0, 55),
    minutes=st.floats(0.1, 60),
    size=st.floats(-50, 50),
    factor=st.just(1.8),
)


@settings(max_examples=40, deadline=None)
@given(faults=st.lists(VALUE_FAULTS, max_size=4), seed=st.integers(0, 2**31))
def test_faults_of_sensors_change_no_message_outside_of_their_intervals(faults: list[Fault], seed: int) -> None:
    disturbed, healthy = with_and_without(PUMP, *faults, seed=seed)

    for at_ms, message in healthy.items():
        hurt = {entry.metric for entry in faults if entry.start_ms <= at_ms < entry.end_ms}
        for metric, value in message["metrics"].items():
            if metric not in hurt:
                assert disturbed[at_ms]["metrics"][metric] == value


@settings(max_examples=20, deadline=None)
@given(faults=st.lists(VALUE_FAULTS, max_size=4))
def test_faulty_values_are_finite_and_within_the_sensors_range(faults: list[Fault]) -> None:
    disturbed, _ = with_and_without(PUMP, *faults)

    for sensor in PUMP.profile.sensors:
        told = np.array([m["metrics"][sensor.metric] for m in disturbed.values() if sensor.metric in m["metrics"]])
        assert np.isfinite(told).all()
        assert ((sensor.low <= told) & (told <= sensor.high)).all()
