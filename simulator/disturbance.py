"""What faults do to a device: to its values, its health, its voice and its clock.

Each is a function of the fault and the instants, so faults compose and never reach beyond their interval.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.kinds import Layer
from simulator.profile import Sensor
from simulator.randomness import mixed
from simulator.scenario_model import Fault
from simulator.weather import Floats, Int64s

Bools = NDArray[np.bool_]
Held = dict[int, float]
"""Number of a fault of the device to the value at which it holds a stuck sensor."""

NEVER_MS: Final = -(1 << 62)
GOLDEN_RATIO: Final = 0.6180339887498949


def within(fault: Fault, time_ms: Int64s) -> Bools:
    """Return which of the instants, shape (n,), lie in the fault's interval."""
    return np.asarray((time_ms >= fault.start_ms) & (time_ms < fault.end_ms))


def strains_at(faults: Iterable[Fault], time_ms: Int64s) -> dict[str, Floats]:
    """Return each physical fault's severity in ``[0, 1]`` at the instants, shape (n,).

    Where several of a kind overlap, the worst counts.
    """
    strains: dict[str, Floats] = {}
    for fault in faults:
        if fault.is_on(Layer.STRAIN) and within(fault, time_ms).any():
            severity = _severity(fault, time_ms)
            strains[fault.kind] = np.maximum(strains.get(fault.kind, 0.0), severity)
    return strains


def _severity(fault: Fault, time_ms: Int64s) -> Floats:
    ramp_ms = fault.settings["ramp"]
    if ramp_ms < 0:
        ramp_ms = fault.about.ramp_ratio * (fault.end_ms - fault.start_ms)
    grown = np.minimum(1.0, (time_ms - fault.start_ms + 1) / max(1.0, ramp_ms))
    return np.where(within(fault, time_ms), fault.settings["severity"] * grown, 0.0)


def disturbed(
    faults: Iterable[Fault], sensor: Sensor, values: Floats, *, time_ms: Int64s, before_ms: int, held: Held
) -> Floats:
    """Return the sensor's values with its faults, in the order of the timeline; NaN where none is sent.

    Args:
        faults: All faults of the device.
        sensor: Which sensor.
        values: shape (n,), what it would tell.
        time_ms: shape (n,), when, ascending.
        before_ms: The instant before the first of them, or ``NEVER_MS``.
        held: What stuck sensors hold; updated.
    """
    for number, fault in enumerate(faults):
        inside = within(fault, time_ms)
        if fault.metric != sensor.metric or not inside.any():
            continue
        if fault.kind == "stuck":
            wrong = _frozen(number, values, inside, held)
        elif fault.kind == "spike":
            strikes = _strikes(fault, time_ms, before_ms)
            wrong = np.where(strikes, values + _size(fault, sensor), values)
        else:
            wrong = _wrong(fault, sensor, values, time_ms)
        values = np.where(inside, wrong, values)
    return values


def _frozen(number: int, values: Floats, inside: Bools, held: Held) -> Floats:
    """Return the first value told within the fault's interval, for as long as it lasts."""
    told = values[inside & ~np.isnan(values)]
    if len(told):
        held.setdefault(number, float(told[0]))
    return np.where(np.isnan(values), np.nan, held.get(number, np.nan))


def _wrong(fault: Fault, sensor: Sensor, values: Floats, time_ms: Int64s) -> Floats:
    """Return what the sensor tells under the fault; counts only within its interval."""
    match fault.kind:
        case "drift":
            share = (time_ms - fault.start_ms) / (fault.end_ms - fault.start_ms)
            return np.asarray(values + _size(fault, sensor) * share)
        case "bias":
            return values + _size(fault, sensor)
        case "swapped_unit":
            return values * fault.settings["factor"] + fault.settings["plus"]
        case "clipped":
            return np.clip(values, fault.settings["below"], fault.settings["above"])
        case "censored":
            gone = (values < fault.settings["below"]) | (values > fault.settings["above"])
        case "flaky":
            gone = _gone(fault, time_ms)
        case _:
            assert fault.kind == "dropout", f"{fault.kind} is no fault of a sensor"
            gone = np.ones(len(values), np.bool_)
    return np.where(gone, np.nan, values)


