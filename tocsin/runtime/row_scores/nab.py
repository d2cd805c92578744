"""The score of the Numenta Anomaly Benchmark: early is worth more than late, and one threshold serves all series.

Source: Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms" (2015), and the benchmark's code, v1.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from tocsin.runtime.row_scores.model import Floats, Ints, Labels, Scored, ranked

FAR_MAX: Final = 3.0
"""So many lengths of a window after its end, a false alarm costs all that it can."""


class Profile(NamedTuple):
    """What counts how much.

    Attributes:
        hit: A window whose first row has an alarm.
        false: An alarm far from any window.
        missed: A window without an alarm.
    """

    hit: float
    false: float
    missed: float


PROFILES: Final[Mapping[str, Profile]] = {
    "standard": Profile(1.0, 0.11, 1.0),
    "low_fp": Profile(1.0, 0.22, 1.0),
    "low_fn": Profile(1.0, 0.11, 2.0),
}


@dataclass(frozen=True, slots=True)
class _Worth:
    """What an alarm on each row is worth, before weights; shape (n,) each, scored rows alone.

    Attributes:
        window: Number of the window that the row lies in, -1 outside.
        worth: In a window in (0, 1]; outside in [-1, 0).
    """

    window: Ints
    worth: Floats


class NabSweep:
    """All thresholds over all series at once.

    Args:
        scored: The series; their alert scores are swept.
    """

    def __init__(self, scored: Sequence[Scored]) -> None:
        worths = [_worths(one.labels) for one in scored]
        self.windows = sum(len(one.labels.windows) for one in scored)
        live = [one.alert[one.labels.probation :] for one in scored]
        self._falling, order, self._places = ranked(live)
        offsets = np.cumsum([0, *(len(one.labels.windows) for one in scored[:-1])])
        window = np.concatenate(
            [np.where(one.window < 0, -1, one.window + offset) for one, offset in zip(worths, offsets, strict=True)]
        )[order]
        worth = np.concatenate([one.worth for one in worths])[order]
        gain, is_first = _gains(window, worth)
        self._earned = np.cumsum(gain)
        self._hit = np.cumsum(is_first)
        self._cost = np.cumsum(np.where(window < 0, worth, 0.0))

    def at(self, profile: str, threshold: float) -> float:
        """Return the score of one threshold; 100 is perfect, 0 is silence, less is worse than silence."""
        above = int(np.searchsorted(-self._falling, -threshold, side="right"))
        return self._normal(self._raw(profile)[above - 1] if above else self._silent(profile), profile)

    def best(self, profile: str) -> tuple[float, float]:
        """Return the highest score, and the threshold that has it; infinity where silence is best."""
        raw = self._raw(profile)[self._places]
        silent = self._silent(profile)
        if not len(raw) or raw.max() < silent:
            return self._normal(silent, profile), float("inf")
        place = int(np.argmax(raw))
        return self._normal(raw[place], profile), float(self._falling[self._places[place]])

    def _raw(self, profile: str) -> Floats:
        weights = PROFILES[profile]
        missed = self.windows - self._hit
        return np.asarray(weights.hit * self._earned + weights.false * self._cost - weights.missed * missed)

    def _silent(self, profile: str) -> float:
        return -PROFILES[profile].missed * self.windows

    def _normal(self, raw: float, profile: str) -> float:
        if not self.windows:
            return float("nan")
        silent = self._silent(profile)
        return float(100.0 * (raw - silent) / (PROFILES[profile].hit * self.windows - silent))


def _worths(labels: Labels) -> _Worth:
    """Return what an alarm on each row past probation is worth."""
    window = np.full(labels.rows, -1)
    worth = np.full(labels.rows, -1.0)
    windows = sorted(labels.windows)
    following = [start for start, _ in windows[1:]] + [labels.rows]
    for number, (first, last) in enumerate(windows):
        width = last - first + 1
        rows = np.arange(first, last + 1)
        window[rows] = number
        worth[rows] = _falling_off(-(last - rows + 1) / width) / _falling_off(np.array(-1.0))
        after = np.arange(last + 1, following[number])
        worth[after] = _falling_off((after - last) / max(width - 1, 1))
    return _Worth(window[labels.probation :], worth[labels.probation :])


def _falling_off(position: Floats) -> Floats:
    """Return about 1 well before the end of a window (0), 0 at it and -1 from ``FAR_MAX`` after it."""
    near = 2.0 / (1.0 + np.exp(5.0 * np.minimum(position, FAR_MAX))) - 1.0
    return np.where(position > FAR_MAX, -1.0, near)


def _gains(window: Ints, worth: Floats) -> tuple[Floats, Floats]:
    """Return what each row, highest score first, adds to its window's best so far, and which is its window's first."""
    gain, is_first = np.zeros(len(window)), np.zeros(len(window))
    for number in np.unique(window[window >= 0]):
        rows = np.flatnonzero(window == number)
        best = np.maximum.accumulate(worth[rows])
        gain[rows] = np.diff(best, prepend=0.0)
        is_first[rows[0]] = 1.0
    return gain, is_first
