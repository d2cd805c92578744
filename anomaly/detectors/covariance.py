"""Mean, covariance and precision of a device's channels, learned from rows that are quiet."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Bools, Floats

CHANNELS_MAX: Final = 8
"""Metrics of a device that are judged together."""

SLOW: Final = 3e-4
"""Least weight of a row in mean and covariance; young ones are plain averages."""

CREEP: Final = 2e-3
"""Weight of an anomalous row in the mean, which moves by one deviation times this at most."""

SHRINK: Final = 0.05
"""Share of the identity in the correlation."""

LEARNED_MAX: Final = 8.0
LEARNED_ROWS: Final = 60.0
"""Deviations at which what is learned of a channel is cut off, and rows after which that begins."""

DISTANCE_MAX: Final = 8.0
"""Deviations at which the distance of a channel is cut off."""

LEVEL_PART: Final = 1e-5
"""Least deviation of a channel, relative to its mean."""

VALUE_MAX: Final = 1e100
TINY: Final = 1e-100

_UPPER: Final = np.triu_indices(CHANNELS_MAX)
_DIAGONAL: Final = np.flatnonzero(_UPPER[0] == _UPPER[1])
PAIRS: Final = len(_UPPER[0])


def _unpacking() -> NDArray[np.int64]:
    """Return shape (CHANNELS_MAX, CHANNELS_MAX): where each element stands in the packed triangle."""
    places = np.zeros((CHANNELS_MAX, CHANNELS_MAX), np.int64)
    places[_UPPER] = places.T[_UPPER] = np.arange(PAIRS)
    return places


_UNPACK: Final = _unpacking()


class Baseline(NamedTuple):
    """What is known of n devices.

    Attributes:
        mean: shape (n, CHANNELS_MAX), NaN for channels that there are not.
        scale: shape (n, CHANNELS_MAX), one over the deviation.
        covariance: shape (n, PAIRS), the upper triangle row by row.
        precision: shape (n, CHANNELS_MAX, CHANNELS_MAX), float32, inverse of the shrunk correlation.
    """

    mean: Floats
    scale: Floats
    covariance: Floats
    precision: NDArray[np.float32]


def initial_baseline(devices: int) -> dict[str, NDArray[Any]]:
    """Return the columns ``covariance`` and ``precision`` of devices that have seen nothing."""
    identity = np.eye(CHANNELS_MAX, dtype=np.float32)
    return {"covariance": np.zeros((devices, PAIRS)), "precision": np.tile(identity, (devices, 1, 1))}


def follow(before: Baseline, away: Floats, rows: Floats, learns: Bools, *, every: int) -> Baseline:
    """Return what is known after the row; rows that are not learned let only the mean creep.

    Args:
        before: What was known; left unchanged.
        away: shape (n, CHANNELS_MAX), distance from the mean, 0 where there is no value.
        rows: shape (n,), rows learned before.
        learns: shape (n,), whether this one is.
        every: How many rows it stands for.
    """
    deviation = 1.0 / np.maximum(before.scale, TINY)
    young = (rows <= LEARNED_ROWS)[:, None]
    most = np.where(young, 2.0 * VALUE_MAX, LEARNED_MAX * deviation)
    cut = np.minimum(np.maximum(away, -most), most)
    weight = (np.minimum(every * np.maximum(1.0 / (rows + every), SLOW), 1.0) * learns)[:, None]
    crept = np.minimum(np.maximum(away, -deviation), deviation) * (CREEP * every * ~learns)[:, None]
    mean = before.mean + weight * cut + crept
    started = before.covariance * (rows > 0.0)[:, None]
    product = cut[:, _UPPER[0]] * cut[:, _UPPER[1]]
    covariance = np.where(learns[:, None], (1.0 - weight) * (started + weight * product), started)
    scale = 1.0 / np.maximum(np.sqrt(covariance[:, _DIAGONAL]), np.fmax(LEVEL_PART * np.abs(mean), TINY))
    return Baseline(mean, scale, covariance, _precision(covariance, scale))


def _precision(covariance: Floats, scale: Floats) -> NDArray[np.float32]:
    correlation = covariance * (1.0 - SHRINK) * scale[:, _UPPER[0]] * scale[:, _UPPER[1]]
    correlation[:, _DIAGONAL] = 1.0
    return np.asarray(np.linalg.inv(correlation[:, _UNPACK]), np.float32)
