"""Batches: what one delivery brings to one key group."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from tocsin.core.columns import Int64s, MessageColumns
from tocsin.core.formats.json_readings import Refused
from tocsin.core.messages import Tick


@dataclass(frozen=True, slots=True)
class GroupBatch:
    """The records of one shard, in order, that concern one group.

    Attributes:
        shard: Id of the shard.
        sequences: Sequence number of each record of the delivery, ascending.
        messages: The group's valid messages; ``record`` indexes ``sequences``.
        refused: The group's refused messages and records, by record and index.
        ticks: (record, tick) for each tick of the delivery.
        keys: Partition key of each record of the delivery.
        datas: Payload of each record of the delivery.
    """

    shard: str
    sequences: Sequence[str]
    messages: MessageColumns
    refused: tuple[Refused, ...]
    ticks: tuple[tuple[int, Tick], ...]
    keys: Sequence[str]
    datas: Sequence[bytes]

    def after(self, sequence: str) -> Self:
        """Return what comes after the sequence number; empty means before the first."""
        if not sequence:
            return self
        return self.since(bisect_right(self.sequences, int(sequence), key=int))

    def since(self, record: int) -> Self:
        """Return what comes with that record of the delivery and after it."""
        return self._between(record, len(self.sequences)) if record else self

    def before(self, record: int) -> Self:
        """Return what comes before that record of the delivery."""
        return self._between(0, record)

    def messages_before(self, record: int) -> MessageColumns:
        """Return the messages that came in records before that one."""
        if record == len(self.sequences):
            return self.messages
        return self.messages.between(0, int(np.searchsorted(self.messages.record, record)))

    def _between(self, first: int, end: int) -> Self:
        at, to = np.searchsorted(self.messages.record, [first, end])
        return replace(
            self,
            messages=self.messages.between(int(at), int(to)),
            refused=tuple(one for one in self.refused if first <= one.record < end),
            ticks=tuple((record, tick) for record, tick in self.ticks if first <= record < end),
        )

    def is_empty(self) -> bool:
        """Tell whether there is nothing in it."""
        return not (len(self.messages) or self.refused or self.ticks)

    def last_record(self) -> int:
        """Return the last record that the batch concerns; it must not be empty."""
        records = [record for record, _ in self.ticks[-1:]] + [one.record for one in self.refused]
        if len(self.messages):
            records.append(int(self.messages.record[-1]))
        return max(records)


def by_group(messages: MessageColumns, group: Int64s) -> dict[int, MessageColumns]:
    """Return each group's messages, in order.

    Args:
        messages: Of any groups.
        group: shape (m,), key group of each message.
    """
    if not len(messages):
        return {}
    if (group == group[0]).all():
        return {int(group[0]): messages}
    order = np.argsort(group, kind="stable")
    groups, heads = np.unique(group[order], return_index=True)
    ends = np.append(heads[1:], len(order))
    return {
        number: messages.take(order[head:end])
        for number, head, end in zip(groups.tolist(), heads.tolist(), ends.tolist(), strict=True)
    }
