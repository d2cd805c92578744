"""Small scenes made in code, and what comes out of them, decoded."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.fleet import Batch, deliveries
from simulator.kinds import KINDS
from simulator.messages import blocks_of
from simulator.profile import load_profile, shipped_profile
from simulator.scenario_model import Device, Fault, Network, Scenario
from simulator.sources import Delivery
from simulator.weather import Site
from tocsin.core.clock import HOUR_MS, MINUTE_MS

MONDAY_MS = 1_795_392_000_000  # 2026-11-23T00:00:00Z
NORTH = Site("north", 44.0, 0.0)
TYPES = ("pump", "motor", "cold_room", "hvac", "solar_inverter", "tank_sensor")


def device(
    kind: str, number: int = 1, *, gateway: str = "", network: Network | None = None, interval_ms: int = 0
) -> Device:
    profile = load_profile(shipped_profile(kind))
    name = f"north-{kind.replace('_', '-')}-{number:02d}"
    return Device(name, NORTH, profile, interval_ms or profile.interval_ms, network or Network(), gateway)


def scene(*devices: Device, faults: Iterable[Fault] = (), from_hour: float = 10, hours: float = 1) -> Scenario:
    start_ms = MONDAY_MS + round(from_hour * HOUR_MS)
    end_ms = start_ms + round(hours * HOUR_MS)
    named = {entry.name: entry for entry in devices}
    return Scenario("scene", "", "demo", start_ms, end_ms, named, tuple(faults))


def fault(
    kind: str,
    target: Device | None = None,
    *,
    metric: str = "",
    from_minute: float = 20,
    minutes: float = 20,
    from_hour: float = 10,
    **settings: float,
) -> Fault:
    start_ms = MONDAY_MS + round(from_hour * HOUR_MS + from_minute * MINUTE_MS)
    defaults = {key: setting.default for key, setting in KINDS[kind].settings.items() if setting.default is not None}
    return Fault(
        kind=kind,
        start_ms=start_ms,
        end_ms=start_ms + round(minutes * MINUTE_MS),
        devices=frozenset([target.name if target else "north-pump-01"]),
        metric=metric,
        settings=defaults | settings,
        expect=KINDS[kind].expect,
    )


def sent(scenario: Scenario, name: str, seed: int = 1) -> dict[int, dict[str, Any]]:
    """Return the messages that the device sends, by the true instant."""
    blocks = blocks_of(scenario, scenario.devices[name], seed)
    return {
        at_ms: json.loads(data)
        for block in blocks
        for at_ms, data in zip(block.sent_ms.tolist(), block.data, strict=True)
    }


def series(scenario: Scenario, name: str, seed: int = 1) -> dict[str, NDArray[np.float64]]:
    """Return what the device tells of each metric, and ``time_ms``."""
    messages = sent(scenario, name, seed)
    metrics = scenario.devices[name].profile.metrics
    told = {metric: np.array([message["metrics"][metric] for message in messages.values()]) for metric in metrics}
    return told | {"time_ms": np.array(list(messages), np.float64)}


def played(scenario: Scenario, seed: int = 1, **settings: int) -> list[Delivery]:
    return [delivery for batch in deliveries(scenario, seed, **settings) for delivery in batch.deliveries]


def bytes_of(batches: Iterable[Batch]) -> list[tuple[int, str, bytes]]:
    return [(delivery.arrival_ms, delivery.device, delivery.data) for batch in batches for delivery in batch.deliveries]
