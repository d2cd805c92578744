"""Proposals for one cohort: what its metrics usually do, and what a plan may say of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS
from tocsin.runtime.fit.cohorts import Cohort
from tocsin.runtime.fit.gather import Floats, Series, SeriesKey
from tocsin.runtime.fit.tails import Tail, block_maxima, upper_tail

BLOCK_MS: Final = 10 * MINUTE_MS
BINS: Final = 24
QUANTILES: Final = (0.01, 0.5, 0.99)
SEASON_DAYS_MIN: Final = 2
SEASON_MIN: Final = 0.3
"""Share of the variance that the hour of the day must explain before a profile is worth telling."""
MARGIN: Final = 0.5
"""A range reaches this share of the seen spread beyond what was seen."""
STOP_SHARE: Final = 0.02
"""Of blocks that reach the very same extreme: more than chance lets them."""
STILL_FACTOR: Final = 3.0
SILENT_FACTOR: Final = 3.0


@dataclass(frozen=True, slots=True)
class MetricFit:
    """What one metric of a cohort does.

    Attributes:
        metric: Its name.
        readings: How many there were.
        low: Smallest value seen.
        high: Largest.
        quantiles: At ``QUANTILES``.
        histogram: Counts of readings in ``BINS`` equal parts from ``low`` to ``high``.
        above: Upper tail, or None.
        below: Lower tail, of the negative values, or None.
        still_ms: Longest usual standstill (99.9 % are shorter), or None where it never moved.
        season: Share of the variance that the hour of the day explains, in [0, 1]; 0 where it is too short to know.
        profile: Mean of each hour of the day, UTC; empty without a season.
    """

    metric: str
    readings: int
    low: float
    high: float
    quantiles: tuple[float, ...]
    histogram: tuple[int, ...]
    above: Tail | None
    below: Tail | None
    still_ms: int | None
    season: float
    profile: tuple[float, ...]

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """Lower and upper limit to propose, beyond all that was seen; None where the tail is not known."""
        spread = self.high - self.low
        below = None if self.below is None else rounded(min(-self.below.level, self.low), spread, up=False)
        if below is not None and below <= 0 <= self.low:
            below = None  # it was never negative, so there is nothing beyond
        return below, None if self.above is None else rounded(max(self.above.level, self.high), spread, up=True)

    @property
    def range(self) -> tuple[float, float]:
        """What the sensor can be taken to show, beyond the limits; a metric that was never negative never will be."""
        spread = self.high - self.low
        low, high = self.limits
        least = min(self.low, self.low if low is None else low) - MARGIN * spread
        most = max(self.high, self.high if high is None else high) + MARGIN * spread
        return rounded(max(least, 0.0) if self.low >= 0 else least, spread, up=False), rounded(most, spread, up=True)


@dataclass(frozen=True, slots=True)
class CohortFit:
    """What the devices of a cohort do.

    Attributes:
        cohort: Who they are.
        cadence_ms: Median time between messages.
        silent_ms: Longest usual gap (99.9 % are shorter).
        metrics: What each metric does, by name.
    """

    cohort: Cohort
    cadence_ms: int
    silent_ms: int
    metrics: tuple[MetricFit, ...]


def fit_cohort(cohort: Cohort, series: Mapping[SeriesKey, Series], *, period_ms: int) -> CohortFit:
    """Return what the cohort's devices do.

    Args:
        cohort: Who they are.
        series: Their readings, among others'.
        period_ms: A limit is what a healthy device exceeds once in so long.
    """
    gaps = np.concatenate([_gaps(series, cohort, device) for device in cohort.devices])
    fits = tuple(
        _fit_metric(metric, [series[*device, metric] for device in cohort.devices], period_ms)
        for metric in cohort.metrics
    )
    cadence_ms = round(float(np.median(gaps))) if len(gaps) else 0
    return CohortFit(cohort, cadence_ms, round(float(np.quantile(gaps, 0.999))) if len(gaps) else 0, fits)


def _gaps(series: Mapping[SeriesKey, Series], cohort: Cohort, device: tuple[str, str]) -> Floats:
    """Return the gaps of the device's most frequent metric: those of its messages."""
    own = max((series[*device, metric] for metric in cohort.metrics), key=lambda one: one.seen)
    return np.array(own.gaps_ms, np.float64)


