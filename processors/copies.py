"""Copies: records that their groups have folded already, found before anything of them is read."""

from collections.abc import Iterator, Mapping
from typing import Final

from processors.batch import GroupBatch
from processors.state import ShardAccount
from processors.step import Live
from tocsin.core.formats.kinesis_event import RecordColumns
from tocsin.core.keys import TICK_KEY
from tocsin.core.machine import Machine

NOTHING: Final = ShardAccount()


def copies(
    records: RecordColumns, groups: Mapping[str, int], machine: Machine[Live, GroupBatch], groups_max: int
) -> dict[int, int]:
    """Return the place of each record that its group is known to have folded, and the group.

    Fences only rise, so what is known of them may be outdated and is true. Ticks are not among what is returned: they
    concern many groups, and are soon read.

    Args:
        records: A delivery.
        groups: Partition key to its key group.
        machine: Knows what was folded. It loads the groups that it needs where the shard is new to it.
        groups_max: How many key groups there are.
    """
    known = [through for group in range(groups_max) for through in _folded(machine, group, records.shard)]
    if not len(records) or (known and int(records.sequences[0]) > max(known)):
        return {}
    concerned = {groups[key] for key in set(records.keys) if key != TICK_KEY}
    machine.hold(concerned)
    through = {group: max(_folded(machine, group, records.shard), default=-1) for group in concerned}
    keyed = [(place, groups[key]) for place, key in enumerate(records.keys) if key != TICK_KEY]
    return {place: group for place, group in keyed if int(records.sequences[place]) <= through[group]}


def _folded(machine: Machine[Live, GroupBatch], group: int, shard: str) -> Iterator[int]:
    """Yield up to which sequence number of the shard the group has folded, if that is known."""
    state = machine.held_state(group)
    sequence = state.group.shards.get(shard, NOTHING).sequence if state else ""
    if sequence:
        yield int(sequence)
