"""Devices of many metrics: blocks of eight, each judged by ``multivariate`` alone, and one score of them all.

A single matrix over forty channels needs far more rows than a young device has: where nothing goes together it finds
nothing at all. Blocks learn as fast as they ever did, and time and state grow with their number.
"""

from collections.abc import Iterator, Sequence
from math import isfinite, log, nan, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import State
from anomaly.detectors.covariance import CHANNELS_MAX, TINY
from anomaly.detectors.device import Device
from anomaly.detectors.joint_settings import JointScores
from anomaly.detectors.multivariate import Multivariate
from tocsin.core.columns import Floats, Int64s

BLOCKS_MAX: Final = 16
METRICS_MAX: Final = BLOCKS_MAX * CHANNELS_MAX
"""Most blocks of a device, and its metrics that are judged; further ones are refused."""

_TOLL: Final = [2.0 * log(max(blocks, 1)) for blocks in range(BLOCKS_MAX + 1)]
"""What is taken off the square of the largest of so many scores. The tail of a normal score z falls as exp(-z²/2), so
the largest of b is as rare as a single score of √(z² - 2 ln b): more blocks do not make more false alarms."""

_TOLLS: Final = np.array(_TOLL)


def together(scores: JointScores, begins: Int64s) -> JointScores:
    """Return what the blocks of each device say together.

    Args:
        scores: Of n blocks, those of one device side by side.
        begins: shape (d,), place of each device's first block.

    Returns:
        Scores of d devices; ``shares`` is still of n blocks, and adds up to ``alert`` over those of one device.
    """
    if len(begins) == len(scores.alert):
        return scores
    judged = np.add.reduceat(~scores.warming, begins, dtype=np.int64)
    lengths = np.diff(np.append(begins, len(scores.alert)))
    alert = _largest(scores.alert, begins, judged)
    news = _less_toll(scores.alert, np.repeat(judged, lengths))
    part = alert / np.maximum(np.add.reduceat(news, begins), TINY)
    weight = np.repeat(part, lengths) * news / np.maximum(scores.alert, TINY)
    return JointScores(
        _largest(scores.score, begins, judged), alert, judged == 0, np.asarray(scores.shares * weight[:, None])
    )


def _largest(score: Floats, begins: Int64s, judged: Int64s) -> Floats:
    return _less_toll(np.maximum.reduceat(score, begins), judged)


def _less_toll(score: Floats, judged: Int64s) -> Floats:
    return np.where(judged <= 1, score, np.sqrt(np.maximum(score * score - _TOLLS[judged], 0.0)))


class Blocks:
    """A device of any number of metrics whose state is open: it changes with every row."""

    __slots__ = ("_devices",)

    def __init__(self, state: State) -> None:
        """Open the state: a row a block, whose columns are left unchanged."""
        self._devices = [Device({name: column[[row]] for name, column in state.items()}) for row in _rows(state)]

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the state as it is now, a row a block."""
        blocks = [device.columns() for device in self._devices]
        return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}

    def judge(self, values: Sequence[float]) -> tuple[float, float]:
        """Return score and alert score of a row, then learn from it.

        Args:
            values: One a metric, in an order that stays; what is not finite, or lacks at the end, is missing. Of a row
                without any value nothing is said or learned.
        """
        devices = self._devices
        if len(values) == CHANNELS_MAX and len(devices) == 1 and isfinite(sum(values)):
            said = devices[0].judge(values)
            return said.score, said.alert
        rows = list(_divided(values))
        while rows and not any(value == value for value in rows[-1]):  # noqa: PLR0124  NaN differs from itself
            rows.pop()
        if not rows:
            return 0.0, 0.0
        devices += [Device(Multivariate().initial(1)) for _ in range(len(rows) - len(devices))]
        rows += [[nan] * CHANNELS_MAX] * (len(devices) - len(rows))
        judged = [device.judge(row) for device, row in zip(devices, rows, strict=True)]
        count = sum(not said.warming for said in judged)
        return _less(max(said.score for said in judged), count), _less(max(said.alert for said in judged), count)


def _rows(state: State) -> range:
    return range(len(next(iter(state.values()))))


def _divided(values: Sequence[float]) -> Iterator[list[float]]:
    """Yield a row a block, NaN for what is missing."""
    for first in range(0, min(len(values), METRICS_MAX), CHANNELS_MAX):
        row = [value if isfinite(value) else nan for value in values[first : first + CHANNELS_MAX]]
        yield row + [nan] * (CHANNELS_MAX - len(row))


def _less(score: float, judged: int) -> float:
    return score if judged <= 1 else sqrt(max(score * score - _TOLL[judged], 0.0))
