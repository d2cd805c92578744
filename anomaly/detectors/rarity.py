"""The alert stage: how rare evidence this strong has been in this very series.

A row passes where its evidence beats every row of the last while; then the score is the decimal logarithm of
how many rows have gone by for each pass at least as strong. One threshold so fits calm and restless series.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Bools, Floats, Int64s

BLOCKS: Final = 15
"""How many block maxima stand for the rows that a pass must beat."""

REFRACTORY_SHARE: Final = 0.05
REFRACTORY_ROWS: Final = (15, 150)
"""A pass must beat this share of the rows so far, within these limits."""

BORROWED_ROWS: Final = 1000.0
"""Quiet rows that other series lend to a young one."""

CREDIT_EVIDENCE: Final = 5.0
"""Evidence from which all of them are lent; weaker evidence borrows in proportion."""

EVIDENCE_WEIGHT: Final = 0.15
MEMORY_ROWS: Final = 20_000.0
"""Rows after which a pass counts a third."""

BINS: Final = 64
BIN_WIDTH: Final = 0.5

_BINS: Final = np.arange(BINS)


class Rarity(NamedTuple):
    """What a row's evidence amounts to, and the record after it.

    Attributes:
        surprise: shape (n,), decimal orders of magnitude, at least 0.
        passed: shape (n,), whether the evidence beat the rows before it.
        peaks: shape (n, BLOCKS), float32, largest evidence of each block of rows.
        passes: shape (n, BINS), float32, decayed count of passes at least as strong as each bin.
    """

    surprise: Floats
    passed: Bools
    peaks: NDArray[np.float32]
    passes: NDArray[np.float32]


def initial_rarity(series: int) -> dict[str, NDArray[Any]]:
    """Return empty records, as the columns ``peaks`` and ``passes``."""
    return {
        "peaks": np.zeros((series, BLOCKS), np.float32),
        "passes": np.zeros((series, BINS), np.float32),
    }


def weigh(peaks: NDArray[np.float32], passes: NDArray[np.float32], rows: Int64s, evidence: Floats) -> Rarity:
    """Return how surprising the evidence is, and enter it in the record.

    Args:
        peaks: As in ``Rarity``, before the row; left unchanged, like all.
        passes: As in ``Rarity``.
        rows: shape (n,), rows before this one.
        evidence: shape (n,), at least 0.
    """
    passed = (evidence > peaks.max(axis=1)) & (evidence > 0.0)
    level = np.minimum(evidence / BIN_WIDTH, BINS - 1.0).astype(np.int64)
    series = np.arange(len(rows))
    passes = passes * np.float32(1.0 - 1.0 / MEMORY_ROWS)
    credit = np.minimum(evidence / CREDIT_EVIDENCE, 1.0)
    odds = (rows + 1.0 + BORROWED_ROWS * credit) / (1.0 + passes[series, level])
    surprise = np.maximum(np.log10(odds), 0.0) + EVIDENCE_WEIGHT * evidence
    passes += np.where(passed, level, -1)[:, None] >= _BINS
    return Rarity(surprise, passed, _entered(peaks, rows, series, evidence), passes)


def _entered(peaks: NDArray[np.float32], rows: Int64s, series: Int64s, evidence: Floats) -> NDArray[np.float32]:
    low, high = REFRACTORY_ROWS
    reach = np.minimum(np.maximum(rows * REFRACTORY_SHARE, low), high)
    length = np.ceil(reach / BLOCKS).astype(np.int64)
    count, place = np.divmod(rows, length)
    block = count % BLOCKS
    peaks = peaks.copy()
    peaks[series, block] = np.where(place == 0, evidence, np.maximum(peaks[series, block], evidence))
    return peaks
