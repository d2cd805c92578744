"""A solar inverter: power follows sun and clouds, the panel warms, the grid rises a little."""

from typing import Final

import numpy as np

from simulator.course import Course, Model, Parameters, Values

SUNLIGHT_WPM2: Final = 1_080.0
TEMPERATURE_LOSS_PER_KELVIN: Final = 0.004
STANDARD_CELSIUS: Final = 25.0


def signals(parameters: Parameters, course: Course) -> Values:
    """Return irradiance, direct and alternating power, panel temperature and grid voltage."""
    around = course.around
    shading = course.strain("shading")
    flicker = np.clip(1.0 + 0.02 * course.wander("flicker", 0, tau_s=45), 0.9, 1.1)
    haze = np.power(around.sun, 1.2)  # a low sun shines through more air
    irradiance = SUNLIGHT_WPM2 * haze * around.clearness * flicker
    panel = course.lagged("panel", around.air_celsius + 0.03 * irradiance * (1 - 0.5 * shading), tau_s=400)
    heat_loss = 1 - TEMPERATURE_LOSS_PER_KELVIN * (panel - STANDARD_CELSIUS)
    direct = parameters["power_rated_watt"] / 1_000 * irradiance * heat_loss * (1 - 0.6 * shading)
    inverted = np.clip(0.972 * direct - 12.0, 0.0, parameters["power_rated_watt"])
    wobble = 0.9 * course.wander("grid", 1, tau_s=500)
    lift = parameters["grid_lift_volt"] * inverted / parameters["power_rated_watt"]
    evening = 1.5 * np.cos(2 * np.pi * (around.hour - 4.0) / 24.0)
    return {
        "irradiance_wpm2": irradiance,
        "dc_watt": direct,
        "ac_watt": inverted,
        "panel_celsius": panel,
        "grid_volt": parameters["grid_volt"] + evening + wobble + lift,
    }


MODEL: Final = Model(
    signals,
    parameters=("power_rated_watt", "grid_volt", "grid_lift_volt"),
    metrics=("irradiance_wpm2", "dc_watt", "ac_watt", "panel_celsius", "grid_volt"),
    normals=2,
    uniforms=0,
    strains={"shading": ("dc_watt", "ac_watt", "panel_celsius", "grid_volt")},
)
