"""One lane of a shard: what waits to be delivered, what is under way, and what comes again."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import Final

from tocsin.core.ports import StoredRecord
from tocsin.runtime.mapping import PAYLOAD_BYTES_MAX, MappingSettings, Outcome
from tocsin.runtime.tumbling import Closing, Tumbling

RECORD_OVERHEAD_BYTES: Final = 480
"""What a record takes in an event besides its data: names, numbers, the source."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Records in order, and how many invocations with them have failed.

    Attributes:
        records: Of one lane; none where a tumbling window closes.
        attempts: Failed invocations so far.
        closing: Why the window closes, where it does.
    """

    records: tuple[StoredRecord, ...]
    attempts: int = 0
    closing: Closing | None = None


@dataclass(frozen=True, slots=True)
class Flight:
    """An invocation under way: in virtual time it may last."""

    segment: Segment
    outcome: Outcome
    ends_ms: int


@dataclass(slots=True)
class Lane:
    """Records of one shard that are delivered one batch at a time, in order.

    Attributes:
        buffer: Read, and in no batch yet.
        waiting_ms: Since when a batch that is not full waits for more, or None.
        segments: Batches to deliver, in order; more than one only after a split.
        due_ms: When the first of them may be delivered.
        flight: The invocation under way, or None.
        tumbling: The tumbling window, where the mapping has them.
    """

    buffer: deque[StoredRecord] = field(default_factory=deque)
    waiting_ms: int | None = None
    segments: deque[Segment] = field(default_factory=deque)
    due_ms: int = 0
    flight: Flight | None = None
    tumbling: Tumbling | None = None

    @property
    def is_free(self) -> bool:
        """Whether the next batch may be made."""
        return not self.segments and self.flight is None

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is left to deliver."""
        return self.is_free and not self.buffer and (self.tumbling is None or self.tumbling.start_ms is None)

    def make_batch(self, settings: MappingSettings, now_ms: int, *, is_last: bool) -> None:
        """Make the next batch, if it is full or has waited long enough; or close the window.

        Args:
            settings: Of the mapping.
            now_ms: The present instant.
            is_last: Whether the shard has no more records than these.
        """
        batch, is_full = self._next_records(settings.batch_records_max, settings.payload_bytes_max)
        if not batch:
            self._close_window(now_ms, is_last=is_last)
            return
        self.waiting_ms = now_ms if self.waiting_ms is None else self.waiting_ms
        if is_full or is_last or now_ms >= self.waiting_ms + settings.window_ms:
            self._take(len(batch))
            self.waiting_ms = now_ms if self.buffer else None
            self.due_ms = now_ms
            self.segments.append(Segment(batch))

    def wakes_ms(self, window_ms: int) -> list[int]:
        """Return the instants at which something may be done that waits now."""
        if self.flight:
            return [self.flight.ends_ms]
        if self.segments:
            return [self.due_ms]
        if self.waiting_ms is not None:
            return [self.waiting_ms + window_ms]
        over_ms = self.tumbling.over_ms() if self.tumbling else None
        return [] if over_ms is None else [over_ms]

    def _next_records(self, records_max: int, bytes_max: int) -> tuple[tuple[StoredRecord, ...], bool]:
        """Return the records of the next batch, and whether waiting would bring no more into it."""
        batch = fitting(self.buffer, records_max, bytes_max)
        if batch and self.tumbling:
            self.tumbling.open_for(batch[0])
            batch = tuple(takewhile(self.tumbling.takes, batch))
        return batch, len(batch) == records_max or len(batch) < len(self.buffer)

    def _take(self, count: int) -> None:
        if count == len(self.buffer):
            self.buffer.clear()
            return
        for _ in range(count):
            self.buffer.popleft()

    def _close_window(self, now_ms: int, *, is_last: bool) -> None:
        over_ms = self.tumbling.over_ms() if self.tumbling else None
        if over_ms is not None and (self.buffer or is_last or now_ms >= over_ms):
            self.due_ms = now_ms
            self.segments.append(Segment((), closing=Closing.OVER))


def fitting(
    records: Collection[StoredRecord], records_max: int, bytes_max: int = PAYLOAD_BYTES_MAX
) -> tuple[StoredRecord, ...]:
    """Return the first of the records, as many as an event takes, at least one where there is one."""
    first = tuple(islice(records, records_max))
    left = bytes_max
    if sum([len(record.data) for record in first]) * 4 // 3 + RECORD_OVERHEAD_BYTES * len(first) <= left:
        return first
    for place, record in enumerate(first):
        left -= len(record.data) * 4 // 3 + RECORD_OVERHEAD_BYTES  # base64 takes four bytes for three
        if left < 0:
            return first[: max(1, place)]
    return first
