"""The course of one device over a block of instants, and what a model of a device is.

Noise comes in fixed numbers of draws per block, whatever happens to the device, so that a fault changes
what it is about and nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import exp, sqrt
from typing import Final

import numpy as np

from simulator.weather import Floats, Surroundings

BLOCK_MESSAGES: Final = 256
"""Messages of a device that are made at once; part of what a seed means."""

Parameters = Mapping[str, float]
Values = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Course:
    """What one device goes through over n instants.

    Attributes:
        step_s: Seconds between two instants.
        around: What acts on its site.
        normals: shape (k, n), standard normal numbers, a row for each cause of chance.
        uniforms: shape (u, n), numbers in ``[0, 1)``.
        strains: Kind of physical fault to its severity in ``[0, 1]``, shape (n,); absent where there is none.
        memory: What the device was like at the end of the block before; empty in the first. Updated by
            the methods and the model.
    """

    step_s: float
    around: Surroundings
    normals: Floats
    uniforms: Floats
    strains: Mapping[str, Floats]
    memory: dict[str, float]

    def strain(self, kind: str) -> Floats:
        """Return the severity of the physical fault, shape (n,)."""
        found = self.strains.get(kind)
        return np.zeros(len(self.around.time_ms)) if found is None else found

    def lagged(self, name: str, target: Floats, *, tau_s: float) -> Floats:
        """Return a first-order lag behind the target, which it starts at in the first block.

        Args:
            name: Under which its end is remembered.
            target: shape (n,), where it is drawn to.
            tau_s: Time constant, seconds.
        """
        gain = 1.0 - exp(-self.step_s / tau_s)
        wanted = target.tolist()
        start = self.memory.get(name, wanted[0])
        path = list(accumulate(wanted, lambda held, aim: held + gain * (aim - held), initial=start))
        self.memory[name] = path[-1]
        return np.array(path[1:])

    def wander(self, name: str, row: int, *, tau_s: float) -> Floats:
        """Return a slow random path around 0 with standard deviation 1 (Ornstein-Uhlenbeck, exact steps).

        Args:
            name: Under which its end is remembered.
            row: Row of ``normals`` that drives it.
            tau_s: Correlation time, seconds.
        """
        keep = exp(-self.step_s / tau_s)
        push = sqrt(1.0 - keep * keep)
        shocks = self.normals[row].tolist()
        start = self.memory.get(name, 0.0)
        path = list(accumulate(shocks, lambda held, shock: keep * held + push * shock, initial=start))
        self.memory[name] = path[-1]
        return np.array(path[1:])


@dataclass(frozen=True, slots=True)
class Model:
    """The physics of a type of device.

    Attributes:
        signals: Returns the true value of each metric, shape (n,), of a device with the parameters.
        parameters: Names of the parameters that a profile must give ranges for.
        metrics: Names of what ``signals`` returns.
        normals: Rows of normal numbers it needs.
        uniforms: Rows of uniform numbers it needs.
        strains: Kind of physical fault that it knows to the metrics that show it.
    """

    signals: Callable[[Parameters, Course], Values]
    parameters: tuple[str, ...]
    metrics: tuple[str, ...]
    normals: int
    uniforms: int
    strains: Mapping[str, tuple[str, ...]]


def bell(hour: Floats, centre: float, width: float) -> Floats:
    """Return a daily peak of height 1 at the hour ``centre``, falling off over ``width`` hours."""
    distance = (hour - centre + 12.0) % 24.0 - 12.0
    return np.asarray(np.exp(-((distance / width) ** 2)))


def daytime(hour: Floats, start: float, end: float, *, soft_h: float = 0.4) -> Floats:
    """Return 1 between the hours and 0 outside, with borders ``soft_h`` hours soft."""
    rise = np.tanh((hour - start) / soft_h) - np.tanh((hour - end) / soft_h)
    return np.asarray(np.clip(0.5 * rise, 0.0, 1.0))
