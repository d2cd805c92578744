"""The seasonal profiles of a single series, kept open: the arithmetic of ``seasonal`` in plain numbers."""

from array import array
from math import inf
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import State
from anomaly.detectors import seasonal

_GAINS: Final = seasonal.GAINS.tolist()
_CELLS: Final = seasonal.cells().tolist()
_SPANS: Final = seasonal.CELL_HALF_HOURS.tolist()
_HALF_HOUR_MS: Final = seasonal.HALF_HOUR_MS.item()
_ERROR_RATE: Final[float] = seasonal.ERROR_RATE.item()
_LEAK: Final[float] = seasonal.RANGE_LEAK.item()
_GATE: Final[float] = seasonal.GATE.item()
_GATE_ROWS: Final[float] = seasonal.GATE_ROWS.item()
_WIDTH_MIN: Final[float] = seasonal.WIDTH_MIN.item()
_NOVELTY_MAX: Final[float] = seasonal.NOVELTY_MAX.item()
_ERROR, _SLOW_ERROR, _SEEN, _KNOWN, _LOW, _HIGH = (
    row * seasonal.PROFILES
    for row in (
        seasonal.ERROR,
        seasonal.SLOW_ERROR,
        seasonal.SEEN,
        seasonal.KNOWN,
        seasonal.LOW,
        seasonal.HIGH,
    )
)


class Profiles:
    """Both profiles of one series; they change with every row."""

    __slots__ = ("_half_hour", "_profile", "_season", "_visits")

    def __init__(self, state: State) -> None:
        """Open the state of one series, whose columns are left unchanged."""
        # Arrays of the standard library round to single precision as the columns do, and cost less an element.
        self._profile = array("f", state["profile"].tobytes())
        self._visits = bytearray(state["visits"].tobytes())
        self._season: list[float] = state["season"].reshape(-1).tolist()
        self._half_hour: int = state["half_hour"].item()

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the state as it is now, in memory that the next row changes."""
        shape = (1, seasonal.PROFILES, seasonal.CELLS)
        return {
            "profile": np.frombuffer(self._profile, np.float32).reshape(shape),
            "visits": np.frombuffer(self._visits, np.uint8).reshape(shape),
            "season": np.array(self._season, np.float32).reshape(1, -1, seasonal.PROFILES),
            "half_hour": np.array([self._half_hour]),
        }

    def compare(self, start_ms: int, value: float, slow: float) -> tuple[list[float], float | None]:
        """Return how far the value leaves each profile, and what the better one expected; learn it.

        Args:
            start_ms: Start of the row, UTC epoch milliseconds.
            value: In noise units.
            slow: Slow average before the row, in noise units.
        """
        half_hour, came, season = start_ms // _HALF_HOUR_MS, self._half_hour, self._season
        profile, visits = self._profile, self._visits
        distance, least_error, expected, learned = [0.0, 0.0], inf, None, False
        for place, cell in enumerate(_CELLS[half_hour % len(_CELLS)]):
            usual, rows = profile[cell], visits[cell]
            if came != half_hour and came // _SPANS[place] != half_hour // _SPANS[place]:
                season[_KNOWN + place] = float(rows > 0)
            away = value - usual
            if season[_KNOWN + place] > 0.0:
                learned = True
                outside = self._learn(place, away, value - slow)
                if outside is not None:
                    distance[place] = outside
                    if season[_ERROR + place] < least_error:
                        least_error, expected = season[_ERROR + place], usual
            profile[cell] = usual + _GAINS[rows] * away
            if rows < seasonal.LEARNED_ROWS:
                visits[cell] = rows + 1
        if learned:
            self._season = array("f", season).tolist()
        self._half_hour = half_hour
        return distance, expected

    def _learn(self, place: int, away: float, slow_away: float) -> float | None:
        """Learn a residual of one profile; return how far outside it was, None where not believed."""
        season = self._season
        low, high = season[_LOW + place], season[_HIGH + place]
        width = -(low + high)
        width = max(width, _WIDTH_MIN)
        beyond = max(low - away, high + away, 0.0)
        error, slow_error = season[_ERROR + place], season[_SLOW_ERROR + place]
        error += (abs(away) - error) * _ERROR_RATE
        slow_error += (abs(slow_away) - slow_error) * _ERROR_RATE
        seen = season[_SEEN + place] + 1.0
        low, high, leak = low + _LEAK * width, high + _LEAK * width, -away
        season[_ERROR + place], season[_SLOW_ERROR + place], season[_SEEN + place] = error, slow_error, seen
        season[_LOW + place] = low if low < away else away
        season[_HIGH + place] = high if high < leak else leak
        if error < _GATE * slow_error and seen > _GATE_ROWS:
            return min(beyond / width, _NOVELTY_MAX)
        return None
