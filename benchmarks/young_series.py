"""The adaptive detector on series of its first four hours: false alarms without a fault, and which faults it finds.

Run: ``python -m benchmarks.young_series``. 80 series of each kind, a row a minute; a fault is eight deviations of the
series' noise, at row 150. The last column goes on to row 1,440, a day, without a fault.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import Observations
from anomaly.detectors.adaptive import Adaptive
from benchmarks.table import print_table
from tocsin.core.clock import MINUTE_MS
from tocsin.core.plan.model import AdaptiveRule

Floats = NDArray[np.float64]

SERIES, ROWS, DAY_ROWS, AT = 80, 240, 1_440, 150
SIZE: Final = 8.0
RAMP_ROWS: Final = 60
START_MS: Final = 1_795_428_000_000
THRESHOLD: Final = AdaptiveRule(name="adaptive").threshold


def _white(random: np.random.Generator, at: Floats) -> Floats:
    return random.normal(50.0, 1.0, at.shape)


def _slow(random: np.random.Generator, at: Floats) -> Floats:
    values = random.normal(0.0, 0.6, at.shape)
    for row in range(1, len(values)):
        values[row] += 0.8 * values[row - 1]
    return values + 50.0


def _daily(random: np.random.Generator, at: Floats) -> Floats:
    return np.asarray(20.0 + 5.0 * np.sin(at / 229.0) + random.normal(0.0, 0.3, at.shape))


def _sawtooth(random: np.random.Generator, at: Floats) -> Floats:
    return np.asarray(at % 25.0 / 4.0 + random.normal(0.0, 0.3, at.shape))


def _duty(random: np.random.Generator, at: Floats) -> Floats:
    return np.asarray(10.0 * (at % 30.0 < 14.0) + random.normal(0.0, 0.3, at.shape))


KINDS: Final[dict[str, tuple[float, Callable[[np.random.Generator, Floats], Floats]]]] = {
    "white noise": (1.0, _white),
    "autocorrelated noise": (1.0, _slow),
    "a stretch of a daily wave": (0.3, _daily),
    "sawtooth": (0.3, _sawtooth),
    "on and off duty": (0.3, _duty),
}
"""Name to the deviation of the noise, and what makes the values, of shape (rows, series), from the minute."""


def alerted(values: Floats) -> NDArray[np.bool_]:
    """Return which rows of which series reach the shipped threshold; shape (rows, series)."""
    detector, state = Adaptive(), Adaptive().initial(values.shape[1])
    reached = np.zeros(values.shape, np.bool_)
    for row, now in enumerate(values):
        start = np.full(len(now), START_MS + row * MINUTE_MS)
        one, end = np.ones(len(now), np.int64), start + MINUTE_MS
        seen = Observations(start, end, one, now, now, now, now, now, start, end - 1)
        scores, state = detector.score(state, seen)
        reached[row] = scores.alert >= THRESHOLD
    return reached


def row_of(name: str, random: np.random.Generator) -> tuple[str, ...]:
    """Return the cells of a kind of series."""
    deviation, make = KINDS[name]
    clean = make(random, np.arange(float(DAY_ROWS))[:, None] + random.integers(0, DAY_ROWS, SERIES))
    spike, shift, drift = clean[:ROWS].copy(), clean[:ROWS].copy(), clean[:ROWS].copy()
    spike[AT] += SIZE * deviation
    shift[AT:] += SIZE * deviation
    drift[AT:] += SIZE * deviation * np.minimum(np.arange(ROWS - AT) / RAMP_ROWS, 1.0)[:, None]
    quiet = alerted(clean)
    later = 1_000.0 * float(quiet[ROWS:].mean())
    found = [
        int(alerted(spike)[AT].sum()),
        int(alerted(shift)[AT : AT + 5].any(axis=0).sum()),
        int(alerted(drift)[AT:].any(axis=0).sum()),
    ]
    return name, str(int(quiet[:ROWS].sum())), *(f"{count} of {SERIES}" for count in found), f"{later:.2f}"


def main() -> None:
    """Print a line a kind."""
    random = np.random.default_rng(11)
    head = ("series", "false alarms", "spikes", "shifts in 5 rows", "drifts over 60", "false/1000 to a day")
    print_table(f"{SERIES} young series of each kind, {ROWS} rows", head, [row_of(name, random) for name in KINDS])


if __name__ == "__main__":
    main()
