"""The multivariate detector: how far a device's metrics together leave the way they usually go together.

Each channel is smoothed by a fast exponential average. The distance of the averages from their means, in units of
their covariance (Hotelling's T²), is brought to a nearly normal scale by its cube root (Wilson and Hilferty 1931)
and compared with its own mean and deviation in quiet times. Mean and covariance learn only in quiet: learning while
anomalous makes the anomaly normal. ``docs/detection.md`` has the measured figures.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import State
from anomaly.detectors.covariance import (
    CHANNELS_MAX,
    DISTANCE_MAX,
    ONE,
    TINY,
    VALUE_MAX,
    Baseline,
    crept,
    initial_baseline,
    learned,
    precision_of,
)
from anomaly.detectors.covariance import SLOW as LEAST_WEIGHT
from anomaly.detectors.device import Device
from anomaly.detectors.joint_settings import (
    ALERT,
    ALERT_FADE,
    ALERT_KEPT,
    COURSE,
    DEVIATIONS,
    FADE,
    FAST,
    FASTS,
    FREE_ROWS,
    GATE,
    HELD,
    LEARNED_EVERY,
    MEANS,
    QUIET_MEAN,
    QUIET_ROWS,
    QUIET_SLOW,
    QUIET_VARIANCE,
    QUIET_VARIANCE_MIN,
    RELEASE_ROWS,
    ROWS,
    SCORE,
    SEEN,
    SMOOTH,
    SMOOTHED,
    STEP_MAX,
    STEP_ROWS,
    WARM_ROWS,
    JointScores,
)
from tocsin.core.columns import Bools, Floats, Int64s

_ZERO: Final = np.array(0.0)
_WARM: Final = np.array(float(WARM_ROWS))
_RELEASE: Final = np.array(float(RELEASE_ROWS))
_EVERY: Final = np.array(float(LEARNED_EVERY))
_ALL: Final = slice(None)


class Multivariate:
    """Scores rows of up to ``CHANNELS_MAX`` metrics, with no setting for any of them."""

    name = "multivariate"
    version = 3

    def initial(self, devices: int) -> dict[str, NDArray[Any]]:
        """Return the state of that many devices that have seen nothing."""
        levels = np.full((devices, 3, CHANNELS_MAX), np.nan)
        return {"levels": levels, "course": np.zeros((devices, COURSE)), **initial_baseline(devices)}

    def score(self, state: State, values: Floats) -> tuple[JointScores, dict[str, NDArray[Any]]]:
        """Judge one row a device, then learn from it.

        Args:
            state: Columns of exactly the n devices; left unchanged.
            values: shape (n, CHANNELS_MAX), one value a channel; NaN where it is missing or there is none.
                A channel that joins later makes the device begin anew.
        """
        if len(values) == 1:
            return _alone(state, values)
        levels, course = state["levels"], state["course"]
        step = values - levels[:, FASTS]
        missing = np.isnan(step)
        if holes := np.count_nonzero(missing):
            levels, course = _joined(levels, course, values)
            step[missing] = 0.0
        fast = _followed(levels, step, course[:, ROWS])
        away = fast - levels[:, MEANS]
        if holes:
            away[np.isnan(away)] = 0.0
        units = np.minimum(np.maximum(away / levels[:, DEVIATIONS], -DISTANCE_MAX), DISTANCE_MAX)
        by_channel = units * np.matmul(state["precision"], units[:, :, None])[:, :, 0]
        distance = np.cbrt(np.maximum(np.add.reduce(by_channel, axis=1), _ZERO))
        warming = course[:, ROWS] < _WARM
        trust, course = _judged(course, _above_quiet(course, distance, warming))
        levels = levels.copy()
        levels[:, FASTS] = fast
        after = {"levels": levels, "course": course, "covariance": state["covariance"], "precision": state["precision"]}
        _learn(after, away, distance, trust)
        alert = course[:, ALERT].copy()
        return JointScores(course[:, SCORE].copy(), alert, warming, _shares(by_channel, alert)), after


def _alone(state: State, values: Floats) -> tuple[JointScores, dict[str, NDArray[Any]]]:
    """Judge the one device, and learn."""
    device = Device(state)
    said = device.judge(values[0].tolist())
    scores = JointScores(
        np.array([said.score]), np.array([said.alert]), np.array([said.warming]), np.array([said.shares()])
    )
    return scores, device.columns()


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
    levels[anew, DEVIATIONS] = np.inf
    return levels, np.where(anew[:, None], 0.0, course)


def _followed(levels: Floats, step: Floats, rows: Floats) -> Floats:
    """Return the fast averages after the row; a wild value moves them little."""
    most = STEP_MAX * levels[:, DEVIATIONS]
    young = rows <= STEP_ROWS
    if np.count_nonzero(young):
        most[young] = 2.0 * VALUE_MAX
    return np.asarray(levels[:, FASTS] + FAST * np.minimum(np.maximum(step, -most), most))


def _above_quiet(course: Floats, distance: Floats, warming: Bools) -> Floats:
    """Return how many deviations the distance is above that of quiet times; 0 while warming up."""
    spread = np.sqrt(course[:, QUIET_VARIANCE] + QUIET_VARIANCE_MIN)
    above = np.maximum((distance - course[:, QUIET_MEAN]) / spread, _ZERO)
    if np.count_nonzero(warming):
        above[warming] = 0.0
    return np.asarray(above)


def _judged(course: Floats, above: Floats) -> tuple[Floats, Floats]:
    """Return how far each row may be learned, from 0 to 1, and the course of each after it."""
    after = course + _A_ROW
    smoothed = course[:, SMOOTHED]
    smoothed = smoothed + SMOOTH * (above - smoothed)
    after[:, SMOOTHED] = smoothed
    after[:, ALERT] = np.maximum(above, ALERT_FADE * np.minimum(course[:, ALERT], ALERT_KEPT))
    after[:, SCORE] = np.maximum(smoothed, FADE * course[:, SCORE])
    if not np.count_nonzero(above >= GATE):
        after[:, HELD] = 0.0
        return np.ones(len(above)), after
    quiet = above < GATE
    trust = np.where(course[:, ROWS] < FREE_ROWS, (GATE / np.maximum(above, GATE)) ** 2, quiet)
    trust[course[:, HELD] >= _RELEASE] = 1.0
    after[:, ROWS] -= trust == _ZERO
    after[:, HELD] *= ~quiet
    return trust, after


_A_ROW: Final = np.isin(np.arange(COURSE), (SEEN, ROWS, HELD)).astype(np.float64)


def _learn(after: dict[str, NDArray[Any]], away: Floats, distance: Floats, trust: Floats) -> None:
    """Learn the row where it is a device's turn, into columns of ``after``."""
    due = after["course"][:, SEEN] % _EVERY == ONE
    if not np.count_nonzero(due):
        return
    learns = due & (trust > _ZERO)
    taught = np.count_nonzero(learns)
    if taught:
        _teach(after, _ALL if taught == len(due) else learns.nonzero()[0], away, distance, trust)
    if taught < np.count_nonzero(due):
        held, levels = due & ~learns, after["levels"]
        means, deviations = levels[held, MEANS], levels[held, DEVIATIONS]
        levels[held, MEANS] = crept(means, deviations, away[held], every=LEARNED_EVERY)