def _fit_metric(metric: str, series: Sequence[Series], period_ms: int) -> MetricFit:
    values = np.concatenate([one.value for one in series])
    low, high = float(values.min()), float(values.max())
    still = np.concatenate([np.array(one.still_ms, np.float64) for one in series])
    season, profile = _season(series)
    return MetricFit(
        metric=metric,
        readings=sum(one.seen for one in series),
        low=low,
        high=high,
        quantiles=tuple(np.quantile(values, QUANTILES).tolist()),
        histogram=tuple(np.histogram(values, BINS, (low, high if high > low else low + 1.0))[0].tolist()),
        above=_tail(series, 1.0, period_ms),
        below=_tail(series, -1.0, period_ms),
        still_ms=round(float(np.quantile(still, 0.999))) if len(still) else None,
        season=season,
        profile=profile,
    )


def _tail(series: Sequence[Series], sign: float, period_ms: int) -> Tail | None:
    """Return the tail; None too where the sensor, or what it measures, comes to a stop: there is nothing beyond."""
    maxima = np.concatenate([*_maxima(series, sign), np.zeros(0)])
    if len(maxima) and np.mean(maxima == maxima.max()) > STOP_SHARE:
        return None
    return upper_tail(maxima, blocks_in_period=period_ms / BLOCK_MS)


def _maxima(series: Sequence[Series], sign: float) -> Iterator[Floats]:
    for one in series:
        time_ms = one.time_ms
        if len(time_ms) > 1:
            step_ms = float(np.median(np.diff(time_ms)))
            yield block_maxima(sign * one.value, max(1, round(BLOCK_MS / max(step_ms, 1.0))))


def _season(series: Sequence[Series]) -> tuple[float, tuple[float, ...]]:
    """Return how much of the variance the hour of the day explains, and the hours' means, if that is much."""
    time_ms = np.concatenate([one.time_ms for one in series])
    values = np.concatenate([one.value for one in series])
    if not len(values) or np.ptp(time_ms) < SEASON_DAYS_MIN * DAY_MS or np.var(values) == 0:
        return 0.0, ()
    hour = time_ms % DAY_MS // HOUR_MS
    counts = np.bincount(hour, minlength=24)
    means = np.bincount(hour, values, 24) / np.maximum(counts, 1)
    share = float(1.0 - np.mean((values - means[hour]) ** 2) / np.var(values))
    return (share, tuple(means.tolist())) if share >= SEASON_MIN and counts.all() else (max(share, 0.0), ())


def rounded(value: float, spread: float, *, up: bool) -> float:
    """Return the value in steps of about a twentieth of the spread, rounded away from what was seen.

    >>> rounded(61.23, 40.0, up=True), rounded(1462.0, 30.0, up=False), rounded(-7.99, 0.5, up=False)
    (62.0, 1462.0, -8.0)
    """
    if not np.isfinite(value) or spread <= 0:
        return value
    step = 10.0 ** (np.floor(np.log10(spread)) - 1)
    return float(f"{(np.ceil if up else np.floor)(value / step) * step:.10g}")


def silent_floor_ms(fit: CohortFit) -> int:
    """Return how long a device of the cohort must be silent before it is worth telling: whole minutes, at least 2."""
    return max(2, -(-round(SILENT_FACTOR * fit.silent_ms) // MINUTE_MS)) * MINUTE_MS


def flat_ms(fit: MetricFit) -> int | None:
    """Return how long the metric must stand still before it is worth telling: whole minutes; None if it never moved."""
    if fit.still_ms is None:
        return None
    return max(5, -(-round(STILL_FACTOR * fit.still_ms) // MINUTE_MS)) * MINUTE_MS
