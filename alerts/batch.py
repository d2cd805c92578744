"""What one step folds: transitions and actions as they arrived, and an instant that has come."""

from dataclasses import dataclass

from alerts.people import Acted
from tocsin.core.clock import HOUR_MS
from tocsin.core.messages import Transition
from tocsin.core.plan.telling import Escalation, Grouping
from tocsin.core.silences import Silence


@dataclass(frozen=True, slots=True)
class Arrival:
    """A transition that arrived on the change feed.

    Attributes:
        transition: What happened.
        arrival_ms: When the feed took it: the same in every delivery.
        grouping: What the plan under which it was judged asks for.
        silences: That plan's.
    """

    transition: Transition
    arrival_ms: int
    grouping: Grouping
    silences: tuple[Silence, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """What is folded at once.

    Attributes:
        arrivals: Transitions and actions of tenants of the key group, in the feed's order.
        tick_ms: An instant that has come after them, or None.
        silences: The plan's, in force at the tick, maintenance windows included.
        escalations: The plan's, the first due first.
        budget: Most notifications of a tenant within ``budget_within_ms``; 0 for any number.
        budget_within_ms: How long a budget lasts.
    """

    arrivals: tuple[Arrival | Acted, ...] = ()
    tick_ms: int | None = None
    silences: tuple[Silence, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    budget: int = 0
    budget_within_ms: int = HOUR_MS
