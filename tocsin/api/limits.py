"""Limits that the plan sets on a series, as lines to draw."""

from tocsin.api.answers import LimitLine
from tocsin.core.plan.model import LimitsRule, Plan
from tocsin.core.plan.resolve import rules_of_series


def limit_lines(plan: Plan, tenant: str, device: str, metric: str) -> tuple[LimitLine, ...]:
    """Return the limits on the metric of the device, in the plan's order."""
    return tuple(
        LimitLine(rule.name, rule.severity.value, rule.above, rule.below)
        for rule in rules_of_series(plan, tenant, device, metric)
        if isinstance(rule, LimitsRule)
    )
