"""What the multivariate detector is set to, the places in its state, and what it says."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from tocsin.core.columns import Bools, Floats

WARM_ROWS: Final = 100
"""Rows of a device before it is judged."""

# Arrays of no dimension and not Python numbers: with few devices those cost more than the arithmetic.
FREE_ROWS: Final = np.array(350.0)
"""Rows that are all learned, anomalous ones with less weight: a young covariance knows too little to refuse them."""

RELEASE_ROWS: Final = 1_500
"""Anomalous rows in a row after which the new regime is learned."""

GATE: Final = np.array(2.0)
"""Score below which a row is quiet."""

LEARNED_EVERY: Final = 3
"""Rows from one that is learned to the next: neighbours are nearly the same after smoothing."""

FAST: Final = np.array(0.12)
STEP_MAX: Final = np.array(6.0)
STEP_ROWS: Final = np.array(30.0)
"""Deviations at which the step of a channel is cut off, and rows after which that begins."""

QUIET_SLOW: Final = np.array(3e-3)
QUIET_ROWS: Final = np.array(50.0)
"""Least weight of a learned row in the quiet scale, and rows before that is learned."""

QUIET_VARIANCE_MIN: Final = np.array(0.1**2)
SMOOTH: Final = np.array(0.5)
FADE: Final = np.array(0.98)
"""Rate at which the score follows up, and what is left of it a row later."""

ALERT_FADE: Final = np.array(0.95)
ALERT_KEPT: Final = np.array(4.0)
"""What is left of the alert score a row later, and how much of it can be kept at all: an anomaly that dips for a few
rows stays one alarm, and a strong one ends no later than a weak one."""

FASTS, MEANS, DEVIATIONS = 0, 1, 2
"""Rows of ``levels``: fast average, mean, deviation."""

COURSE: Final = 8
SEEN, ROWS, HELD, QUIET_MEAN, QUIET_VARIANCE, SMOOTHED, SCORE, ALERT = range(COURSE)
"""Number of columns of ``course``, and the columns; ``ROWS`` are those that were learned, ``HELD`` those held back
since."""


@dataclass(frozen=True, slots=True)
class JointScores:
    """What the detector says of n devices.

    Attributes:
        score: shape (n,), deviations above the quiet distance, smoothed and fading; at least 0.
        alert: shape (n,), the same without smoothing, fading faster: what the threshold is compared with.
        warming: shape (n,), True while too little has been seen to judge.
        shares: shape (n, CHANNELS_MAX), each channel's share of ``alert``; 0 for channels that are missing.
    """

    score: Floats
    alert: Floats
    warming: Bools
    shares: Floats
