"""The record of a single series' evidence, kept open: the arithmetic of ``rarity`` in plain numbers."""

from array import array
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import State
from anomaly.detectors import rarity

_ONE: Final = np.float32(1.0)


class Record:
    """Block maxima and passes of one series; they change with every row."""

    __slots__ = ("_passes", "_peaks")

    def __init__(self, state: State) -> None:
        """Open the state of one series, whose columns are left unchanged."""
        self._peaks = array("f", state["peaks"].tobytes())
        self._passes = state["passes"][0].copy()

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the state as it is now, in memory that the next row changes."""
        return {"peaks": np.array([self._peaks], np.float32), "passes": self._passes[None]}

    def weigh(self, rows: int, evidence: float) -> tuple[float, bool]:
        """Return how surprising the evidence is and whether it passed; enter it."""
        passes, peaks = self._passes, self._peaks
        np.multiply(passes, rarity.KEPT, out=passes)
        block_rows = min(rows // rarity.ROWS_PER_BLOCK_ROW + 1, rarity.BLOCK_ROWS_MAX)
        if not evidence > 0.0:
            if rows % block_rows == 0:
                peaks[rows // block_rows % rarity.BLOCKS] = 0.0
            return 0.0, False
        passed = evidence > max(peaks)
        block = rows // block_rows % rarity.BLOCKS
        peaks[block] = evidence if rows % block_rows == 0 else max(peaks[block], evidence)
        level = int(min(evidence / rarity.BIN_WIDTH, rarity.BINS - 1.0))
        credit = min(evidence / rarity.CREDIT_EVIDENCE, 1.0)
        odds = (rows + 1.0 + rarity.BORROWED_ROWS * credit) / (1.0 + passes.item(level))
        surprise = max(float(np.log10(odds)), 0.0) + rarity.EVIDENCE_WEIGHT * evidence
        if passed:
            passes[: level + 1] += _ONE
        return surprise, passed
