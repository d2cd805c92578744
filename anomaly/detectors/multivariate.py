"""The multivariate detector: how far a device's metrics together leave the way they usually go together.

Each channel is smoothed by a fast exponential average. The distance of the averages from their means, in units of
their covariance (Hotelling's T²), is brought to a nearly normal scale by its cube root (Wilson and Hilferty 1931)
and compared with its own mean and deviation in quiet times. Mean and covariance learn only in quiet: learning while
anomalous makes the anomaly normal. ``docs/detection.md`` has the measured figures.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import State
from anomaly.detectors.covariance import CHANNELS_MAX, DISTANCE_MAX, TINY, VALUE_MAX, Baseline, follow, initial_baseline
from tocsin.core.columns import Bools, Floats

WARM_ROWS: Final = 100
"""Rows of a device before it is judged."""

FREE_ROWS: Final = 300
"""Rows that are all learned: a young covariance knows too little to call a drift anomalous."""

RELEASE_ROWS: Final = 1_500
"""Anomalous rows in a row after which the new regime is learned."""

GATE: Final = 2.0
"""Score below which a row is quiet."""

LEARNED_EVERY: Final = 2
"""Rows from one that is learned to the next: neighbours are nearly the same after smoothing."""

FAST: Final = 0.2
STEP_MAX: Final = 6.0
STEP_ROWS: Final = 30.0
"""Deviations at which the step of a channel is cut off, and rows after which that begins."""

QUIET_SLOW: Final = 1e-3
QUIET_ROWS: Final = 50.0
"""Least weight of a row in the quiet scale, and rows before that is learned."""

QUIET_DEVIATION: Final = 0.1
SMOOTH: Final = 0.3
FADE: Final = 0.97
"""Rate at which the score follows up, and what is left of it a row later."""

FASTS, MEANS, SCALES = 0, 1, 2
"""Rows of ``levels``: fast average, mean, and one over the deviation."""

SEEN, ROWS, HELD, QUIET_MEAN, QUIET_VARIANCE, SMOOTHED, SCORE = range(7)
"""Columns of ``course``; ``ROWS`` are those that were learned, ``HELD`` those held back since."""


@dataclass(frozen=True, slots=True)
class JointScores:
    """What the detector says of n devices.

    Attributes:
        score: shape (n,), deviations above the quiet distance, smoothed and fading; at least 0.
        alert: shape (n,), the same for this row alone: what the threshold is compared with.
        warming: shape (n,), True while too little has been seen to judge.
        shares: shape (n, CHANNELS_MAX), each channel's share of ``alert``; 0 for channels that are missing.
    """

    score: Floats
    alert: Floats
    warming: Bools
    shares: Floats


class Multivariate:
    """Scores rows of up to ``CHANNELS_MAX`` metrics, with no setting for any of them."""

    name = "multivariate"
    version = 1

    def initial(self, devices: int) -> dict[str, NDArray[Any]]:
        """Return the state of that many devices that have seen nothing."""
        levels = np.full((devices, 3, CHANNELS_MAX), np.nan)
        return {"levels": levels, "course": np.zeros((devices, 7)), **initial_baseline(devices)}

    def score(self, state: State, values: Floats) -> tuple[JointScores, dict[str, NDArray[Any]]]:
        """Judge one row a device, then learn from it.

        Args:
            state: Columns of exactly the n devices; left unchanged.
            values: shape (n, CHANNELS_MAX), one value a channel; NaN where it is missing or there is none.
                A channel that joins later makes the device begin anew.
        """
        levels, course = _joined(state["levels"], state["course"], values)
        fast = _followed(levels, values, course[:, ROWS])
        away = fast - levels[:, MEANS]
        away[np.isnan(away)] = 0.0
        units = np.minimum(np.maximum(away * levels[:, SCALES], -DISTANCE_MAX), DISTANCE_MAX)
        by_channel = units * np.matmul(state["precision"], units[:, :, None])[:, :, 0]
        distance = np.cbrt(np.maximum(np.add.reduce(by_channel, axis=1), 0.0))
        warming = course[:, ROWS] < WARM_ROWS
        alert = _above_quiet(course, distance, warming)
        learns, course = _judged(course, alert)
        levels = levels.copy()
        levels[:, FASTS] = fast
        after = {"levels": levels, "course": course, "covariance": state["covariance"], "precision": state["precision"]}
        _learn(after, away, distance, learns)
        return JointScores(course[:, SCORE].copy(), alert, warming, _shares(by_channel, alert)), after


def _joined(levels: Floats, course: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Return levels and course; where a channel is new, the device begins anew with what it shows."""
    fast: Floats = levels[:, FASTS]
    joins: Bools = np.isnan(fast) & ~np.isnan(values)
    if not np.count_nonzero(joins):
        return levels, course
    anew: Bools = np.logical_or.reduce(joins, axis=1)
    levels = levels.copy()
    levels[:, FASTS] = np.where(joins, np.minimum(np.maximum(values, -VALUE_MAX), VALUE_MAX), fast)
    levels[anew, MEANS] = levels[anew, FASTS]
    levels[anew, SCALES] = 0.0
    return levels, np.where(anew[:, None], 0.0, course)


