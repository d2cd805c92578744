"""Profiles: what the devices of a type are like, read from YAML.

Parameters are ranges: each device draws its own from its name, so another seed is another day of the
same fleet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from simulator.course import Model
from simulator.devices.catalogue import MODELS
from simulator.noise import COLOURS
from simulator.randomness import stream
from simulator.weather import Floats
from tocsin.core.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from tocsin.core.yaml_source import Section, read_document

PROFILES: Final = Path(__file__).parent / "profiles"
TIME_FORMATS: Final = ("epoch_ms", "iso")
INTERVAL_MS_MIN: Final = 100
VALUE_MAX: Final = 1e9


@dataclass(frozen=True, slots=True)
class Sensor:
    """What measures one metric.

    Attributes:
        metric: Name of the metric, with its unit.
        noise: Standard deviation of its noise, in the metric's unit; faults are sized in it.
        resolution: Smallest step that it tells, in the metric's unit.
        low: Smallest value that it can show.
        high: Largest value that it can show.
        dead_band: Values closer to 0 than this are shown as 0, as an inverter does at night.
        colour: Of the noise: ``white``, ``pink`` or ``red``.
    """

    metric: str
    noise: float
    resolution: float
    low: float
    high: float
    dead_band: float = 0.0
    colour: str = "white"

    def shown(self, values: Floats) -> Floats:
        """Return what the sensor tells, shape (n,): within its range, in whole steps; NaN stays NaN.

        Each result is the double nearest to the decimal, so its shortest text has no tail of digits.
        """
        awake = np.where(np.abs(values) < self.dead_band, 0.0, values)
        steps = np.rint(np.clip(awake, self.low, self.high) / self.resolution)
        exponent = Decimal(repr(self.resolution)).as_tuple().exponent
        decimals = max(0, -int(exponent))
        per_step = round(self.resolution * 10**decimals)
        return np.asarray(steps * per_step / 10**decimals + 0.0)  # -0.0 becomes 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """A type of device.

    Attributes:
        type: Name of the type, as fleets and plans use it.
        model: Its physics.
        interval_ms: Time between two messages of a device.
        time_format: How its messages write their time: ``epoch_ms`` or ``iso``.
        settle_ms: How long after a physical fault its traces may last.
        parameters: Name to the range that devices draw from.
        sensors: In the order of the message.
    """

    type: str
    model: Model
    interval_ms: int
    time_format: str
    settle_ms: int
    parameters: Mapping[str, tuple[float, float]]
    sensors: tuple[Sensor, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, in the order of the message."""
        return tuple(sensor.metric for sensor in self.sensors)

    def drawn(self, device: str) -> dict[str, float]:
        """Return the parameters of the device, the same under every seed."""
        return {
            name: float(stream(device, "parameter", name).uniform(low, high))
            for name, (low, high) in self.parameters.items()
        }


@lru_cache(maxsize=64)
def load_profile(path: Path) -> Profile:
    """Return the profile in the file; its type is the file's name.

    Raises:
        PlanError: Problems were found: all of them, with file, line and key.
    """
    document = read_document(path)
    root = document.root
    model = MODELS[root.choice("model", tuple(MODELS))]
    root.text("description", "")
    profile = Profile(
        type=path.stem,
        model=model,
        interval_ms=root.duration_ms("interval", low_ms=INTERVAL_MS_MIN, high_ms=HOUR_MS),
        time_format=root.choice("time_format", TIME_FORMATS, TIME_FORMATS[0]),
        settle_ms=root.duration_ms("settle", 30 * MINUTE_MS, low_ms=SECOND_MS),
        parameters=_parameters(root, model),
        sensors=_sensors(root, model),
    )
    document.finish()
    return profile


def shipped_profile(device_type: str) -> Path:
    """Return where the profile of a type that comes with the simulator is."""
    return PROFILES / f"{device_type}.yaml"


def _parameters(root: Section, model: Model) -> dict[str, tuple[float, float]]:
    section = root.section("parameters")
    if section is None:
        root.problem("parameters", f"must give ranges for {', '.join(model.parameters)}")
        return {}
    return {name: _range(section, name) for name in model.parameters}


def _sensors(root: Section, model: Model) -> tuple[Sensor, ...]:
    sections = root.named_sections("metrics")
    if not sections:
        root.problem("metrics", f"must name some of {', '.join(model.metrics)}")
    return tuple(_sensor(name, section, model) for name, section in sections.items())


def _sensor(metric: str, section: Section, model: Model) -> Sensor:
    if metric not in model.metrics:
        section.value.problem(f"must be one of {', '.join(model.metrics)}, got {metric[:80]!r}")
    low, high = _range(section, "range")
    return Sensor(
        metric=metric,
        noise=section.number("noise", low=0.0, high=VALUE_MAX),
        resolution=section.number("resolution", low=1e-6, high=1e6),
        low=low,
        high=high,
        dead_band=section.number("dead_band", 0.0, low=0.0, high=VALUE_MAX),
        colour=section.choice("colour", COLOURS, COLOURS[0]),
    )


def _range(section: Section, key: str) -> tuple[float, float]:
    ends = section.numbers(key, low=-VALUE_MAX, high=VALUE_MAX)
    if len(ends) == 2 and ends[0] <= ends[1]:
        return ends[0], ends[1]
    if section.find(key) is not None:
        section.problem(key, f"must be the lower and the upper end, got {len(ends)} numbers, lower end first")
    return 0.0, 1.0
