"""Weather and the time of day at a site: what all of its devices have in common.

Weather is a sum of sine waves whose phases are drawn from seed and site, so it is known at any instant
without what came before: no device has to wait for another, and no process for another process.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from simulator.randomness import stream
from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

QUARTER_MS: Final = 15 * MINUTE_MS
YEAR_DAYS: Final = 365.2422
TROPIC_RADIANS: Final = np.radians(23.44)
AIR_PERIODS_MS: Final = np.array([5.3, 11.7, 31.0]) * HOUR_MS
CLOUD_PERIODS_MS: Final = np.array([9.0, 21.0, 47.0, 130.0, 390.0]) * MINUTE_MS
CLOUD_SIZES: Final = np.array([0.25, 0.35, 0.5, 0.8, 0.9])


@dataclass(frozen=True, slots=True)
class Site:
    """Where devices stand.

    Attributes:
        name: First part of their names.
        latitude: Degrees north.
        longitude: Degrees east.
        zone: IANA name of the zone whose clocks people live by, summer time included; empty means that they live
            by the sun.
    """

    name: str
    latitude: float
    longitude: float
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What acts on a site at n instants.

    Attributes:
        time_ms: shape (n,), the instants, UTC epoch milliseconds, ascending.
        hour: shape (n,), time of day that people live by, hours in ``[0, 24)``.
        workday: shape (n,), 1.0 from Monday to Friday, else 0.0.
        air_celsius: shape (n,), temperature outdoors.
        sun: shape (n,), sine of the sun's height, 0.0 below the horizon.
        clearness: shape (n,), share of the sunlight that clouds let through, in ``(0, 1]``.
    """

    time_ms: Int64s
    hour: Floats
    workday: Floats
    air_celsius: Floats
    sun: Floats
    clearness: Floats


@dataclass(frozen=True, slots=True)
class Weather:
    """The weather of one site under one seed.

    Attributes:
        site: Where.
        air_phases: shape (3,), radians.
        cloud_phases: shape (5,), radians.
        cloudiness: How overcast this run is, added to the waves.
    """

    site: Site
    air_phases: Floats
    cloud_phases: Floats
    cloudiness: float

    def at(self, time_ms: Int64s) -> Surroundings:
        """Return what acts at the instants, shape (n,), UTC epoch milliseconds."""
        local_ms = time_ms + round(self.site.longitude / 360 * DAY_MS)
        solar_hour = local_ms % DAY_MS / HOUR_MS
        lived_ms = time_ms + offsets_ms(self.site.zone, time_ms) if self.site.zone else local_ms
        weekday = (lived_ms // DAY_MS + 3) % 7  # the epoch was a Thursday
        season = 2 * np.pi * (time_ms / DAY_MS % YEAR_DAYS) / YEAR_DAYS
        return Surroundings(
            time_ms,
            lived_ms % DAY_MS / HOUR_MS,
            (weekday < 5).astype(np.float64),
            self._air_celsius(time_ms, solar_hour, season),
            self._sun(solar_hour, season),
            self._clearness(time_ms),
        )

    def _air_celsius(self, time_ms: Int64s, hour: Floats, season: Floats) -> Floats:
        mean = 22.0 - 0.3 * abs(self.site.latitude) - 9.0 * np.cos(season - 0.35)
        day = 4.0 * np.cos(2 * np.pi * (hour - 15.0) / 24.0)
        return np.asarray(mean + day + _waves(time_ms, AIR_PERIODS_MS, self.air_phases).sum(axis=0))

    def _sun(self, hour: Floats, season: Floats) -> Floats:
        """Source: Duffie and Beckman (2013), equation 1.6.5, with Cooper's declination (1.6.1a)."""
        declination = TROPIC_RADIANS * np.sin(season - 1.39)
        latitude = np.radians(self.site.latitude)
        across = np.cos(latitude) * np.cos(declination) * np.cos(2 * np.pi * (hour - 12.0) / 24.0)
        return np.asarray(np.maximum(0.0, across + np.sin(latitude) * np.sin(declination)))

    def _clearness(self, time_ms: Int64s) -> Floats:
        waves = CLOUD_SIZES @ _waves(time_ms, CLOUD_PERIODS_MS, self.cloud_phases)
        return np.asarray(0.3 + 0.7 / (1.0 + np.exp(-2.0 * (waves - self.cloudiness))))


def weather_of(site: Site, seed: int) -> Weather:
    """Return the site's weather under the seed."""
    drawn = stream(seed, site.name, "weather")
    return Weather(
        site,
        drawn.uniform(0.0, 2 * np.pi, len(AIR_PERIODS_MS)),
        drawn.uniform(0.0, 2 * np.pi, len(CLOUD_PERIODS_MS)),
        float(drawn.uniform(-1.2, 0.4)),
    )


def offsets_ms(zone: str, time_ms: Int64s) -> Int64s:
    """Return how far the zone's clocks are ahead of UTC at the instants, shape (n,), milliseconds.

    Zones change at whole quarters of an hour, so a quarter has one offset.
    """
    quarters, of_instant = np.unique(time_ms // QUARTER_MS, return_inverse=True)
    found = np.array([_offset_ms(zone, quarter) for quarter in quarters.tolist()], np.int64)
    return np.asarray(found[of_instant])


@lru_cache(maxsize=4_096)
def _offset_ms(zone: str, quarter: int) -> int:
    offset = datetime.fromtimestamp(quarter * QUARTER_MS / 1_000, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None, zone
    return round(offset.total_seconds() * 1_000)


def _waves(time_ms: Int64s, periods_ms: Floats, phases: Floats) -> Floats:
    return np.asarray(np.sin(2 * np.pi * time_ms[None, :] / periods_ms[:, None] + phases[:, None]))
