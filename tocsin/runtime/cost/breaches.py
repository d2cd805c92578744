"""Where a bill exceeds a budget. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.core.plan.budget import Budget
from tocsin.runtime.cost.bill import Bill


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit of the budget that does not hold.

    Attributes:
        key: Of the plan.
        most: What it allows, in dollars, or milliseconds of ``budget.wait_max``.
        found: What it is.
    """

    key: str
    most: float
    found: float


def breaches(bill: Bill, budget: Budget) -> Iterator[Breach]:
    """Yield each limit that does not hold."""
    limits = (
        ("budget.usd_per_million_readings", budget.usd_per_million_readings, bill.per_million),
        ("budget.usd_per_device_month", budget.usd_per_device_month, bill.per_device),
        ("budget.usd_month", budget.usd_month, bill.usd),
        ("budget.wait_max", budget.wait_ms, bill.wait_ms_max),
    )
    for key, most, found in limits:
        if most is not None and found > most:
            yield Breach(key, most, found)
