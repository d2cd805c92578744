"""The stage as the machine sees it: how a group is loaded, folded, saved and published."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from processors.aside import BLOB_LANE
from processors.batch import GroupBatch
from processors.geometry import geometry_of
from processors.known_rows import KnownRows
from processors.listing import Listing
from processors.state import Group, decode_group, group_pieces
from processors.step import PANES_LANE, Live, live, step
from processors.window_items import window_items
from tocsin.core.columns import PaneBatch
from tocsin.core.formats.pane_bytes import decode_panes
from tocsin.core.formats.rejections import LATE_PREFIX, decode_late
from tocsin.core.late_marks import late_items
from tocsin.core.machine import Entry, Step
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend, LogRecord
from tocsin.core.sealed import Encoded

NAME: Final = "processors"
DECODED_MAX: Final = 16
"""So many loaded entries are kept decoded, each of at most a record of the log."""


class Processors:
    """What the machine needs of this stage."""

    name = NAME

    def __init__(self, backend: Backend, plans: PlanBook) -> None:
        self.generation = plans.first.generation
        self._backend = backend
        self._plans = plans
        self._listing = Listing(backend.directory)
        self._initial: dict[int, Live] = {}
        self._rows = KnownRows()

    def initial(self, group: int) -> Live:
        """Return the state of a group that has seen nothing."""
        if group not in self._initial:
            self._initial[group] = live(Group.empty(group, geometry_of(self._plans.first)), self._plans)
        return self._initial[group]

    def decode(self, blob: bytes) -> Live:
        """Return the state of the bytes."""
        group = decode_group(blob, geometry_of(self._plans.first))
        geometry = geometry_of(self._plans.at(group.plan_hash))
        return Live(group, self._rows.of(group, geometry), geometry)

    def encode(self, state: Live) -> Encoded:
        """Return the bytes of the state in pieces."""
        return group_pieces(state.group, state.geometry)

    def step(self, state: Live, batch: GroupBatch) -> Step[Live, GroupBatch]:
        """Fold the batch."""
        return step(state, batch, self._plans)

    def publish(self, outboxes: Mapping[int, Sequence[Entry]]) -> Mapping[int, int]:
        """Publish each group's entries, oldest first, a group's next one only after the one before."""
        published = dict.fromkeys(outboxes, 0)
        waiting = {group: list(entries) for group, entries in outboxes.items() if entries}
        while waiting:
            refused = self._publish_heads({group: entries[0] for group, entries in waiting.items()})
            for group in waiting:
                published[group] += group not in refused
            waiting = {group: entries[1:] for group, entries in waiting.items() if group not in refused and entries[1:]}
        return published

    def _publish_heads(self, heads: Mapping[int, Entry]) -> set[int]:
        """Publish one entry a group; return the groups whose entry was refused."""
        for entry in heads.values():
            if entry.lane == BLOB_LANE:
                self._backend.blobs.put(entry.name, entry.data)
        late = [
            entry.data for entry in heads.values() if entry.lane == BLOB_LANE and entry.name.startswith(LATE_PREFIX)
        ]
        panes = {group: entry for group, entry in heads.items() if entry.lane == PANES_LANE}
        # Windows go first: whoever reads an alert finds the windows that it speaks of.
        quantiles = geometry_of(self._plans.first).quantiles
        items = [item for entry in panes.values() for item in window_items(_said(entry).panes, quantiles)]
        marks = [item for data in late for item in late_items(decode_late(data))]
        if items or marks:
            self._backend.windows.put([*items, *marks])
        if items:
            self._listing.put(items)
        if not panes:
            return set()
        records = [LogRecord(f"{self.generation}.{group}", entry.data) for group, entry in panes.items()]
        groups = list(panes)
        return {groups[place] for place in self._backend.panes.put(records)}


def _said(entry: Entry) -> PaneBatch:
    """Return what an entry of the panes' lane says."""
    return entry.value if isinstance(entry.value, PaneBatch) else _decoded(entry.data)


@lru_cache(maxsize=DECODED_MAX)
def _decoded(data: bytes) -> PaneBatch:
    """Return what loaded bytes say; what the log refuses is published again and again."""
    return decode_panes(data)
