"""A cold room: a compressor switches between two temperatures, doors let warm air in, ice is melted off.

The air is one heat store, warmed through the walls and the door, cooled while the compressor runs.
"""

from dataclasses import dataclass
from math import exp
from typing import Final

import numpy as np

from simulator.course import Course, Model, Parameters, Values, daytime

WALL_TAU_S: Final = 14_000.0
DOOR_TAU_S: Final = 1_500.0
DEFROST_EVERY_S: Final = 6 * 3_600
DEFROST_S: Final = 15 * 60
DOOR_VISITS_PER_S: Final = 1 / 1_500
DOOR_CLOSES_PER_S: Final = 1 / 70
REHEAT_CELSIUS: Final = 0.9
WIDE_OPEN: Final = 2.5
"""A door that stands open exchanges this much more air than one through which people come and go."""


@dataclass(slots=True)
class _Room:
    """What changes from instant to instant; ``door`` and ``running`` are 0.0 or 1.0."""

    air_celsius: float
    door: float
    running: float


def signals(parameters: Parameters, course: Course) -> Values:
    """Return air and evaporator temperature, humidity and the compressor's power."""
    air, door, running, defrost = _rows(parameters, course)
    setpoint = parameters["setpoint_celsius"]
    gas = 1 - course.strain("leak")
    coil = np.where(running > 0, air - 9.0 * (0.35 + 0.65 * gas), air - 1.0) + 9.0 * defrost
    hum = parameters["humidity_percent"] + 5.0 * door + 4.0 * defrost - 3.0 * running
    pull = 1 + 0.02 * (air - setpoint) + 0.01 * course.wander("pull", 0, tau_s=300)
    watt = parameters["compressor_watt"] * running * pull * (0.7 + 0.3 * gas)
    moist = 0.8 * course.wander("moist", 1, tau_s=400)
    return {
        "air_celsius": air,
        "evaporator_celsius": course.lagged("coil", coil, tau_s=150),
        "humidity_percent": course.lagged("humidity", hum + 1.5 * (air - setpoint), tau_s=240) + moist,
        "compressor_watt": watt + 45.0 + 900.0 * defrost,
    }


def _rows(parameters: Parameters, course: Course) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return air temperature, door, compressor and defrost, shape (4, n)."""
    busy = daytime(course.around.hour, 6.0, 19.0)
    offset_s = parameters["defrost_offset_s"]
    defrost = ((course.around.time_ms / 1_000 + offset_s) % DEFROST_EVERY_S < DEFROST_S).astype(np.float64)
    warm = 19.0 + 0.25 * course.around.air_celsius
    columns = (warm, busy, defrost, course.strain("door_open"), course.strain("leak"), course.uniforms[0])
    room = _room(parameters, course)
    path = []
    for around, work, melting, held_open, leak, chance in zip(*(c.tolist() for c in columns), strict=True):
        _move_door(room, work, chance, course.step_s)
        _switch(room, parameters, melting)
        opened = max(room.door, WIDE_OPEN * held_open)
        cooling = parameters["cooling_celsius_per_s"] * room.running * (1 - leak)
        _drift(room, around, opened, cooling, course.step_s)
        path.append((room.air_celsius, min(1.0, opened), room.running, melting))
    course.memory.update(air=room.air_celsius, door=room.door, running=room.running)
    return np.array(path).T


def _room(parameters: Parameters, course: Course) -> _Room:
    start_celsius = parameters["setpoint_celsius"] + parameters["start_ratio"] * REHEAT_CELSIUS
    memory = course.memory
    return _Room(memory.get("air", start_celsius), memory.get("door", 0.0), memory.get("running", 0.0))


def _move_door(room: _Room, work: float, chance: float, step_s: float) -> None:
    if room.door:
        room.door = float(chance < exp(-step_s * DOOR_CLOSES_PER_S))
    else:
        room.door = float(chance > exp(-step_s * DOOR_VISITS_PER_S * work))


def _switch(room: _Room, parameters: Parameters, melting: float) -> None:
    if melting or room.air_celsius < parameters["setpoint_celsius"] - REHEAT_CELSIUS:
        room.running = 0.0
    elif room.air_celsius > parameters["setpoint_celsius"] + REHEAT_CELSIUS:
        room.running = 1.0


def _drift(room: _Room, around_celsius: float, opened: float, cooling: float, step_s: float) -> None:
    """Take the air one step towards where walls, door and compressor would bring it; exact for any step."""
    rate = 1 / WALL_TAU_S + opened / DOOR_TAU_S
    rest = around_celsius - cooling / rate
    room.air_celsius = rest + (room.air_celsius - rest) * exp(-rate * step_s)


MODEL: Final = Model(
    signals,
    parameters=(
        "setpoint_celsius",
        "cooling_celsius_per_s",
        "compressor_watt",
        "humidity_percent",
        "defrost_offset_s",
        "start_ratio",
    ),
    metrics=("air_celsius", "evaporator_celsius", "humidity_percent", "compressor_watt"),
    normals=2,
    uniforms=1,
    strains={
        "door_open": ("air_celsius", "evaporator_celsius", "humidity_percent", "compressor_watt"),
        "leak": ("air_celsius", "evaporator_celsius", "humidity_percent", "compressor_watt"),
    },
)
