"""A water pump with variable speed: flow, pressure, current, vibration and bearing temperature follow demand.

Affinity laws: flow grows with speed, pressure with its square, power with its cube.
"""

from typing import Final

import numpy as np

from simulator.course import Course, Model, Parameters, Values, bell

LEAK_PRESSURE: Final = 0.45
CAVITATION_PRESSURE: Final = 0.25


def signals(parameters: Parameters, course: Course) -> Values:
    """Return flow, pressure, current, vibration and bearing temperature."""
    hour = course.around.hour
    leak, cavitation, wear = map(course.strain, ("leak", "cavitation", "wear"))
    demand = 0.72 + 0.14 * bell(hour, 7.5, 2.5) + 0.12 * bell(hour, 18.5, 3.0) - 0.12 * bell(hour, 2.5, 3.0)
    speed = np.clip(demand + 0.025 * course.wander("demand", 0, tau_s=500), 0.4, 1.05)
    valve = 0.012 * course.wander("valve", 1, tau_s=600)
    shake = 1.0 + 0.03 * course.wander("shake", 2, tau_s=120)
    room_celsius = 18.0 + 0.3 * course.around.air_celsius
    warm_celsius = room_celsius + parameters["bearing_rise_celsius"] * speed**2 + 24.0 * wear
    flow = parameters["flow_rated_lpm"] * speed * (1 + valve) * (1 + 0.15 * leak) * (1 - 0.2 * cavitation)
    surge = 1 - cavitation * (CAVITATION_PRESSURE + 0.06 * course.normals[3])
    head = parameters["pressure_rated_bar"] * speed**2 * (1 - 1.5 * valve)
    power = (0.3 + 0.7 * speed**3) * (1 + 0.5 * valve) * (1 + 0.06 * leak) * (1 - 0.1 * cavitation)
    rough = 1 + 3.0 * cavitation + 2.5 * wear
    return {
        "flow_lpm": flow,
        "pressure_bar": head * surge * (1 - LEAK_PRESSURE * leak),
        "current_ampere": parameters["current_rated_ampere"] * power,
        "vibration_mmps": parameters["vibration_base_mmps"] * (0.5 + 0.5 * speed**2) * shake * rough,
        "bearing_celsius": course.lagged("bearing", warm_celsius, tau_s=1_200),
    }


MODEL: Final = Model(
    signals,
    parameters=(
        "flow_rated_lpm",
        "pressure_rated_bar",
        "current_rated_ampere",
        "vibration_base_mmps",
        "bearing_rise_celsius",
    ),
    metrics=("flow_lpm", "pressure_bar", "current_ampere", "vibration_mmps", "bearing_celsius"),
    normals=4,
    uniforms=0,
    strains={
        "leak": ("flow_lpm", "pressure_bar", "current_ampere"),
        "cavitation": ("flow_lpm", "pressure_bar", "current_ampere", "vibration_mmps"),
        "wear": ("vibration_mmps", "bearing_celsius"),
    },
)
