"""Quality of data: values that cannot be, and levels that jumped as if they were told in another unit."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from anomaly.contract import Observations
from anomaly.lifecycle import UNSET_MS
from anomaly.verdicts import Verdicts, verdict_of
from tocsin.core.clock import DAY_MS
from tocsin.core.columns import Bools, Floats, Int32s, Int64s

WINDOWS_MIN: Final = 30
"""Windows that must have been seen before a level means anything."""

WINDOWS_MAX: Final = 240
"""How many windows the level looks back on."""

FAR: Final = 8.0
"""Deviations from the level that are a jump."""

NEAR: Final = 0.05
"""Share of the converted level within which a value is taken for it."""

FLOOR: Final = 1e-3
"""Smallest deviation, as a share of the level."""

ACCEPTED_MS: Final = DAY_MS
"""A jump that lasts so long is the new level."""

Units = tuple[tuple[str, float, float], ...]
"""Sign of each unit, and by what its values are multiplied, and what is added, to make them."""

CONVERSIONS: Final[dict[str, Units]] = {
    "celsius": (("°F", 1.8, 32.0), ("K", 1.0, 273.15)),
    "fahrenheit": (("°C", 1 / 1.8, -32 / 1.8),),
    "kelvin": (("°C", 1.0, -273.15),),
    "bar": (("psi", 14.5038, 0.0), ("kPa", 100.0, 0.0), ("MPa", 0.1, 0.0), ("mbar", 1_000.0, 0.0)),
    "psi": (("bar", 1 / 14.5038, 0.0), ("kPa", 6.894757, 0.0)),
    "kilopascal": (("bar", 0.01, 0.0), ("psi", 1 / 6.894757, 0.0)),
    "percent": (("a ratio", 0.01, 0.0),),
    "ratio": (("%", 100.0, 0.0),),
    "lpm": (("m³/h", 0.06, 0.0), ("l/s", 1 / 60, 0.0), ("gal/min", 0.264172, 0.0)),
    "metres": (("ft", 3.28084, 0.0), ("mm", 1_000.0, 0.0)),
    "kilograms": (("lb", 2.204623, 0.0),),
}
"""End of a metric's name to the units that its values may be told in by mistake."""

ANY: Final = (("a thousand times the unit", 0.001, 0.0), ("a thousandth of the unit", 1_000.0, 0.0))


@dataclass(frozen=True, slots=True)
class Told:
    """The level at which n series are told.

    Attributes:
        level: shape (n,), learned mean of the windows; NaN before the first.
        deviation: shape (n,), learned mean absolute deviation from it.
        since_ms: shape (n,), since when another unit is told; ``UNSET_MS`` where none is.
        moves: shape (n,), int32, windows learned from, counted up to a limit.
    """

    level: Floats
    deviation: Floats
    since_ms: Int64s
    moves: Int32s


def impossible(low: Floats, high: Floats, windows: Observations) -> Bools:
    """Tell which windows hold a reading outside of what is possible; limits of shape (n,)."""
    return np.asarray((windows.min < low) | (windows.max > high))


def judge_range(low: Floats, high: Floats, windows: Observations) -> Verdicts:
    """Tell which windows hold what cannot be; the value told is the reading that is furthest out."""
    breached = impossible(low, high, windows)
    too_high = windows.max - high > low - windows.min
    limit = np.where(too_high, high, low)
    return Verdicts(
        verdict=verdict_of(breached, ~breached),
        value=np.where(breached, np.where(too_high, windows.max, windows.min), windows.mean),
        threshold=np.where(np.isfinite(limit), limit, np.nan),
        low=np.where(np.isfinite(low), low, np.nan),
        high=np.where(np.isfinite(high), high, np.nan),
        parts={"impossible_value": np.where(breached, 1.0, np.nan)},
    )


def differ(value: Floats, other: Floats) -> Verdicts:
    """Return of readings that tell another value than was told before for their time: breached, each shape (n,)."""
    return Verdicts(
        verdict=verdict_of(np.ones(len(value), np.bool_), np.zeros(len(value), np.bool_)),
        value=value,
        threshold=other,
        low=np.full(len(value), np.nan),
        high=np.full(len(value), np.nan),
        parts={"told_twice": np.ones(len(value))},
    )


def agree(windows: Observations) -> Verdicts:
    """Return of whole windows that their readings agree: what does not is told reading by reading."""
    none, unknown = np.zeros(len(windows), np.bool_), np.full(len(windows), np.nan)
    return Verdicts(verdict_of(none, ~none), windows.mean, unknown, unknown, unknown)


def judge_unit(
    units: tuple[tuple[str, float, float], ...], windows: Observations, known: Told
) -> tuple[Verdicts, Told]:
    """Tell whose level jumped to where it would be in another unit, and learn the level of the others.

    Args:
        units: In which the metric may be told by mistake.
        windows: n windows.
        known: What is known of them.
    """
    begins = np.isnan(known.level)
    level = np.where(begins, windows.mean, known.level)
    spread = np.maximum(1.25 * known.deviation, FLOOR * np.abs(level) + np.finfo(np.float64).tiny)
    jumped = (known.moves >= WINDOWS_MIN) & (np.abs(windows.mean - level) > FAR * spread)
    parts: dict[str, Floats] = {}
    taken = np.zeros(len(windows), np.bool_)
    for sign, factor, plus in units:
        there = level * factor + plus
        near = np.abs(windows.mean - there) <= np.maximum(FAR / 2 * spread * factor, NEAR * np.abs(there))
        looks = jumped & ~taken & near & (np.abs(there - level) > 2 * FAR * spread)
        taken |= looks
        parts[sign] = np.where(looks, 1.0, np.nan)
    since_ms = np.where(taken, np.where(known.since_ms == UNSET_MS, windows.start_ms, known.since_ms), UNSET_MS)
    accepted = taken & (windows.end_ms - since_ms >= ACCEPTED_MS)
    verdicts = Verdicts(
        verdict=verdict_of(taken & ~accepted, ~taken | accepted),
        value=windows.mean,
        threshold=np.full(len(windows), np.nan),
        low=level - 3 * spread,
        high=level + 3 * spread,
        parts=parts,
    )
    return verdicts, _learned(known, windows, level, taken, accepted | begins, since_ms)


def _learned(known: Told, windows: Observations, level: Floats, taken: Bools, anew: Bools, since_ms: Int64s) -> Told:
    moves = np.where(anew, 0, known.moves)
    gain = np.where(taken & ~anew, 0.0, 1.0 / (np.minimum(moves, WINDOWS_MAX - 1) + 1))
    off = windows.mean - level
    return Told(
        level=np.where(anew, windows.mean, level + gain * off),
        deviation=np.where(anew, 0.0, known.deviation + gain * (np.abs(off) - known.deviation)),
        since_ms=np.where(anew, UNSET_MS, since_ms),
        moves=np.where(taken & ~anew, moves, np.minimum(moves + 1, WINDOWS_MAX)).astype(np.int32),
    )
