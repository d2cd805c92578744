"""A battery-powered sensor on a water tank: the level falls with use and is filled up, the cell ages."""

from typing import Final

import numpy as np

from simulator.course import Course, Model, Parameters, Values, bell
from simulator.weather import Floats

FILL_BELOW_PERCENT: Final = 45.0
FILL_UP_TO_PERCENT: Final = 88.0
LEAK_PERCENT_PER_S: Final = 80.0 / 3_600


def signals(parameters: Parameters, course: Course) -> Values:
    """Return level, water temperature, battery voltage and radio signal."""
    hour = course.around.hour
    ageing = course.strain("dying_battery")
    use = 0.5 + 0.8 * bell(hour, 7.5, 2.0) + 0.6 * bell(hour, 19.0, 2.5) - 0.3 * bell(hour, 3.0, 2.5)
    use = use * np.clip(1 + 0.15 * course.wander("use", 0, tau_s=600), 0.2, 2.0)
    drawn = parameters["use_percent_per_hour"] / 3_600 * use + LEAK_PERCENT_PER_S * course.strain("leak")
    water = course.lagged("water", 9.0 + 0.35 * course.around.air_celsius, tau_s=20_000)
    chill = 0.002 * (water - 15.0) + 0.0015 * course.wander("cell", 1, tau_s=600)
    # A lithium cell holds its voltage for most of its life and then falls steeply.
    fade = 0.2 * ageing + 0.6 * ageing**4
    return {
        "level_percent": _level(parameters, course, drawn, course.strain("stuck_valve")),
        "water_celsius": water,
        "battery_volt": parameters["battery_fresh_volt"] + chill - fade,
        "signal_percent": parameters["signal_percent"] + 2.0 * course.wander("signal", 2, tau_s=400),
    }


def _level(parameters: Parameters, course: Course, drawn: Floats, stuck: Floats) -> Floats:
    """Return the level, shape (n,); a fill valve that sticks lets water in whether or not it is wanted."""
    level = course.memory.get("level", parameters["level_start_percent"])
    filling = course.memory.get("filling", 0.0)
    path = []
    for outflow, stuck_open in zip(drawn.tolist(), stuck.tolist(), strict=True):
        if level < FILL_BELOW_PERCENT:
            filling = 1.0
        elif level > FILL_UP_TO_PERCENT:
            filling = 0.0
        inflow = max(filling, stuck_open) * parameters["fill_percent_per_hour"] / 3_600
        level = min(100.0, max(0.0, level + course.step_s * (inflow - outflow)))
        path.append(level)
    course.memory.update(level=level, filling=filling)
    return np.array(path)


MODEL: Final = Model(
    signals,
    parameters=(
        "use_percent_per_hour",
        "fill_percent_per_hour",
        "level_start_percent",
        "battery_fresh_volt",
        "signal_percent",
    ),
    metrics=("level_percent", "water_celsius", "battery_volt", "signal_percent"),
    normals=3,
    uniforms=0,
    strains={"leak": ("level_percent",), "stuck_valve": ("level_percent",), "dying_battery": ("battery_volt",)},
)