def _teach(
    after: dict[str, NDArray[Any]], devices: Int64s | slice, away: Floats, distance: Floats, trust: Floats
) -> None:
    """Learn the rows of the devices, into columns of ``after``."""
    course, levels, trust = after["course"][devices], after["levels"][devices], trust[devices]
    rows = course[:, ROWS] - ONE
    _quieten(course, distance[devices], trust, rows)
    weight = np.maximum(_EVERY / (rows + _EVERY), LEAST_WEIGHT) * trust
    before = Baseline(levels[:, MEANS], levels[:, DEVIATIONS], after["covariance"][devices])
    known = learned(before, away[devices], rows, weight)
    after["course"][devices] = course
    after["levels"][devices, MEANS], after["levels"][devices, DEVIATIONS] = known.mean, known.deviation
    precision = precision_of(known.covariance, known.deviation)
    for name, column in (("covariance", known.covariance), ("precision", precision)):
        after[name] = column if isinstance(devices, slice) else _put(after[name], devices, column)


def _put(column: NDArray[Any], rows: Int64s, values: NDArray[Any]) -> NDArray[Any]:
    column = column.copy()
    column[rows] = values
    return column


def _quieten(course: Floats, distance: Floats, trust: Floats, rows: Floats) -> None:
    """Learn mean and variance of the quiet distance, in place."""
    counted = rows - QUIET_ROWS
    weight = np.maximum(_EVERY / np.maximum(counted, _EVERY), QUIET_SLOW) * trust * (counted > _ZERO)
    mean, variance = course[:, QUIET_MEAN], course[:, QUIET_VARIANCE]
    step = distance - mean
    part = weight * step
    course[:, QUIET_MEAN] = mean + part
    course[:, QUIET_VARIANCE] = (ONE - weight) * (variance + part * step)


def _shares(by_channel: Floats, alert: Floats) -> Floats:
    """Return the alert score divided among the channels that are to blame."""
    if not np.count_nonzero(alert):
        return np.zeros(by_channel.shape)
    blame = np.maximum(by_channel, _ZERO)
    return np.asarray(blame * (alert / np.maximum(np.add.reduce(blame, axis=1), TINY))[:, None])
