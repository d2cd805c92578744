"""Ticks of all key groups: up to which instant the windows of a cohort are complete.

Members of a cohort live in all key groups, and each group passes its ticks on behind its panes. A window is judged
once the ticks of all of them have passed the time that it waits. What a group sends for it behind a tick of its own
after that is left out, whether or not others kept the window waiting: so what is judged does not depend on which
group's panes are read first.
"""

from anomaly.silence import LAGGING_MS_MAX, note_tick
from anomaly.state import GroupState
from tocsin.core.columns import PaneBatch
from tocsin.core.plan.model import Plan


def note(state: GroupState, plan: Plan, batch: PaneBatch) -> int | None:
    """Take note of the batch's tick; return the instant that all groups have newly passed, or None.

    A group that has not been heard of yet is waited for as long as one that lags: it may have no devices.

    Args:
        state: Of the group of cohorts; its ``ticks`` are by sender and shard, ``watched_ms`` is the first tick.
        plan: Says how many groups there are.
        batch: With a tick.
    """
    assert batch.tick_ms is not None, batch.number
    state.watched_ms = state.watched_ms or batch.tick_ms
    state.ticks, passed_ms = note_tick(state.ticks, f"{_sender(batch)}{batch.shard}", batch.tick_ms)
    heard = {name.partition("/")[0] for name in state.ticks}
    waits = len(heard) < plan.groups and max(state.ticks.values()) - state.watched_ms <= LAGGING_MS_MAX
    return None if waits or passed_ms <= (state.tick_ms or 0) else passed_ms


def told_ms(state: GroupState, batch: PaneBatch) -> int:
    """Return up to which instant the batch's sender, or all of them, have told everything; 0 for nothing yet."""
    sender = _sender(batch)
    own = min((at_ms for name, at_ms in state.ticks.items() if name.startswith(sender)), default=0)
    return max(own, state.tick_ms or 0)


def _sender(batch: PaneBatch) -> str:
    return f"{batch.generation}.{batch.group}/"
