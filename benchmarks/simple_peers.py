"""Detectors that are a page of arithmetic, written out after their sources: one score a row, no look-ahead."""

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TINY: Final = 1e-12


class WindowedGaussian:
    """Deviations from the mean of a window, as in the Numenta benchmark's baseline of that name."""

    WINDOW: Final = 6_400
    STEP: Final = 100

    def __init__(self) -> None:
        self._window: deque[Floats] = deque(maxlen=self.WINDOW)
        self._waiting: list[Floats] = []
        self._sum = self._squares = np.zeros(1)

    def score(self, row: Floats) -> float:
        """Return the largest of the channels' deviations."""
        count = len(self._window)
        mean = self._sum / max(count, 1)
        deviation = np.sqrt(np.maximum(self._squares / max(count, 1) - mean**2, 0.0))
        found = np.max(np.abs(row - mean) / (deviation + TINY + 1e-6 * np.abs(mean))) if count > 1 else 0.0
        self._waiting.append(row)
        if count < self.WINDOW or len(self._waiting) == self.STEP:
            for value in self._waiting:
                self._add(value)
            self._waiting.clear()
        return float(found)

    def _add(self, row: Floats) -> None:
        gone = self._window[0] if len(self._window) == self.WINDOW else np.zeros(1)
        self._window.append(row)
        self._sum = self._sum + row - gone
        self._squares = self._squares + row**2 - gone**2


class Ewma:
    """Deviations from an exponential average (S. W. Roberts, 1959), whose variance is averaged alike."""

    RATE: Final = 0.05

    def __init__(self) -> None:
        self._mean: Floats | None = None
        self._variance = np.zeros(1)

    def score(self, row: Floats) -> float:
        """Return the largest of the channels' deviations."""
        if self._mean is None:
            self._mean = row
            return 0.0
        step = row - self._mean
        found = np.max(np.abs(step) / (np.sqrt(self._variance) + TINY + 1e-6 * np.abs(self._mean)))
        self._mean = self._mean + self.RATE * step
        self._variance = (1.0 - self.RATE) * (self._variance + self.RATE * step**2)
        return float(min(found, 1e6))


class HoltWinters:
    """Error of additive exponential smoothing with trend and a daily season (P. R. Winters, 1960), in deviations."""

    LEVEL: Final = 0.1
    TREND: Final = 0.01
    SEASON: Final = 0.1
    ERROR: Final = 0.02

    def __init__(self, period: int) -> None:
        """Begin.

        Args:
            period: Rows of a day.
        """
        self._season = np.zeros(period)
        self._row = 0
        self._level = self._trend = self._variance = 0.0

    def score(self, row: Floats) -> float:
        """Return the error of the forecast of this row."""
        value, place = float(row[0]), self._row % len(self._season)
        if self._row == 0:
            self._level = value
        usual = self._season[place]
        error = value - (self._level + self._trend + usual)
        found = abs(error) / (np.sqrt(self._variance) + TINY + 1e-6 * abs(self._level))
        before = self._level
        self._level = self.LEVEL * (value - usual) + (1.0 - self.LEVEL) * (self._level + self._trend)
        self._trend += self.TREND * (self._level - before - self._trend)
        self._season[place] += self.SEASON * (value - self._level - usual)
        self._variance += self.ERROR * (error**2 - self._variance)
        self._row += 1
        return float(min(found, 1e6))


class SpectralResidual:
    """Saliency of the newest row (H. Ren and others, *Time-series anomaly detection service at Microsoft*, 2019)."""

    WINDOW: Final = 256
    SMOOTH: Final = 3
    AHEAD: Final = 5
    NEIGHBOURS: Final = 21

    def __init__(self) -> None:
        self._window: deque[float] = deque(maxlen=self.WINDOW)

    def score(self, row: Floats) -> float:
        """Return how far the saliency of the row is above that of its neighbours, relative to theirs."""
        self._window.append(float(row[0]))
        if len(self._window) < 64:
            return 0.0
        values = np.array(self._window)
        # The rows ahead go on from the rows before the newest, as in the authors' code: else a spike hides itself.
        gradient = np.mean((values[-2] - values[-7:-2]) / np.arange(5.0, 0.0, -1.0))
        ahead = np.full(self.AHEAD, values[-6] + 5.0 * gradient)
        saliency = self._saliency(np.concatenate([values, ahead]))[: -self.AHEAD]
        usual = saliency[-self.NEIGHBOURS - 1 : -1].mean()
        return float(max((saliency[-1] - usual) / (usual + TINY), 0.0))

    def _saliency(self, values: Floats) -> Floats:
        spectrum = np.fft.fft(values)
        size = np.log(np.abs(spectrum) + TINY)
        kernel = np.ones(self.SMOOTH) / self.SMOOTH
        residual = size - np.convolve(size, kernel, mode="same")
        return np.abs(np.fft.ifft(np.exp(residual + 1j * np.angle(spectrum))))
