"""Devices behave as physics says, and their metrics hang together."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.course import Course
from simulator.weather import Site, weather_of
from tests.simulator.played import MONDAY_MS, NORTH, TYPES, device, scene, series
from tocsin.core.clock import DAY_MS, HOUR_MS
from tocsin.core.plan.resolve import UNIT_SIGNS

Array = NDArray[np.float64]


@cache
def day(kind: str, *, seed: int = 1, number: int = 1) -> dict[str, Array]:
    subject = device(kind, number)
    return series(scene(subject, from_hour=0, hours=24), subject.name, seed)


def correlation(one: Array, other: Array) -> float:
    return float(np.corrcoef(one, other)[0, 1])


@pytest.mark.parametrize("kind", TYPES)
def test_every_metric_moves_stays_in_its_range_and_names_a_known_unit(kind: str) -> None:
    told = day(kind)

    for sensor in device(kind).profile.sensors:
        values = told[sensor.metric]
        assert np.ptp(values) > 0
        assert sensor.low <= values.min()
        assert values.max() <= sensor.high
        assert sensor.metric.rsplit("_", 1)[-1] in UNIT_SIGNS


@pytest.mark.parametrize("kind", TYPES)
def test_values_are_whole_steps_of_the_sensor(kind: str) -> None:
    told = day(kind)

    for sensor in device(kind).profile.sensors:
        steps = told[sensor.metric] / sensor.resolution
        assert np.allclose(steps, np.rint(steps), atol=1e-6)


@pytest.mark.parametrize("kind", TYPES)
def test_noise_of_the_sensor_is_what_the_profile_says(kind: str) -> None:
    told = day(kind)

    # Second differences take out slow movement; of white noise they leave six times its variance.
    for sensor in device(kind).profile.sensors:
        wiggle = np.median(np.abs(np.diff(told[sensor.metric], 2))) / 0.6745 / np.sqrt(6)
        floor = np.hypot(sensor.noise, sensor.resolution / np.sqrt(12))
        awake = sensor.dead_band == 0
        assert wiggle < 4 * floor or sensor.metric in {"speed_rpm", "dc_watt", "ac_watt"}
        assert wiggle > 0.4 * sensor.noise or not awake


def test_flow_pressure_and_current_of_a_pump_rise_together() -> None:
    told = day("pump")

    assert correlation(told["flow_lpm"], told["pressure_bar"]) > 0.9
    assert correlation(told["flow_lpm"], told["current_ampere"]) > 0.9
    assert correlation(told["flow_lpm"], told["bearing_celsius"]) > 0.7


def test_pressure_of_a_pump_grows_with_the_square_of_its_flow() -> None:
    told = day("pump")

    exponent = np.polyfit(np.log(told["flow_lpm"]), np.log(told["pressure_bar"]), 1)[0]

    assert 1.7 < exponent < 2.3


def test_motor_slows_down_under_load_and_warms_up_after_it() -> None:
    told = day("motor")

    assert correlation(told["speed_rpm"], told["current_ampere"]) < -0.9
    now = correlation(told["current_ampere"][:-90], told["winding_celsius"][:-90])
    fifteen_minutes_on = correlation(told["current_ampere"][:-90], told["winding_celsius"][90:])
    assert fifteen_minutes_on > now


@pytest.mark.parametrize("number", range(1, 9))
def test_cold_room_stays_within_its_band_on_an_ordinary_day(number: int) -> None:
    told = day("cold_room", number=number, seed=number)

    air = told["air_celsius"]
    assert air.min() > 1.5
    assert air.max() < 9.0
    assert 3.0 < air.mean() < 6.0


def test_compressor_runs_for_a_part_of_the_time_and_cools_while_it_runs() -> None:
    told = day("cold_room")

    running = told["compressor_watt"] > 1_500
    assert 0.15 < running.mean() < 0.7
    change = np.diff(told["air_celsius"])
    assert change[running[:-1]].mean() < 0 < change[~running[:-1]].mean()


def test_evaporator_is_colder_than_the_air_while_the_compressor_runs() -> None:
    told = day("cold_room")

    running = told["compressor_watt"] > 1_500
    assert (told["air_celsius"] - told["evaporator_celsius"])[running].mean() > 3


def test_people_bring_carbon_dioxide_and_the_fan_answers() -> None:
    told = day("hvac")

    hour = (told["time_ms"] - MONDAY_MS) / HOUR_MS
    night, noon = told["co2_ppm"][hour < 5].mean(), told["co2_ppm"][(hour > 10) & (hour < 16)].mean()
    assert night < 500
    assert noon > 650
    assert correlation(told["co2_ppm"], told["fan_rpm"]) > 0.8
    assert 20 < told["return_celsius"].min() < told["return_celsius"].max() < 25


@pytest.mark.parametrize(("zone", "shift_h"), [("Europe/Berlin", 1), ("UTC", 0), ("", 0)])
def test_people_live_by_the_clocks_of_their_zone_and_the_sun_does_not(zone: str, shift_h: int) -> None:
    office, roof = device("hvac"), device("solar_inverter")
    site = Site("north", 44.0, 0.0, zone)
    # Clocks went back on the 25th of October 2026; Fridays before and after it.
    before_ms, after_ms = 1_792_713_600_000 - 7 * DAY_MS, 1_792_713_600_000 + 7 * DAY_MS

    def lived(start_ms: int, name: str, metric: str) -> Array:
        subject = replace(office if name == office.name else roof, site=site)
        scenario = replace(scene(subject, hours=24), start_ms=start_ms, end_ms=start_ms + DAY_MS)
        return series(scenario, subject.name)[metric]

    moved = [_first_above(lived(day, office.name, "co2_ppm"), 600) for day in (before_ms, after_ms)]
    assert moved[1] - moved[0] == pytest.approx(120 * shift_h, abs=40)
    noons = [lived(day, roof.name, "irradiance_wpm2").nonzero()[0].mean() for day in (before_ms, after_ms)]
    assert noons[1] == pytest.approx(noons[0], abs=10)


def _first_above(told: Array, level: float) -> int:
    return int(np.argmax(told > level))


def test_weekend_office_is_empty() -> None:
    subject = device("hvac")
    saturday = series(scene(subject, from_hour=-48, hours=24), subject.name)

    assert saturday["co2_ppm"].max() < 650


def test_sun_gives_nothing_at_night_and_something_at_noon() -> None:
    told = day("solar_inverter")

    hour = (told["time_ms"] - MONDAY_MS) / HOUR_MS
    night, noon = (hour < 6) | (hour > 18), np.abs(hour - 12) < 1
    for metric in ("irradiance_wpm2", "dc_watt", "ac_watt"):
        assert (told[metric][night] == 0).all()
        assert (told[metric][noon] > 0).all()


def test_inverter_loses_a_little_of_the_power_and_warms_its_panel() -> None:
    told = day("solar_inverter")

    lit = told["dc_watt"] > 500
    efficiency = told["ac_watt"][lit] / told["dc_watt"][lit]
    assert 0.9 < efficiency.mean() < 0.98
    assert correlation(told["irradiance_wpm2"], told["panel_celsius"]) > 0.6


def test_summer_sun_stands_higher_and_longer_than_winter_sun() -> None:
    hours = np.arange(24) * HOUR_MS
    weather = weather_of(NORTH, 1)

    winter = weather.at(MONDAY_MS + hours).sun
    summer = weather.at(MONDAY_MS + 210 * 24 * HOUR_MS + hours).sun

    assert summer.max() > winter.max() + 0.3
    assert np.count_nonzero(summer) > np.count_nonzero(winter)


def test_tank_is_emptied_slowly_and_filled_before_it_is_empty() -> None:
    subject = device("tank_sensor")
    level = series(scene(subject, from_hour=0, hours=72), subject.name)["level_percent"]

    assert level.min() > 40
    assert level.max() < 92
    assert np.median(np.diff(level[::10])) < 0
    assert level.max() - level.min() > 30


def test_devices_of_one_site_share_its_weather() -> None:
    one = day("solar_inverter", number=1)["irradiance_wpm2"]
    other = day("solar_inverter", number=2)["irradiance_wpm2"]

    assert correlation(one, other) > 0.97


def test_another_seed_is_another_day_of_the_same_device() -> None:
    one, other = day("pump", seed=1), day("pump", seed=2)

    assert correlation(np.diff(one["flow_lpm"]), np.diff(other["flow_lpm"])) < 0.2
    assert one["flow_lpm"].mean() == pytest.approx(other["flow_lpm"].mean(), rel=0.03)


def test_devices_of_a_type_do_not_move_in_step() -> None:
    one, other = day("pump", number=1), day("pump", number=2)

    ten_minutes = [told["flow_lpm"].reshape(-1, 60).mean(axis=1) for told in (one, other)]
    assert abs(correlation(*(np.diff(means) for means in ten_minutes))) < 0.6
    assert one["flow_lpm"].mean() != pytest.approx(other["flow_lpm"].mean(), rel=0.001)


def course_of(normals: Array, memory: dict[str, float], *, step_s: float = 10.0) -> Course:
    around = weather_of(NORTH, 1).at(np.arange(normals.shape[1]))
    return Course(step_s, around, normals, np.empty((0, normals.shape[1])), {}, memory)


def test_paths_go_on_from_block_to_block_as_if_they_were_one() -> None:
    normals = np.random.default_rng(1).standard_normal((1, 100))
    target = np.sin(np.arange(100) / 7)

    whole = course_of(normals, {})
    memory: dict[str, float] = {}
    parts = [(course_of(normals[:, cut], memory), cut) for cut in (slice(0, 40), slice(40, 100))]

    halves = [part.wander("load", 0, tau_s=100) for part, _ in parts]
    assert (np.concatenate(halves) == whole.wander("load", 0, tau_s=100)).all()
    halves = [part.lagged("heat", target[cut], tau_s=100) for part, cut in parts]
    assert (np.concatenate(halves) == whole.lagged("heat", target, tau_s=100)).all()


def test_wandering_has_standard_deviation_one_whatever_the_step() -> None:
    rng = np.random.default_rng(1)
    for step_s in (1.0, 10.0, 60.0):
        course = course_of(rng.standard_normal((1, 200_000)), {}, step_s=step_s)

        path = course.wander("load", 0, tau_s=100)

        assert path.std() == pytest.approx(1.0, abs=0.1)
        lag = round(100 / step_s)
        assert correlation(path[:-lag], path[lag:]) == pytest.approx(np.exp(-1), abs=0.08)


def test_lag_reaches_two_thirds_after_its_time_constant() -> None:
    target = np.concatenate([[0.0], np.ones(30)])
    course = course_of(np.empty((0, 31)), {})

    path = course.lagged("heat", target, tau_s=100)

    assert path[0] == 0.0
    assert path[10] == pytest.approx(1 - np.exp(-1), abs=1e-9)
