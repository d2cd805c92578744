"""The alert stage: how rare evidence this strong has been in this very series.

A row passes where its evidence beats every row of the last while; then the score is the decimal logarithm of
how many rows have gone by for each pass at least as strong. One threshold so fits calm and restless series.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Bools, Floats, Int64s

Singles = NDArray[np.float32]

BLOCKS: Final = 15
"""How many block maxima stand for the rows that a pass must beat."""

ROWS_PER_BLOCK_ROW: Final = 100
BLOCK_ROWS_MAX: Final = 13
"""A block grows by a row every so many rows: a pass must beat about a seventh of the rows so far, 15 to 195."""

BORROWED_ROWS: Final = 1000.0
"""Quiet rows that other series lend to a young one."""

CREDIT_EVIDENCE: Final = 5.0
"""Evidence from which all of them are lent; weaker evidence borrows in proportion."""

EVIDENCE_WEIGHT: Final = 0.2
MEMORY_ROWS: Final = 50_000.0
"""Rows after which a pass counts a third."""

BINS: Final = 64
BIN_WIDTH: Final = 0.5

_BINS: Final = np.arange(BINS)
KEPT: Final = np.array(1.0 - 1.0 / MEMORY_ROWS, np.float32)
"""What is left of a pass a row later."""


class Rarity(NamedTuple):
    """What a row's evidence amounts to, and the record after it.

    Attributes:
        surprise: shape (n,), decimal orders of magnitude, at least 0; 0 without evidence.
        passed: shape (n,), whether the evidence beat the rows before it.
        peaks: shape (n, BLOCKS), float32, largest evidence of each block of rows.
        passes: shape (n, BINS), float32, decayed count of passes at least as strong as each bin.
    """

    surprise: Floats
    passed: Bools
    peaks: Singles
    passes: Singles


def initial_rarity(series: int) -> dict[str, NDArray[Any]]:
    """Return empty records, as the columns ``peaks`` and ``passes``."""
    return {
        "peaks": np.zeros((series, BLOCKS), np.float32),
        "passes": np.zeros((series, BINS), np.float32),
    }


def weigh(peaks: Singles, passes: Singles, rows: Int64s, evidence: Floats) -> Rarity:
    """Return how surprising the evidence is, and enter it in the record.

    Args:
        peaks: As in ``Rarity``, before the row; left unchanged, like all.
        passes: As in ``Rarity``.
        rows: shape (n,), rows before this one.
        evidence: shape (n,), at least 0.
    """
    surprise = np.zeros(len(rows))
    passed = np.zeros(len(rows), np.bool_)
    found = evidence.nonzero()[0]
    entered = _cleared(peaks, rows)
    passes = passes * KEPT
    if len(found):
        strength = evidence[found]
        level = np.minimum(strength / BIN_WIDTH, BINS - 1.0).astype(np.int64)
        surprise[found] = _surprise(passes[found, level].astype(np.float64), rows[found], strength)
        beats = strength > peaks[found].max(axis=1)
        passed[found] = beats
        passes[found] += np.where(beats, level, -1)[:, None] >= _BINS
        block = rows[found] // _block_rows(rows[found]) % BLOCKS
        entered = entered.copy()
        entered[found, block] = np.maximum(entered[found, block], strength)
    return Rarity(surprise, passed, entered, passes)


def _surprise(stronger: Floats, rows: Int64s, evidence: Floats) -> Floats:
    credit = np.minimum(evidence / CREDIT_EVIDENCE, 1.0)
    odds = (rows + 1.0 + BORROWED_ROWS * credit) / (1.0 + stronger)
    return np.asarray(np.maximum(np.log10(odds), 0.0) + EVIDENCE_WEIGHT * evidence)


def _cleared(peaks: Singles, rows: Int64s) -> Singles:
    """Return the peaks with the present block emptied where it begins."""
    block, place = np.divmod(rows, _block_rows(rows))
    if np.count_nonzero(place) == len(rows):
        return peaks
    found = (place == 0).nonzero()[0]
    peaks = peaks.copy()
    peaks[found, block[found] % BLOCKS] = 0.0
    return peaks


def _block_rows(rows: Int64s) -> Int64s:
    return np.asarray(np.minimum(rows // ROWS_PER_BLOCK_ROW + 1, BLOCK_ROWS_MAX))
