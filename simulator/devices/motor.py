"""A conveyor's induction motor: current, speed, winding temperature and vibration follow its load.

Slip grows with load, current is magnetising and load current at right angles, heat is current squared.
"""

from typing import Final

import numpy as np

from simulator.course import Course, Model, Parameters, Values, daytime


def signals(parameters: Parameters, course: Course) -> Values:
    """Return speed, current, winding temperature and vibration."""
    overload, wear = map(course.strain, ("overload", "wear"))
    shift = daytime(course.around.hour, 6.0, 22.0) * (0.4 + 0.6 * course.around.workday)
    belt = 0.05 * course.wander("belt", 0, tau_s=240) + 0.03 * course.wander("goods", 1, tau_s=500)
    load = np.clip(0.3 + 0.42 * shift + belt, 0.1, 1.1) * (1 + 0.5 * overload) * (1 + 0.04 * wear)
    grid = 1.0 + 0.0002 * course.wander("grid", 2, tau_s=300)
    share = np.sqrt(0.35**2 + (0.94 * load) ** 2)
    hall_celsius = 17.0 + 0.3 * course.around.air_celsius
    warm_celsius = hall_celsius + parameters["winding_rise_celsius"] * share**2 + 6.0 * wear
    rough = (0.7 + 0.3 * load) * (1 + 0.03 * course.wander("shake", 3, tau_s=90)) * (1 + 3.0 * wear)
    return {
        "speed_rpm": parameters["speed_sync_rpm"] * grid * (1 - parameters["slip_ratio"] * load),
        "current_ampere": parameters["current_rated_ampere"] * share,
        "winding_celsius": course.lagged("winding", warm_celsius, tau_s=900),
        "vibration_mmps": parameters["vibration_base_mmps"] * rough,
    }


MODEL: Final = Model(
    signals,
    parameters=(
        "speed_sync_rpm",
        "slip_ratio",
        "current_rated_ampere",
        "winding_rise_celsius",
        "vibration_base_mmps",
    ),
    metrics=("speed_rpm", "current_ampere", "winding_celsius", "vibration_mmps"),
    normals=4,
    uniforms=0,
    strains={
        "overload": ("speed_rpm", "current_ampere", "winding_celsius", "vibration_mmps"),
        "wear": ("speed_rpm", "current_ampere", "winding_celsius", "vibration_mmps"),
    },
)
