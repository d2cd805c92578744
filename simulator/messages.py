"""What one device sends, block by block: physics, sensors, faults, clock and counter, encoded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.course import BLOCK_MESSAGES, Course
from simulator.disturbance import (
    NEVER_MS,
    Bools,
    Held,
    boots_at,
    clock_offset_ms,
    disturbed,
    silent_at,
    strains_at,
)
from simulator.noise import coloured
from simulator.randomness import stream
from simulator.scenario_model import Device, Scenario
from simulator.weather import Floats, Int64s, weather_of
from simulator.wire import counters, encode_messages, stamps

JITTER_RATIO: Final = 0.04
"""A device measures up to this share of its interval late."""

FOREVER_MS: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Block:
    """Some messages of a device, oldest first.

    Attributes:
        slots: shape (m,), which of the block's ``BLOCK_MESSAGES`` instants each message is of.
        sent_ms: shape (m,), when each is sent, by a true clock, ascending.
        data: The m messages.
        next_ms: No later message is sent before this; ``FOREVER_MS`` where none follows.
    """

    slots: Int64s
    sent_ms: Int64s
    data: list[bytes]
    next_ms: int


def blocks_of(scenario: Scenario, device: Device, seed: int) -> Iterator[Block]:
    """Yield all messages of the device.

    The same bytes come out whatever else is simulated, as the device draws from streams of its own.
    """
    voice = _Voice(scenario, device, seed)
    first_ms = scenario.start_ms + voice.phase_ms
    for block_ms in range(first_ms, scenario.end_ms, device.interval_ms * BLOCK_MESSAGES):
        yield voice.block(block_ms)


class _Voice:
    """A device between two blocks.

    Attributes:
        phase_ms: How long after the start of the scenario it first measures.
    """

    def __init__(self, scenario: Scenario, device: Device, seed: int) -> None:
        self._device = device
        self._faults = scenario.faults_of(device.name)
        self._end_ms = scenario.end_ms
        self._weather = weather_of(device.site, seed)
        self._parameters = device.profile.drawn(device.name)
        self._process = stream(seed, device.name, "process")
        self._sensing = stream(seed, device.name, "sensing")
        self._jitter = stream(seed, device.name, "jitter")
        self._memory: dict[str, float] = {}
        self._held: Held = {}
        self._before_ms = NEVER_MS
        self._counted = np.zeros(2, np.int64)  # boot, and messages sent under it
        self.phase_ms = int(stream(device.name, "phase").integers(device.interval_ms))
        self._skew_ms = round(stream(device.name, "skew").uniform(-1, 1) * device.network.clock_skew_ms)

    def block(self, first_ms: int) -> Block:
        """Return the block that begins at the instant."""
        interval_ms = self._device.interval_ms
        late = self._jitter.random(BLOCK_MESSAGES) * JITTER_RATIO * interval_ms
        time_ms = first_ms + np.arange(BLOCK_MESSAGES) * interval_ms + late.astype(np.int64)
        values = self._told(time_ms)
        speaks = ~silent_at(self._faults, time_ms) & ~np.isnan(values).all(axis=0) & (time_ms < self._end_ms)
        self._before_ms = int(time_ms[-1])
        next_ms = first_ms + BLOCK_MESSAGES * interval_ms
        return self._encoded(time_ms, values, speaks, next_ms if next_ms < self._end_ms else FOREVER_MS)

    def _told(self, time_ms: Int64s) -> Floats:
        """Return what the sensors tell, shape (k, n); NaN where a metric is left out."""
        profile = self._device.profile
        truth = profile.model.signals(self._parameters, self._course(time_ms))
        noise = self._sensing.standard_normal((len(profile.sensors), len(time_ms)))
        return np.array(
            [
                sensor.shown(
                    disturbed(
                        self._faults,
                        sensor,
                        truth[sensor.metric] + sensor.noise * coloured(sensor.colour, row, self._memory, sensor.metric),
                        time_ms=time_ms,
                        before_ms=self._before_ms,
                        held=self._held,
                    )
                )
                for sensor, row in zip(profile.sensors, noise, strict=True)
            ]
        )

    def _course(self, time_ms: Int64s) -> Course:
        model = self._device.profile.model
        return Course(
            step_s=self._device.interval_ms / 1_000,
            around=self._weather.at(time_ms),
            normals=self._process.standard_normal((model.normals, len(time_ms))),
            uniforms=self._process.random((model.uniforms, len(time_ms))),
            strains=strains_at(self._faults, time_ms),
            memory=self._memory,
        )

    def _encoded(self, time_ms: Int64s, values: Floats, speaks: Bools, next_ms: int) -> Block:
        slots = np.flatnonzero(speaks)
        sent_ms = time_ms[slots]
        profile = self._device.profile
        shown_ms = sent_ms + self._skew_ms + clock_offset_ms(self._faults, sent_ms)
        boot = boots_at(self._faults, sent_ms)
        seq = self._count(boot)
        data = encode_messages(
            self._device.name,
            profile.sensors,
            stamps(profile.time_format, shown_ms),
            counters(boot, seq),
            values[:, slots],
        )
        return Block(slots, sent_ms, data, next_ms)

    def _count(self, boot: Int64s) -> Int64s:
        """Return each message's number under its boot, from 1, and remember where the count stands."""
        if not len(boot):
            return boot
        place = np.arange(len(boot))
        first_of_boot = np.searchsorted(boot, boot)
        carried = np.where(boot == self._counted[0], self._counted[1], 0)
        seq = place - first_of_boot + 1 + carried
        self._counted = np.array([boot[-1], seq[-1]])
        return seq