def _size(fault: Fault, sensor: Sensor) -> float:
    """Return how large the fault is, in the metric's unit."""
    return fault.settings.get("size", fault.settings.get("sigmas", 0.0) * sensor.noise)


def _strikes(fault: Fault, time_ms: Int64s, before_ms: int) -> Bools:
    """Return which instants are the first in one of the fault's periods, counted from its start."""
    every_ms = round(fault.settings["every"])
    earlier_ms = np.concatenate(([before_ms], time_ms[:-1]))
    period = (time_ms - fault.start_ms) // every_ms
    period_before = np.where(earlier_ms < fault.start_ms, -1, (earlier_ms - fault.start_ms) // every_ms)
    return np.asarray(period != period_before)


def silent_at(faults: Iterable[Fault], time_ms: Int64s) -> Bools:
    """Return at which instants, shape (n,), the device sends nothing at all."""
    silent = np.zeros(len(time_ms), np.bool_)
    for fault in faults:
        if fault.is_on(Layer.SILENCE) and not fault.metric:
            gone = _gone(fault, time_ms) if fault.kind == "flaky" else True
            silent |= within(fault, time_ms) & gone
    return silent


def _gone(fault: Fault, time_ms: Int64s) -> Bools:
    """Return which instants lie in a stretch that a loose contact takes out, told by the instant alone."""
    stretch = (time_ms - fault.start_ms) // round(fault.settings["burst"])
    return np.asarray(mixed(stretch) < fault.settings["ratio"])


def boots_at(faults: Iterable[Fault], time_ms: Int64s) -> Int64s:
    """Return how often the device has started again, shape (n,)."""
    ends = np.sort(np.array([fault.end_ms for fault in faults if fault.kind == "reboot"], np.int64))
    return np.searchsorted(ends, time_ms, side="right").astype(np.int64)


def clock_offset_ms(faults: Iterable[Fault], time_ms: Int64s) -> Int64s:
    """Return by how much the device's clock is ahead, shape (n,), milliseconds.

    A skew is constant; a jump is corrected steadily until the end of its interval; a forged time is anything.
    """
    total = np.zeros(len(time_ms))
    for fault in faults:
        if fault.is_on(Layer.CLOCK):
            total += np.where(within(fault, time_ms), _offset_ms(fault, time_ms), 0.0)
    return np.rint(total).astype(np.int64)


def _offset_ms(fault: Fault, time_ms: Int64s) -> Floats:
    if fault.kind == "forged_times":
        # Of the instant alone, so that a block's length never shows: the golden ratio spreads instants evenly.
        return np.asarray(fault.settings["spread"] * (2.0 * (time_ms % 1_000_003 * GOLDEN_RATIO % 1.0) - 1.0))
    offset_ms = fault.settings["offset"]
    if fault.kind == "clock_skew":
        return np.full(len(time_ms), offset_ms)
    return np.asarray(offset_ms * (fault.end_ms - time_ms) / (fault.end_ms - fault.start_ms))


def ratio_at(base: float, faults: Iterable[Fault], kind: str, time_ms: Int64s) -> Floats:
    """Return the probability at the instants, shape (n,), that the network does this to a message.

    Args:
        base: Probability where there is no fault.
        faults: All faults of the device.
        kind: ``loss``, ``duplicates`` or ``disorder``; overlapping ones act independently.
        time_ms: shape (n,), when the messages are sent.
    """
    spared = np.full(len(time_ms), 1.0 - base)
    for fault in faults:
        if fault.kind == kind:
            spared *= np.where(within(fault, time_ms), 1.0 - fault.settings["ratio"], 1.0)
    return np.asarray(1.0 - spared)


def delay_at(base_ms: int, faults: Iterable[Fault], kind: str, time_ms: Int64s) -> Floats:
    """Return the longest delay at the instants, shape (n,), milliseconds: the longest of those that act."""
    longest = np.full(len(time_ms), float(base_ms))
    for fault in faults:
        if fault.kind == kind:
            longest = np.maximum(longest, np.where(within(fault, time_ms), fault.settings["delay"], 0.0))
    return longest
