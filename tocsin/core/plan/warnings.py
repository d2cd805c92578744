"""What a plan says without effect: not wrong, so it is no problem, but hardly meant."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from tocsin.core.plan.delivery import Route
from tocsin.core.plan.expected import is_one, named_key
from tocsin.core.plan.known import DevicePlan
from tocsin.core.plan.model import LimitsRule, MissingRule, Plan, Rule
from tocsin.core.plan.patterns import overlap
from tocsin.core.plan.resolve import is_device_rule, kind_of
from tocsin.core.plan.telling import Escalation
from tocsin.core.silences import Silence

OUTAGES: Final = ("gateway_missing", "site_missing")
HELD_BACK: Final = "held_back"


def plan_warnings(plan: Plan) -> list[str]:
    """Return what has no effect, one line each: the thing, and why."""
    return [
        *_receivers(plan),
        *(f"route {route.name}: {why}" for route in plan.routes for why in _route(route, plan)),
        *(f"silence {one.name}: {why}" for one in plan.silences for why in _silence(one, plan)),
        *(f"maintenance {one.name}: {why}" for one in plan.maintenance for why in _silence(one, plan)),
        *(f"escalation {one.name}: {why}" for one in plan.escalations for why in _escalation(one, plan)),
        *(f"rule {rule.name}: {why}" for rule in plan.rules for why in _rule(rule, plan)),
        *(f"device {part.match}: {why}" for part in plan.devices for why in _device(part, plan)),
    ]


def _device(part: DevicePlan, plan: Plan) -> Iterator[str]:
    """Yield why nobody is told where a device that is named never sends anything."""
    listens = any(isinstance(rule, MissingRule) and is_device_rule(rule) for rule in plan.rules)
    if listens and is_one(part.match) and not is_one(part.tenant) and not named_key(plan, part):
        yield "nobody is told if it never sends anything, as tenant and sources do not say whose it is"


def _receivers(plan: Plan) -> Iterator[str]:
    for receiver in plan.receivers:
        if receiver.name not in {route.to for route in plan.routes}:
            yield f"receiver {receiver.name}: no route leads to it, so it gets nothing"


def _route(route: Route, plan: Plan) -> Iterator[str]:
    """Yield why nothing goes the route's way; nobody receives by it."""
    sites = _sites(plan.devices)
    if route.site != "*" and not any(fnmatchcase(site, route.site) for site in sites):
        yield f"no device of the plan is at a site like {route.site}, so nobody receives by it"
    kinds = {kind_of(rule) for rule in plan.rules} | {*OUTAGES, HELD_BACK}
    if not any(fnmatchcase(kind, route.kind) for kind in kinds):
        yield f"no rule is of a kind like {route.kind}, so nobody receives by it"
    if route.escalation != "*" and not any(fnmatchcase(one.name, route.escalation) for one in plan.escalations):
        yield f"there is no escalation like {route.escalation}, so nobody receives by it"
    if route.severity and not set(route.severity) & _severities(plan):
        yield f"no rule has severity {' or '.join(route.severity)}, so nobody receives by it"
    if route.state and set(route.state) <= {"resolved", "expired"} and not plan.grouping.send_resolved:
        yield "resolutions are not told, send_resolved is false, so nobody receives by it"


def _silence(silence: Silence, plan: Plan) -> Iterator[str]:
    """Yield why the silence matches no alert that this plan can make."""
    if not any(_can_match(silence, rule, plan) for rule in plan.rules):
        yield "no rule of the plan makes alerts that it matches"
    for name, known in (("site", _sites(plan.devices)), ("gateway", _gateways(plan.devices))):
        pattern = getattr(silence, name)
        if pattern != "*" and not any(fnmatchcase(value, pattern) for value in known):
            yield f"no device of the plan has a {name} like {pattern}, so it matches nothing"


def _escalation(step: Escalation, plan: Plan) -> Iterator[str]:
    if not any(_can_match(step, rule, plan) for rule in plan.rules):
        yield "no rule of the plan makes alerts that it is about"
    if plan.receivers and not any(
        route.escalation == "*" or fnmatchcase(step.name, route.escalation) for route in plan.routes
    ):
        yield "no route takes it to anybody, only the topic's own subscribers hear of it"


def _can_match(one: Silence | Escalation, rule: Rule, plan: Plan) -> bool:
    """Tell whether some alert of the rule may be what the matchers are about."""
    severities = _severities_of(rule)
    metric_fits = one.metric == "*" or (not is_device_rule(rule) and overlap(one.metric, rule.metric))
    return (
        fnmatchcase(rule.name, one.rule)
        and fnmatchcase(kind_of(rule), one.kind)
        and any(fnmatchcase(severity, one.severity) for severity in severities)
        and metric_fits
        and overlap(one.device, rule.device)
        and _some_device(rule, plan.devices, one)
    )


def _some_device(rule: Rule, devices: Sequence[DevicePlan], one: Silence | Escalation) -> bool:
    """Tell whether a device may be of the rule's type and of the matchers' site; unknown devices have neither."""
    if rule.device_type == "*":
        return True
    return any(
        overlap(known.match, rule.device) and overlap(known.match, one.device) for known in _of_type(rule, devices)
    )


def _of_type(rule: Rule, devices: Sequence[DevicePlan]) -> list[DevicePlan]:
    return [known for known in devices if fnmatchcase(known.type, rule.device_type)]


def _rule(rule: Rule, plan: Plan) -> Iterator[str]:
    """Yield why the rule can never fire."""
    if rule.device_type != "*" and not any(overlap(known.match, rule.device) for known in _of_type(rule, plan.devices)):
        yield f"can never fire: no device of type {rule.device_type} has an id like {rule.device}"
    if isinstance(rule, MissingRule) and plan.timing.expire_ms and rule.floor_ms >= plan.timing.expire_ms:
        yield "can never fire: alerts of a silent device expire before its floor has passed"
    if isinstance(rule, LimitsRule):
        yield from _out_of_range(rule, plan)
    if rule.for_ms and plan.timing.expire_ms and rule.for_ms >= plan.timing.expire_ms:
        yield "can never fire: what it waits for takes as long as alerts of a silent device last"


def _out_of_range(rule: LimitsRule, plan: Plan) -> Iterator[str]:
    """Yield the severer limits that no value of the sensor can cross; the rule's own are errors."""
    for part in plan.metrics:
        if not overlap(part.match, rule.metric):
            continue
        for severity in ("warning", "critical"):
            above, below = getattr(rule, f"{severity}_above"), getattr(rule, f"{severity}_below")
            if above is not None and part.range_high is not None and above >= part.range_high:
                yield f"can never be {severity}: {part.match} shows at most {part.range_high:g}"
            if below is not None and part.range_low is not None and below <= part.range_low:
                yield f"can never be {severity}: {part.match} shows at least {part.range_low:g}"


def _severities_of(rule: Rule) -> set[str]:
    found = {str(rule.severity)}
    if isinstance(rule, LimitsRule):
        found |= {"warning"} if (rule.warning_above, rule.warning_below) != (None, None) else set()
        found |= {"critical"} if (rule.critical_above, rule.critical_below) != (None, None) else set()
    return found


def _severities(plan: Plan) -> set[str]:
    return {severity for rule in plan.rules for severity in _severities_of(rule)}


def _sites(devices: Sequence[DevicePlan]) -> set[str]:
    """Return the sites that alerts can have: only the plan says where a device stands."""
    return {known.site for known in devices if known.site}


def _gateways(devices: Sequence[DevicePlan]) -> set[str]:
    return {known.gateway for known in devices if known.gateway}
