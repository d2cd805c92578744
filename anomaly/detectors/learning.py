"""Learning a typical duration online: a mean that forgets, and that one outage cannot spoil."""

from typing import Final

import numpy as np

from tocsin.core.columns import Bools, Floats, Int32s, Int64s

WEIGHT_MIN: Final = 0.1
"""Weight of a new sample once there are many; the first ones count equally."""

OUTLIER_FACTOR: Final = 4.0
"""A sample counts as at most this many times the mean, so an outage is learned slowly, a new pace quickly."""

SETTLED_SAMPLES: Final = 3
"""Until there are so many, a sample counts in full: nobody knows yet which is the outlier."""

SAMPLES_MAX: Final = 1_000
"""Up to where samples are counted."""


def learn_mean(mean: Floats, samples: Int32s, value: Int64s | Floats, learns: Bools) -> tuple[Floats, Int32s]:
    """Return means and numbers of samples after at most one sample each.

    Args:
        mean: shape (n,), means so far, at least 0.
        samples: shape (n,), int32, samples so far.
        value: shape (n,), the samples, at least 0.
        learns: shape (n,), where there is a sample at all.
    """
    counted = samples + learns.astype(np.int32)
    weight = np.maximum(1.0 / np.maximum(counted, 1), WEIGHT_MIN)
    most = np.where(samples >= SETTLED_SAMPLES, OUTLIER_FACTOR * np.maximum(mean, 1.0), np.inf)
    learned = np.where(learns, mean + weight * (np.minimum(value, most) - mean), mean)
    return learned, np.minimum(counted, SAMPLES_MAX).astype(np.int32)
