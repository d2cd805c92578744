"""What one step folds: transitions and actions as they arrived, and an instant that has come."""

from dataclasses import dataclass

from alerts.people import Acted
from tocsin.core.messages import Transition
from tocsin.core.plan.telling import Grouping
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
        silences: The plan's, in force at the tick.
    """

    arrivals: tuple[Arrival | Acted, ...] = ()
    tick_ms: int | None = None
    silences: tuple[Silence, ...] = ()
