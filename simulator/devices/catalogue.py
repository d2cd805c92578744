"""All types of devices."""

from collections.abc import Mapping
from typing import Final

from simulator.course import Model
from simulator.devices import cold_room, hvac, motor, pump, solar_inverter, tank_sensor

MODELS: Final[Mapping[str, Model]] = {
    "pump": pump.MODEL,
    "cold_room": cold_room.MODEL,
    "hvac": hvac.MODEL,
    "motor": motor.MODEL,
    "solar_inverter": solar_inverter.MODEL,
    "tank_sensor": tank_sensor.MODEL,
}
