"""The plans of the histories, and messages as bytes."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import msgspec

from tests.simulation.script import ADAPTIVE, DEVICES, OUTAGES, PIPELINE, QUANTILES, REVISIONS, TENANTS
from tocsin.core.messages import Severity
from tocsin.core.plan.known import DevicePlan, SourcePlan
from tocsin.core.plan.model import (
    AdaptiveRule,
    Bounds,
    Grouping,
    LimitsRule,
    MetricPlan,
    MissingRule,
    Plan,
    Timing,
    Window,
)

SLICE_MS: Final = 30_000
TICK_MS: Final = 10_000
RARE_TICK_MS: Final = 30_000
"""After five missing ticks silence counts anew, and histories are no place for many ticks."""

TEMP: Final = "temp_celsius"
FLOW: Final = "flow_lpm"
WINDOWS: Final = {TEMP: ((SLICE_MS, SLICE_MS), (2 * SLICE_MS, SLICE_MS)), FLOW: ((SLICE_MS, SLICE_MS),)}
TIMING: Final = Timing(out_of_orderness_ms=20_000, idle_ms=60_000, tick_ms=TICK_MS)
BOUNDS: Final = Bounds()
HIGH: Final = LimitsRule(name="hot", metric=TEMP, above=50.0, window_ms=SLICE_MS, severity=Severity.CRITICAL)
HIGHER: Final = LimitsRule(name="very hot", metric=TEMP, above=70.0, window_ms=SLICE_MS)
"""In histories with outages: what a device that comes back too hot tells besides, into the same group."""

LOW: Final = LimitsRule(name="reverse", metric=FLOW, below=-6.0, early=False, for_ms=30_000)
SILENT: Final = MissingRule(name="silent", factor=2.0, floor_ms=60_000)
ODD: Final = AdaptiveRule(name="odd", metric=FLOW, window_ms=SLICE_MS)
GATEWAYS: Final = Grouping(
    by=("kind",), interval_ms=60_000, gateway_wait_ms=10_000, gateway_devices_min=2, site_devices_min=3
)
PLACES: Final = (DevicePlan("pump-*", gateway="gw-1"), DevicePlan("fan-*", site="east"))
"""All devices of one tenant are behind a gateway; those of the other at a site, and behind none."""

GATEWAY_QUEUE: Final = "gateway"
"""The queue that the runtime's pipeline takes messages from; all of them are of the first tenant."""

CORRECTION_MS: Final = 60_000
QUANTILES_OF: Final = {TEMP: (0.5, 0.95)}


def correction_ms(features: Sequence[str]) -> int:
    """Return how long late readings are worked in."""
    return CORRECTION_MS if REVISIONS in features else 0


@cache
def plan_of(groups: int, features: tuple[str, ...] = (), *, is_new: bool) -> Plan:
    """Return the plan that is in force first, or the one that is deployed midway."""
    quantiles = QUANTILES_OF[TEMP] if QUANTILES in features else ()
    plan = Plan(
        metrics=(
            MetricPlan(TEMP, tuple(Window(*window) for window in WINDOWS[TEMP]), quantiles),
            MetricPlan("*", tuple(Window(*window) for window in WINDOWS[FLOW])),
        ),
        rules=(
            *(HIGH, LOW, SILENT),
            *((ODD,) if ADAPTIVE in features else ()),
            *((HIGHER,) if OUTAGES in features else ()),
        ),
        timing=msgspec.structs.replace(
            TIMING, correction_ms=correction_ms(features), tick_ms=RARE_TICK_MS if OUTAGES in features else TICK_MS
        ),
        bounds=BOUNDS,
        grouping=GATEWAYS if OUTAGES in features else Grouping(by=("kind",), interval_ms=60_000),
        devices=PLACES if OUTAGES in features else (),
        groups=groups,
        sources=(SourcePlan(GATEWAY_QUEUE, TENANTS[0]),) if PIPELINE in features else (),
    )
    rules = (msgspec.structs.replace(HIGH, above=52.0), SILENT)
    return msgspec.structs.replace(plan, rules=rules) if is_new else plan


def wire(message: list[Any]) -> tuple[str, bytes]:
    """Return partition key and bytes of a message."""
    device, time_ms, counter, temp, flow = message
    key = DEVICES[device]
    name = key.partition("#")[2]
    if temp is None:
        return key, b'{"device":"%s","ts":%d,"metrics":{' % (name.encode(), time_ms)
    metrics = {TEMP: temp} | ({} if flow is None else {FLOW: flow})
    counted = {} if counter < 0 else {"seq": counter}
    return key, msgspec.json.encode({"device": name, "ts": time_ms, **counted, "metrics": metrics})
