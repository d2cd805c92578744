"""The kinds of faults: what they act on, what a scenario must say about them, who should notice.

This table is the reference; the words of a scenario file are its keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from tocsin.core.clock import MINUTE_MS, SECOND_MS


class Layer(StrEnum):
    """What a kind of fault acts on."""

    VALUE = "value"
    STRAIN = "strain"
    SILENCE = "silence"
    CLOCK = "clock"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Setting:
    """One number that a fault of a kind needs.

    Attributes:
        reads: How it is written: a number, a ratio in ``[0, 1]``, a duration, a duration that may
            be negative (``-90s``), or true or false.
        default: Its value where the scenario says nothing; None means that it must.
    """

    reads: Literal["number", "ratio", "duration", "offset", "flag"]
    default: float | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault.

    Attributes:
        layer: What it acts on.
        settings: Name to setting.
        expect: Whether a person would want an alert.
        detectable_by: Kinds of rules that may find it.
        sized: Whether it takes ``size`` in the metric's unit, or ``sigmas`` of the sensor's noise instead.
        ramp_ratio: Share of its interval over which a physical fault grows, unless the scenario says.
    """

    layer: Layer
    settings: Mapping[str, Setting] = field(default_factory=dict)
    expect: bool = False
    detectable_by: tuple[str, ...] = ()
    sized: bool = False
    ramp_ratio: float = 0.0


_SHIFT: Final = ("adaptive", "limits", "drift", "peers")
_STRAIN_SETTINGS: Final = {"severity": Setting("ratio", 1.0), "ramp": Setting("duration", -1.0)}


def _strain(ramp_ratio: float, *detectable_by: str) -> Kind:
    return Kind(Layer.STRAIN, _STRAIN_SETTINGS, expect=True, detectable_by=detectable_by, ramp_ratio=ramp_ratio)


KINDS: Final[Mapping[str, Kind]] = {
    # The sensor tells something else than what is.
    "stuck": Kind(Layer.VALUE, expect=True, detectable_by=("flatline", "adaptive")),
    "drift": Kind(Layer.VALUE, expect=True, detectable_by=_SHIFT, sized=True),
    "bias": Kind(Layer.VALUE, expect=True, detectable_by=_SHIFT, sized=True),
    "spike": Kind(
        Layer.VALUE,
        {"every": Setting("duration", 5 * MINUTE_MS)},
        expect=True,
        detectable_by=("adaptive", "limits", "rate_of_change"),
        sized=True,
    ),
    "clipped": Kind(
        Layer.VALUE,
        {"below": Setting("number", -1e9), "above": Setting("number", 1e9)},
        expect=True,
        detectable_by=("flatline", "adaptive"),
    ),
    # Somebody put in another sensor, which tells another unit: value * factor + plus.
    "swapped_unit": Kind(
        Layer.VALUE,
        {"factor": Setting("number"), "plus": Setting("number", 0.0)},
        expect=True,
        detectable_by=_SHIFT,
    ),
    # Values beyond are not told at all: what is missing hangs on what it would have been.
    "censored": Kind(
        Layer.VALUE,
        {"below": Setting("number", -1e9), "above": Setting("number", 1e9)},
        expect=True,
        detectable_by=("missing",),
    ),
    # One metric is missing; without a metric the whole device is silent.
    "dropout": Kind(Layer.SILENCE, expect=True, detectable_by=("missing",)),
    # A loose contact: of the metric, or of the device, that share is missing, in stretches of that length.
    "flaky": Kind(Layer.SILENCE, {"ratio": Setting("ratio", 0.3), "burst": Setting("duration", 30 * SECOND_MS)}),
    # The device itself is hurt, and all that hangs together shows it.
    "leak": _strain(0.1, *_SHIFT),
    "dying_battery": _strain(1.0, *_SHIFT),
    "cavitation": _strain(0.0, *_SHIFT),
    "wear": _strain(0.5, *_SHIFT),
    "overload": _strain(0.0, *_SHIFT),
    "door_open": _strain(0.0, *_SHIFT),
    "clogged_filter": _strain(0.3, *_SHIFT),
    "shading": _strain(0.0, *_SHIFT),
    "stuck_valve": _strain(0.0, *_SHIFT),
    # It starts anew: silent for the interval, then it counts from 1 again under the next boot number.
    "reboot": Kind(Layer.SILENCE),
    "clock_skew": Kind(Layer.CLOCK, {"offset": Setting("offset")}),
    "clock_jump": Kind(Layer.CLOCK, {"offset": Setting("offset")}),
    # Somebody else writes the times: each lies anywhere up to the spread before or after the true one.
    "forged_times": Kind(Layer.CLOCK, {"spread": Setting("duration")}, expect=True, detectable_by=("missing",)),
    "loss": Kind(Layer.NETWORK, {"ratio": Setting("ratio")}),
    "duplicates": Kind(Layer.NETWORK, {"ratio": Setting("ratio"), "delay": Setting("duration", 20 * SECOND_MS)}),
    "disorder": Kind(Layer.NETWORK, {"ratio": Setting("ratio"), "delay": Setting("duration", 20 * SECOND_MS)}),
    "outage": Kind(
        Layer.NETWORK,
        {"keep": Setting("flag", 1.0), "burst": Setting("duration", 30 * SECOND_MS)},
        expect=True,
        detectable_by=("missing",),
    ),
}
