"""Independent random streams by name, so that what one device draws never depends on another."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]


def stream(*names: int | str) -> np.random.Generator:
    """Return a generator that depends on the names alone.

    Args:
        names: For example the seed, the device and what the numbers are for.

    >>> stream(7, "pump-1", "sensor").random() == stream(7, "pump-1", "sensor").random()
    True
    >>> stream(7, "pump-1", "sensor").random() == stream(8, "pump-1", "sensor").random()
    False
    """
    digest = blake2b("\x1f".join(map(str, names)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def mixed(numbers: Int64s) -> Floats:
    """Return a number in [0, 1) for each, shape (n,), that looks like chance and is always the same.

    Source: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    """
    bits = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray((bits ^ (bits >> np.uint64(31))) / 2.0**64)
