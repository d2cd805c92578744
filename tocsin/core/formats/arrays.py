"""Lists of numbers to numpy arrays: struct packs a number in 7 ns where ``np.fromiter`` takes 17.

The arrays are read-only. A number of another type than promised is an error, where numpy would convert.
"""

from collections.abc import Sequence
from struct import pack

import numpy as np

from tocsin.core.columns import Floats, Int32s, Int64s


def int32s(values: Sequence[int]) -> Int32s:
    """Return the numbers as an array.

    Raises:
        struct.error: One is no whole number or does not fit.
    """
    return np.frombuffer(pack(f"={len(values)}i", *values), np.int32)


def int64s(values: Sequence[int]) -> Int64s:
    """Return the numbers as an array.

    Raises:
        struct.error: One is no whole number or does not fit.
    """
    return np.frombuffer(pack(f"={len(values)}q", *values), np.int64)


def floats(values: Sequence[float]) -> Floats:
    """Return the numbers as an array.

    Raises:
        struct.error: One is no number.
    """
    return np.frombuffer(pack(f"={len(values)}d", *values), np.float64)
