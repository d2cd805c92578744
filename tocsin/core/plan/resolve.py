"""Which parts of the plan apply to a device or a metric: the first match counts."""

import math
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from tocsin.core.plan.known import DevicePlan
from tocsin.core.plan.model import (
    AdaptiveRule,
    DriftRule,
    LimitsRule,
    MetricPlan,
    MissingRule,
    MultivariateRule,
    PeersRule,
    Plan,
    QualityRule,
    Rule,
    Window,
)

UNKNOWN_DEVICE: Final = DevicePlan(match="*")
RESOLVED_MAX: Final = 65_536
EARLY_LIMITS_MAX: Final = 16
"""Most limits that early panes watch on one metric of one device."""


@lru_cache(maxsize=RESOLVED_MAX)
def metric_plan(plan: Plan, metric: str) -> MetricPlan:
    """Return what the plan says of the metric."""
    return next(part for part in plan.metrics if fnmatchcase(metric, part.match))


@lru_cache(maxsize=RESOLVED_MAX)
def device_plan(plan: Plan, tenant: str, device: str) -> DevicePlan:
    """Return what the plan says of the device; nothing but its existence where no entry matches."""
    for part in plan.devices:
        if fnmatchcase(device, part.match) and fnmatchcase(tenant, part.tenant):
            return part
    return UNKNOWN_DEVICE


@lru_cache(maxsize=RESOLVED_MAX)
def rules_of_series(plan: Plan, tenant: str, device: str, metric: str) -> tuple[Rule, ...]:
    """Return the rules that judge the metric of the device, in the plan's order."""
    known = device_plan(plan, tenant, device)
    return tuple(
        rule
        for rule in plan.rules
        if not is_device_rule(rule) and fnmatchcase(metric, rule.metric) and _matches(rule, device, known)
    )


def rules_of_device(plan: Plan, tenant: str, device: str) -> tuple[Rule, ...]:
    """Return the rules that judge the device as a whole, in the plan's order."""
    known = device_plan(plan, tenant, device)
    return tuple(rule for rule in plan.rules if is_device_rule(rule) and _matches(rule, device, known))


def _matches(rule: Rule, device: str, known: DevicePlan) -> bool:
    return fnmatchcase(device, rule.device) and fnmatchcase(known.type, rule.device_type)


def is_device_rule(rule: Rule) -> bool:
    """Tell whether the rule judges a whole device and not one metric."""
    return (
        isinstance(rule, MultivariateRule)
        or (isinstance(rule, MissingRule) and rule.scope == "device")
        or (isinstance(rule, QualityRule) and rule.check == "clock")
    )


def is_switched(rule: Rule) -> bool:
    """Tell whether modes say when, or against what, the rule judges windows."""
    if isinstance(rule, MissingRule) or is_device_rule(rule):
        return False  # asked at ticks
    return any(getattr(rule, key, ()) for key in ("when", "unless", "baselines"))


def has_memories(rule: Rule) -> bool:
    """Tell whether the rule learns for itself, in each of its modes apart."""
    return (isinstance(rule, AdaptiveRule) and is_switched(rule)) or (
        isinstance(rule, DriftRule) and bool(rule.baselines)
    )


@lru_cache(maxsize=64)
def range_rules(plan: Plan) -> tuple[int, ...]:
    """Return the places of the rules that look for impossible values."""
    return tuple(
        place for place, rule in enumerate(plan.rules) if isinstance(rule, QualityRule) and rule.check == "range"
    )


@lru_cache(maxsize=RESOLVED_MAX)
def possible_range(plan: Plan, metric: str) -> tuple[float, float]:
    """Return the smallest and largest value that the sensor of the metric, or physics, allows; maybe infinite.

    >>> possible_range(Plan(metrics=(MetricPlan(match="*", windows=()),)), "air_celsius")
    (-273.15, inf)
    """
    part = metric_plan(plan, metric)
    low = PHYSICAL_LOW.get(_name_end(metric), -math.inf) if part.range_low is None else part.range_low
    return low, math.inf if part.range_high is None else part.range_high


@lru_cache(maxsize=64)
def has_peers(plan: Plan) -> bool:
    """Tell whether some rule compares devices with their cohort."""
    return any(isinstance(rule, PeersRule) for rule in plan.rules)


@lru_cache(maxsize=RESOLVED_MAX)
def cohort_of(plan: Plan, tenant: str, device: str, cohort: str) -> tuple[str, ...] | None:
    """Return the name of the cohort that the device belongs to; None where the plan does not say what it is.

    Args:
        plan: With the devices.
        tenant: Owner of the device; cohorts never hold devices of several.
        device: Its id.
        cohort: ``site`` or ``type``, as a rule of peers says it.
    """
    known = device_plan(plan, tenant, device)
    if not known.type:
        return None
    return (tenant, known.type, known.site) if cohort == "site" else (tenant, known.type)


