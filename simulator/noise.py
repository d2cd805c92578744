"""Noise of sensors: white, pink or red, each of standard deviation 1, the same whatever the length of blocks.

Coloured noise is white noise through one-pole filters, so a row of draws makes a row of any colour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt
from typing import Final

import numpy as np

from simulator.weather import Floats


@dataclass(frozen=True, slots=True)
class _Filter:
    """Poles side by side, fed by the same white noise.

    Attributes:
        poles: Share that each keeps from one draw to the next.
        gains: How much each takes of a draw.
        direct: How much of the draw goes straight through.
    """

    poles: tuple[float, ...]
    gains: tuple[float, ...]
    direct: float = 0.0

    def deviation(self) -> float:
        """Return the standard deviation of what comes out of white noise of deviation 1."""
        pairs = [
            gain * other / (1.0 - pole * second)
            for gain, pole in zip(self.gains, self.poles, strict=True)
            for other, second in zip(self.gains, self.poles, strict=True)
        ]
        return sqrt(sum(pairs) + self.direct**2 + 2.0 * self.direct * sum(self.gains))


FILTERS: Final[Mapping[str, _Filter]] = {
    # Three poles about a decade apart fall off by 3 dB an octave between them. Source: P. Kellet's economy filter.
    "pink": _Filter((0.99765, 0.96300, 0.57000), (0.0990460, 0.2965164, 1.0526913), 0.1848),
    "red": _Filter((0.98,), (1.0,)),
}
COLOURS: Final = ("white", *FILTERS)


def coloured(colour: str, white: Floats, memory: dict[str, float], name: str) -> Floats:
    """Return noise of the colour, shape (n,), of standard deviation 1 in the long run.

    Args:
        colour: One of ``COLOURS``.
        white: shape (n,), independent standard normal draws.
        memory: Where the filters stood at the end of the block before; updated.
        name: Under which they are remembered.
    """
    if colour == "white":
        return white
    wanted = FILTERS[colour]
    total = wanted.direct * white
    draws = white.tolist()
    for number, (pole, gain) in enumerate(zip(wanted.poles, wanted.gains, strict=True)):
        key = f"noise {name} {number}"
        path = _filtered(draws, pole, gain, memory.get(key, 0.0))
        memory[key] = path[-1]
        total = total + np.array(path[1:])
    return np.asarray(total / wanted.deviation())


def _filtered(draws: Sequence[float], pole: float, gain: float, start: float) -> list[float]:
    return list(accumulate(draws, lambda held, draw: pole * held + gain * draw, initial=start))
