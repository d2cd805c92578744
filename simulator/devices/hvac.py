"""An air handling unit: people bring heat and CO2, fan and damper answer, supply and return air follow."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from simulator.course import Course, Model, Parameters, Values, bell, daytime

OUTDOOR_CO2_PPM: Final = 425.0
WALL_PER_S: Final = 1 / 40_000
AIR_PER_S: Final = 1 / 2_400
HEAT_CELSIUS_PER_S: Final = 1 / 1_500
BREATH_PPM_PER_S: Final = 0.55
FRESH_AIR_PER_S: Final = 1 / 900


@dataclass(slots=True)
class _Zone:
    """What changes from instant to instant."""

    room_celsius: float
    co2_ppm: float
    fan: float


class _Instant(NamedTuple):
    """What acts on the zone at one instant.

    Attributes:
        people: How full it is, in ``[0, 1]``.
        outdoors_celsius: Temperature outdoors.
        passage: Share of the air that the filter lets through.
        coil: Share of its heat that the coil still exchanges.
    """

    people: float
    outdoors_celsius: float
    passage: float
    coil: float


def signals(parameters: Parameters, course: Course) -> Values:
    """Return supply and return temperature, fan speed, damper position and CO2."""
    clogged, leak = map(course.strain, ("clogged_filter", "leak"))
    room, co2, fan, damper, supply = _rows(parameters, course)
    rpm = parameters["fan_rated_rpm"] * np.clip(fan * (1 + 0.25 * clogged), 0.0, 1.1)
    return {
        "supply_celsius": course.lagged("supply", supply, tau_s=180),
        "return_celsius": course.lagged("return", room + 0.4 + 0.3 * leak, tau_s=240),
        "fan_rpm": rpm * (1 + 0.003 * course.wander("belt", 1, tau_s=60)),
        "damper_percent": 100.0 * damper,
        "co2_ppm": co2,
    }


def _rows(parameters: Parameters, course: Course) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return room temperature, CO2, fan, damper and the supply temperature aimed at, shape (5, n)."""
    columns = (
        _people(parameters, course),
        course.around.air_celsius,
        1 - 0.6 * course.strain("clogged_filter"),
        1 - course.strain("leak"),
    )
    memory = course.memory
    zone = _Zone(memory.get("room", 21.0), memory.get("co2", 470.0), memory.get("fan", 0.35))
    path = [
        _advance(zone, _Instant(*row), parameters["setpoint_celsius"], course.step_s)
        for row in zip(*(column.tolist() for column in columns), strict=True)
    ]
    memory.update(room=zone.room_celsius, co2=zone.co2_ppm, fan=zone.fan)
    return np.array(path).T


def _people(parameters: Parameters, course: Course) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return how full the rooms are, in ``[0, 1]``: office hours and a lunch break."""
    hour = course.around.hour
    office = daytime(hour, 8.0, 17.5, soft_h=0.7) * (1 - 0.35 * bell(hour, 12.5, 0.7))
    coming = office * (0.03 + 0.97 * course.around.workday) * parameters["people_ratio"]
    return np.clip(coming * (1 + 0.06 * course.wander("people", 0, tau_s=500)), 0.0, 1.0)


def _advance(zone: _Zone, now: _Instant, setpoint: float, step_s: float) -> tuple[float, ...]:
    """Take the zone one step; return room temperature, CO2, fan, damper, supply temperature aimed at.

    Steps are split so that none is longer than half a minute: explicit Euler stays stable and near enough.
    """
    parts = max(1, round(step_s / 30))
    damper, supply = 0.15, setpoint
    for _ in range(parts):
        dt_s = step_s / parts
        damper = min(1.0, max(0.15, 0.15 + (zone.co2_ppm - 600.0) / 500.0))
        wanted = min(1.0, max(0.3, 0.3 + 0.5 * now.people + (zone.co2_ppm - 700.0) / 900.0))
        zone.fan += (wanted - zone.fan) * min(1.0, dt_s / 240)
        supply = setpoint + now.coil * min(9.0, max(-7.0, 4.0 * (setpoint - zone.room_celsius)))
        moved = zone.fan * now.passage
        gain = AIR_PER_S * moved * (supply - zone.room_celsius) + WALL_PER_S * (
            now.outdoors_celsius - zone.room_celsius
        )
        zone.room_celsius += dt_s * (gain + HEAT_CELSIUS_PER_S * now.people)
        fresh = FRESH_AIR_PER_S * moved * damper
        zone.co2_ppm += dt_s * (BREATH_PPM_PER_S * now.people - fresh * (zone.co2_ppm - OUTDOOR_CO2_PPM))
    return zone.room_celsius, zone.co2_ppm, zone.fan, damper, supply


MODEL: Final = Model(
    signals,
    parameters=("setpoint_celsius", "fan_rated_rpm", "people_ratio"),
    metrics=("supply_celsius", "return_celsius", "fan_rpm", "damper_percent", "co2_ppm"),
    normals=2,
    uniforms=0,
    strains={
        "clogged_filter": ("supply_celsius", "return_celsius", "fan_rpm", "damper_percent", "co2_ppm"),
        "leak": ("supply_celsius", "return_celsius"),
    },
)