@lru_cache(maxsize=64)
def switched_rules(plan: Plan) -> tuple[int, ...]:
    """Return the places of the rules that modes switch."""
    return tuple(place for place, rule in enumerate(plan.rules) if is_switched(rule))


@lru_cache(maxsize=64)
def plain_rules(plan: Plan) -> tuple[int, ...]:
    """Return the places of the rules that no mode switches."""
    return tuple(place for place, rule in enumerate(plan.rules) if not is_switched(rule))


def joint_window_ms(plan: Plan, rule: MultivariateRule) -> int:
    """Return the length of the windows whose metrics the rule judges together."""
    return rule.window_ms or smallest_window(plan.metrics[-1]).size_ms


def kind_of(rule: Rule) -> str:
    """Return the rule's kind, as plans, transitions and subscribers name it, e.g. ``limits``."""
    return str(rule.__struct_config__.tag)


def early_rules(plan: Plan, tenant: str, device: str, metric: str) -> tuple[LimitsRule, ...]:
    """Return the rules whose limits make early panes, in the plan's order."""
    rules = rules_of_series(plan, tenant, device, metric)
    return tuple(rule for rule in rules if isinstance(rule, LimitsRule) and rule.early and not is_switched(rule))


def time_rules(plan: Plan, tenant: str, device: str, metric: str) -> tuple[str, ...]:
    """Return the names of the rules that look for readings of one time that differ; they too make early panes."""
    rules = rules_of_series(plan, tenant, device, metric)
    return tuple(rule.name for rule in rules if isinstance(rule, QualityRule) and rule.check == "time")


def early_limits(rule: Rule) -> int:
    """Return how many limits of a slice the rule watches reading by reading."""
    if isinstance(rule, QualityRule):
        return int(rule.check == "time")
    if not isinstance(rule, LimitsRule) or not rule.early:
        return 0
    return (rule.above is not None) + (rule.below is not None)


def slice_ms(part: MetricPlan) -> int:
    """Return the length of the metric's slices: its smallest hop."""
    return min(window.hop_ms for window in part.windows)


def smallest_window(part: MetricPlan) -> Window:
    """Return the metric's smallest window: what rules judge unless they say otherwise."""
    return min(part.windows, key=lambda window: (window.size_ms, window.hop_ms))


def unit_of(part: MetricPlan, metric: str) -> str:
    """Return the unit as people write it: the plan's, else read off the end of the metric's name.

    >>> unit_of(MetricPlan(match="*", windows=()), "temperature_celsius")
    '°C'
    """
    unit = part.unit or UNIT_SIGNS.get(_name_end(metric), "")
    return "" if unit == DIMENSIONLESS else unit


def unit_is_named(part: MetricPlan, metric: str) -> bool:
    """Tell whether a unit is known, be it none at all; ``metric`` may be a pattern."""
    return bool(part.unit) or _name_end(metric) in UNIT_SIGNS


def _name_end(metric: str) -> str:
    return metric.rsplit("_", 1)[-1]


PHYSICAL_LOW: Final = {"celsius": -273.15, "fahrenheit": -459.67, "kelvin": 0.0, "count": 0.0, "lux": 0.0}
"""Below that nothing can be, whatever the sensor."""

DIMENSIONLESS: Final = "1"
"""What a plan states as the unit of a metric that has none."""

UNIT_SIGNS: Final = {
    "celsius": "°C",
    "fahrenheit": "°F",
    "kelvin": "K",
    "percent": "%",
    "ratio": "",
    "count": "",
    "bar": "bar",
    "millibar": "mbar",
    "psi": "psi",
    "pascal": "Pa",
    "hectopascal": "hPa",
    "kilopascal": "kPa",
    "volt": "V",
    "volts": "V",
    "millivolt": "mV",
    "ampere": "A",
    "amperes": "A",
    "milliampere": "mA",
    "watt": "W",
    "watts": "W",
    "kilowatt": "kW",
    "kwh": "kWh",
    "hertz": "Hz",
    "rpm": "rpm",
    "ms": "ms",
    "seconds": "s",
    "minutes": "min",
    "hours": "h",
    "lpm": "l/min",
    "lps": "l/s",
    "mps": "m/s",
    "mmps": "mm/s",
    "millimetres": "mm",
    "metres": "m",
    "litres": "l",
    "kilograms": "kg",
    "bytes": "B",
    "decibel": "dB",
    "dbm": "dBm",
    "ppm": "ppm",
    "ppb": "ppb",
    "lux": "lx",
    "wpm2": "W/m²",
}
