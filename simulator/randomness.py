"""Independent random streams by name, so that what one device draws never depends on another."""

from hashlib import blake2b

import numpy as np


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
