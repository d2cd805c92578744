"""Panes that are under way between the stages: what must be judged before their log is done without."""

from dataclasses import dataclass

from anomaly.skip import last_number
from processors.geometry import geometry_of
from processors.stage import NAME
from processors.state import decode_group
from processors.step import PANES_LANE
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend, StateKey
from tocsin.core.sealed import unseal


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Batches of panes of a key group that are made and not judged.

    Attributes:
        generation: Of the group.
        group: Which one.
        on_log: How many only the log of panes has: lost to whoever no longer reads it.
        in_outbox: How many the group still has, and hands on again, however that is done.
    """

    generation: int
    group: int
    on_log: int
    in_outbox: int


def panes_under_way(backend: Backend, plan: Plan, plans: PlanBook) -> list[UnderWay]:
    """Return the groups that have panes under way; told by the numbers that both stages have committed.

    Args:
        backend: With the states; nothing is changed, and no log is read.
        plan: Whose generation is looked at.
        plans: Finds the plans that states name.
    """
    keys = [StateKey(plan.generation, group, NAME) for group in range(plan.groups)]
    found = []
    for key, saved in zip(keys, backend.state.load(keys), strict=True):
        if saved.blob is None:
            continue
        outbox, body = unseal(saved.blob)
        kept = sum(lane == PANES_LANE for lane, *_ in outbox)
        newest, judged = decode_group(body, geometry_of(plan)).number, last_number(backend, plans, key.group)
        # What was published stays in the stored outbox until the next commit, so it may be judged already.
        one = UnderWay(plan.generation, key.group, max(0, newest - kept - judged), min(kept, max(0, newest - judged)))
        if one.on_log or one.in_outbox:
            found.append(one)
    return found
