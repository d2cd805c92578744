"""Which devices a plan names one by one, and so expects to hear of."""

from functools import lru_cache

from tocsin.core.keys import group_of, partition_key
from tocsin.core.plan.known import DevicePlan
from tocsin.core.plan.model import MissingRule, Plan
from tocsin.core.plan.patterns import covers
from tocsin.core.plan.resolve import device_plan, has_peers, is_device_rule

WILDCARDS = frozenset("*?")


@lru_cache(maxsize=16)
def expected_keys(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """Return for each key group the partition keys of the devices that the plan names, in the plan's order.

    A device counts whose id has no wildcard and whose tenant is certain, where some rule hears of devices that are
    silent. Of a plan without such a rule nobody is expected.
    """
    hears = any(isinstance(rule, MissingRule) and is_device_rule(rule) for rule in plan.rules)
    keys = [key for part in plan.devices if (key := named_key(plan, part))] if hears else []
    groups: list[dict[str, None]] = [{} for _ in range(plan.groups)]
    for key in keys:
        groups[group_of(key, plan.groups)][key] = None
    return tuple(tuple(group) for group in groups)


def named_key(plan: Plan, part: DevicePlan) -> str:
    """Return the partition key of the one device that the entry names; empty where it may be several, or none.

    Where the entry does not say whose it is, the sources do if all that can be its are of one tenant.
    """
    if not is_one(part.match):
        return ""
    tenants = {part.tenant}
    if not is_one(part.tenant):
        tenants = {source.tenant for source in plan.sources if covers(part.tenant, source.tenant)}
    if len(tenants) != 1:
        return ""
    tenant = tenants.pop()
    return partition_key(tenant, part.match) if device_plan(plan, tenant, part.match) is part else ""


def is_one(pattern: str) -> bool:
    """Tell whether the pattern names one thing."""
    return not WILDCARDS & set(pattern)


def wants_ticks(plan: Plan, group: int) -> bool:
    """Tell whether ticks matter to a key group that has no device yet.

    They do where one is expected, and where devices are compared with peers: who compares waits for all groups.
    """
    return bool(expected_keys(plan)[group]) or has_peers(plan)
