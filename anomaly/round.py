"""One round: a window of each of some series, as rules see it."""

from dataclasses import dataclass

from anomaly.contract import Observations, Scores
from anomaly.observations import take_scores, take_windows
from tocsin.core.columns import Floats, Int64s


@dataclass(frozen=True, slots=True)
class Round:
    """One window of each of n series, and what was known before it.

    Attributes:
        rows: shape (n,), series rows.
        places: shape (n,), places in the batch.
        windows: The windows.
        scores: What the adaptive detector says of them.
        last: shape (n,), last value before, NaN without.
        last_ms: shape (n,), its event time.
    """

    rows: Int64s
    places: Int64s
    windows: Observations
    scores: Scores
    last: Floats
    last_ms: Int64s

    def take(self, cells: Int64s) -> "Round":
        """Return the windows at the places, in that order."""
        return Round(
            self.rows[cells],
            self.places[cells],
            take_windows(self.windows, cells),
            take_scores(self.scores, cells),
            self.last[cells],
            self.last_ms[cells],
        )
