"""Routes: which notifications fit them, and the filter policies of Amazon SNS that select the very same.

Source: Amazon SNS developer guide, subscription filter policies, string value matching: exact, prefix and suffix.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from tocsin.core.plan.delivery import PUSHED, Receiver, Route
from tocsin.core.plan.model import Plan
from tocsin.core.plan.telling import Grouping

POLICY_NAMES_MAX: Final = 5
"""SNS takes policies of at most so many attribute names."""

PATTERNS: Final = ("tenant", "site", "kind", "escalation")
CHOICES: Final = ("severity", "state", "change")
QUEUE_START: Final = "route-"

Policy = dict[str, list[str | dict[str, str]]]


def fits(route: Route, attributes: Mapping[str, str]) -> bool:
    """Tell whether a notification with the attributes goes the route's way.

    >>> fits(Route("night", "phone", site="north-*"), {"site": "north-1", "severity": "critical"})
    True
    """
    return all(_is_like(getattr(route, name), attributes.get(name)) for name in PATTERNS) and all(
        not getattr(route, name) or attributes.get(name) in getattr(route, name) for name in CHOICES
    )


def _is_like(pattern: str, value: str | None) -> bool:
    if pattern == "*":
        return True
    if value is None:
        return False
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    return value.endswith(pattern[1:]) if pattern.startswith("*") else value == pattern


def policy_of(route: Route) -> Policy:
    """Return the filter policy with which a subscriber gets what goes the route's way, and nothing else.

    >>> policy_of(Route("night", "phone", site="north-*", severity=("critical",)))
    {'site': [{'prefix': 'north-'}], 'severity': ['critical']}
    """
    policy: Policy = {name: [_condition(getattr(route, name))] for name in PATTERNS if getattr(route, name) != "*"}
    return policy | {name: list(getattr(route, name)) for name in CHOICES if getattr(route, name)}


def _condition(pattern: str) -> str | dict[str, str]:
    if pattern.endswith("*"):
        return {"prefix": pattern[:-1]}
    return {"suffix": pattern[1:]} if pattern.startswith("*") else pattern


def accepts(policy: Mapping[str, Sequence[str | Mapping[str, str]]], attributes: Mapping[str, str]) -> bool:
    """Tell whether SNS copies a message with the attributes to a subscriber with the policy.

    >>> accepts({"site": [{"prefix": "north-"}, "hq"]}, {"site": "hq"})
    True
    """
    return all(
        name in attributes and any(_holds(condition, attributes[name]) for condition in conditions)
        for name, conditions in policy.items()
    )


def _holds(condition: str | Mapping[str, str], value: str) -> bool:
    if isinstance(condition, str):
        return value == condition
    if "prefix" in condition:
        return value.startswith(condition["prefix"])
    return "suffix" in condition and value.endswith(condition["suffix"])


def pushed_routes(plan: Plan) -> Iterator[tuple[Route, Receiver]]:
    """Yield the routes whose receivers are posted to, each with its receiver."""
    receivers = {one.name: one for one in plan.receivers}
    for route in plan.routes:
        if receivers[route.to].channel in PUSHED:
            yield route, receivers[route.to]


def queue_of(route: Route) -> str:
    """Return the name of the queue that gets what goes the route's way."""
    return f"{QUEUE_START}{route.name}"


@lru_cache(maxsize=16)
def routed_grouping(plan: Plan) -> Grouping:
    """Return the plan's grouping, finer where routes tell alerts apart that it would tell together.

    A route by site must not miss an alert because it was told together with those of other sites.
    """
    grouping = plan.grouping
    needed: list[str] = [name for name in ("site", "kind") if any(getattr(one, name) != "*" for one in plan.routes)]
    needed += ["severity"] if any(one.severity for one in plan.routes) else []
    by = (*grouping.by, *(name for name in needed if name not in grouping.by))
    return msgspec.structs.replace(grouping, by=by)