def _followed(levels: Floats, values: Floats, rows: Floats) -> Floats:
    """Return the fast averages after the row; a missing value moves nothing, a wild one little."""
    step = values - levels[:, FASTS]
    missing = np.isnan(values)
    if np.count_nonzero(missing):
        step[missing] = 0.0
    most = STEP_MAX / np.maximum(levels[:, SCALES], TINY)
    young = rows <= STEP_ROWS
    if np.count_nonzero(young):
        most[young] = 2.0 * VALUE_MAX
    return levels[:, FASTS] + FAST * np.minimum(np.maximum(step, -most), most)


def _above_quiet(course: Floats, distance: Floats, warming: Bools) -> Floats:
    """Return how many deviations the distance is above that of quiet times; 0 while warming up."""
    spread = np.sqrt(course[:, QUIET_VARIANCE] + QUIET_DEVIATION**2)
    above = np.maximum((distance - course[:, QUIET_MEAN]) / spread, 0.0)
    above[warming] = 0.0
    return np.asarray(above)


def _judged(course: Floats, alert: Floats) -> tuple[Bools, Floats]:
    """Return whose row may be learned, and the course of each after it."""
    rows, held = course[:, ROWS], course[:, HELD]
    quiet = alert < GATE
    learns = quiet | (rows < FREE_ROWS) | (held >= RELEASE_ROWS)
    after = course + learns[:, None] * _COUNTED_ROW
    after[:, SEEN] += 1.0
    after[:, HELD] = (held + 1.0) * ~quiet
    after[:, SMOOTHED] += SMOOTH * (alert - after[:, SMOOTHED])
    after[:, SCORE] = np.maximum(after[:, SMOOTHED], FADE * after[:, SCORE])
    return learns, after


_COUNTED_ROW: Final = np.eye(7)[ROWS]


def _learn(after: dict[str, NDArray[Any]], away: Floats, distance: Floats, learns: Bools) -> None:
    """Learn the row where it is a device's turn, into columns of ``after``."""
    due = (after["course"][:, SEEN] % LEARNED_EVERY == 1.0).nonzero()[0]
    if not len(due):
        return
    course, levels = after["course"][due], after["levels"]
    learning, rows = learns[due], course[:, ROWS] - learns[due]
    _quieten(course, distance[due], learning, rows)
    after["course"][due] = course
    before = Baseline(levels[due, MEANS], levels[due, SCALES], after["covariance"][due], after["precision"][due])
    known = follow(before, away[due], rows, learning, every=LEARNED_EVERY)
    levels[due, MEANS], levels[due, SCALES] = known.mean, known.scale
    for name, column in (("covariance", known.covariance), ("precision", known.precision)):
        after[name] = column if len(due) == len(levels) else _put(after[name], due, column)


def _put(column: NDArray[Any], rows: NDArray[np.int64], values: NDArray[Any]) -> NDArray[Any]:
    column = column.copy()
    column[rows] = values
    return column


def _quieten(course: Floats, distance: Floats, learning: Bools, rows: Floats) -> None:
    """Learn mean and variance of the quiet distance, in place."""
    counted = np.maximum(rows - QUIET_ROWS, LEARNED_EVERY)
    weight = LEARNED_EVERY * np.maximum(1.0 / counted, QUIET_SLOW) * (learning & (rows > QUIET_ROWS))
    step = distance - course[:, QUIET_MEAN]
    course[:, QUIET_MEAN] += weight * step
    course[:, QUIET_VARIANCE] = (1.0 - weight) * (course[:, QUIET_VARIANCE] + weight * step * step)


def _shares(by_channel: Floats, alert: Floats) -> Floats:
    """Return the alert score divided among the channels that are to blame."""
    if not np.count_nonzero(alert):
        return np.zeros_like(by_channel)
    blame = np.maximum(by_channel, 0.0)
    return np.asarray(blame * (alert / np.maximum(np.add.reduce(blame, axis=1), TINY))[:, None])
