"""Mean, covariance and precision of a device's channels, learned from rows that are quiet."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Floats

CHANNELS_MAX: Final = 8
"""Metrics of a device that are judged together."""

# Arrays of no dimension and not Python numbers: with few devices those cost more than the arithmetic.
SLOW: Final = np.array(1e-3)
"""Least weight of a learned row in mean and covariance; young ones are plain averages."""

CREEP: Final = np.array(4e-3)
"""Weight of an anomalous row in the mean, which moves by one deviation times this at most."""

SHRINK: Final = 0.05
"""Share of the identity in the correlation."""

LEARNED_MAX: Final = np.array(8.0)
LEARNED_ROWS: Final = np.array(60.0)
"""Deviations at which what is learned of a channel is cut off, and rows after which that begins."""

DISTANCE_MAX: Final = np.array(6.0)
"""Deviations at which the distance of a channel is cut off."""

LEVEL_PART: Final = np.array(1e-5)
"""Least deviation of a channel, relative to its mean."""

VALUE_MAX: Final = 1e100
TINY: Final = np.array(1e-100)
ONE: Final = np.array(1.0)

_UPPER: Final = np.triu_indices(CHANNELS_MAX)
ROW, COLUMN = _UPPER
DIAGONAL: Final = np.flatnonzero(ROW == COLUMN)
PAIRS: Final = len(ROW)
IDENTITY: Final = np.eye(CHANNELS_MAX)
OFF_DIAGONAL: Final = (1.0 - SHRINK) * (1.0 - IDENTITY)


def _unpacking() -> NDArray[np.int64]:
    """Return shape (CHANNELS_MAX, CHANNELS_MAX): where each element stands in the packed triangle."""
    places = np.zeros((CHANNELS_MAX, CHANNELS_MAX), np.int64)
    places[_UPPER] = places.T[_UPPER] = np.arange(PAIRS)
    return places


UNPACK: Final = _unpacking()


class Baseline(NamedTuple):
    """What is known of n devices' channels.

    Attributes:
        mean: shape (n, CHANNELS_MAX), NaN for channels that there are not.
        deviation: shape (n, CHANNELS_MAX), infinite before the first row.
        covariance: shape (n, PAIRS), the upper triangle row by row.
    """

    mean: Floats
    deviation: Floats
    covariance: Floats


def initial_baseline(devices: int) -> dict[str, NDArray[Any]]:
    """Return the columns ``covariance`` and ``precision`` of devices that have seen nothing."""
    identity = np.eye(CHANNELS_MAX, dtype=np.float32)
    return {"covariance": np.zeros((devices, PAIRS)), "precision": np.tile(identity, (devices, 1, 1))}


def learned(before: Baseline, away: Floats, rows: Floats, weight: Floats) -> Baseline:
    """Return what is known after rows that are learned.

    Args:
        before: What was known; left unchanged.
        away: shape (n, CHANNELS_MAX), distance from the mean, 0 where there is no value.
        rows: shape (n,), rows learned before.
        weight: shape (n,), how much this one counts, in (0, 1]; 1 for the first, which replaces all.
    """
    most = LEARNED_MAX * before.deviation
    young = rows <= LEARNED_ROWS
    if np.count_nonzero(young):
        most[young] = np.inf
    cut = np.minimum(np.maximum(away, -most), most)
    weight = weight[:, None]
    step = weight * cut
    mean = before.mean + step
    covariance = (ONE - weight) * (before.covariance + step.take(ROW, axis=1) * cut.take(COLUMN, axis=1))
    deviation = np.maximum(np.sqrt(covariance.take(DIAGONAL, axis=1)), np.fmax(LEVEL_PART * np.abs(mean), TINY))
    return Baseline(mean, deviation, covariance)


def crept(mean: Floats, deviation: Floats, away: Floats, *, every: int) -> Floats:
    """Return the means after rows that are not learned: they move by a small part of one deviation at most.

    Args:
        mean: As in ``Baseline``, like ``deviation``.
        deviation: Before the row.
        away: shape (n, CHANNELS_MAX), distance from the mean, 0 where there is no value.
        every: How many rows each stands for.
    """
    step = np.minimum(np.maximum(away, -deviation), deviation)
    return np.asarray(mean + step * (CREEP * every))


def precision_of(covariance: Floats, deviation: Floats) -> NDArray[np.float32]:
    """Return the inverse of the shrunk correlation; shape (n, CHANNELS_MAX, CHANNELS_MAX)."""
    scales = deviation[:, :, None] * deviation[:, None, :]
    correlation = covariance.take(UNPACK, axis=1) * OFF_DIAGONAL / scales + IDENTITY
    return np.linalg.inv(correlation).astype(np.float32)
