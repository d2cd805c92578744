"""What one call did, measured by what the states of its groups were before and are after it."""

from collections.abc import Mapping

from processors.batch import GroupBatch
from processors.state import ShardAccount
from processors.step import Live
from tocsin.core.formats.kinesis_event import RecordColumns
from tocsin.core.machine import Machine

NOTHING = ShardAccount()


class Meter:
    """Looks at the groups of a call before it; made anew for each.

    Only what was committed counts, and what another writer folded meanwhile does not.
    """

    def __init__(self, machine: Machine[Live, GroupBatch], batches: Mapping[int, GroupBatch]) -> None:
        self._machine = machine
        self._before = {group: machine.held_state(group) for group in batches}
        self._commits, self._conflicts = machine.commits, machine.conflicts

    def measures(
        self, records: RecordColumns, batches: Mapping[int, GroupBatch], out_of_orderness_ms: int
    ) -> dict[str, float]:
        """Return name to value of each metric.

        Args:
            records: Of the call.
            batches: What they brought to each group.
            out_of_orderness_ms: How far watermarks are behind event time.
        """
        totals = dict.fromkeys(("messages", "readings", "duplicates", "conflicts", "rejected", "late"), 0)
        for group in batches:
            before, after = self._accounts(group, records.shard)
            for name in totals:
                totals[name] += getattr(after, name) - getattr(before, name)
        return {
            **totals,
            "commits": self._machine.commits - self._commits,
            "commit_conflicts": self._machine.conflicts - self._conflicts,
            "outbox_unpublished": self._machine.unpublished(),
            **_lag(records, batches, out_of_orderness_ms),
        }

    def _accounts(self, group: int, shard: str) -> tuple[ShardAccount, ShardAccount]:
        """Return what the shard had brought to the group before the call, and after it; equal where it failed."""
        after = self._machine.held_state(group)
        before = self._machine.loaded_state(group) or self._before[group]
        if after is None:
            return NOTHING, NOTHING
        return before.group.shards.get(shard, NOTHING) if before else NOTHING, after.group.shards.get(shard, NOTHING)


def _lag(records: RecordColumns, batches: Mapping[int, GroupBatch], out_of_orderness_ms: int) -> dict[str, float]:
    """Return how far the newest watermark is behind the newest arrival; nothing where no message came."""
    newest = [int(batch.messages.time_ms.max()) for batch in batches.values() if len(batch.messages)]
    if not newest:
        return {}
    return {"watermark_lag_ms": int(records.arrivals_ms.max()) - (max(newest) - out_of_orderness_ms)}
