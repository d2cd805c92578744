"""A mapping of a log: batches of each shard in order, one in flight at a time."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

from tocsin.core.clock import NowMs
from tocsin.core.ports import Blobs, Checkpoints, LogReader, Shard, StoredRecord
from tocsin.runtime.discarded import EXHAUSTED, EXPIRED, Discarded
from tocsin.runtime.mapping import PAYLOAD_BYTES_MAX, Context, Handler, MappingSettings, Outcome, invoke

EventOf = Callable[[Sequence[StoredRecord]], dict[str, Any]]
"""Builds the event of records of one shard, in order."""

FORGET_RECORDS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Segment:
    """Records of one shard in order, and how many invocations with them have failed."""

    records: tuple[StoredRecord, ...]
    attempts: int = 0


@dataclass(slots=True)
class _Lane:
    """One shard as the mapping sees it.

    Attributes:
        after: Last sequence number done with.
        segments: What was read and is not done with, oldest first; more than one only after a split.
        due_ms: When the first of them may be delivered.
        waiting_ms: Since when a batch that is not full waits for more, or None.
        forgotten: Up to which number the log was told to forget, or None.
    """

    after: str | None
    segments: deque[_Segment] = field(default_factory=deque)
    due_ms: int = 0
    waiting_ms: int | None = None
    forgotten: str | None = None


class StreamMapping:
    """Delivers a log's records to a handler, per shard in order.

    A batch is done with when the handler answers without failures; with partial answers everything
    before the lowest failed number is. What is done with is checkpointed at once, the rest is delivered
    again later, and nothing behind it moves. Shards are read once their parents are drained.

    Attributes:
        name: Under which checkpoints and discarded batches are kept.
        invocations: How often the handler was called.
        failures: How many of these calls failed, wholly or in part.
        discarded: Records that were given up.
        last_error: The newest failure in words, or empty.
    """

    def __init__(
        self,
        name: str,
        reader: LogReader,
        handler: Handler,
        settings: MappingSettings,
        *,
        event_of: EventOf,
        checkpoints: Checkpoints,
        blobs: Blobs,
        now_ms: NowMs,
    ) -> None:
        """Prepare to read on where the checkpoints say.

        Args:
            name: Of the mapping.
            reader: The log.
            handler: What is called.
            settings: How.
            event_of: Builds the event that the handler gets.
            checkpoints: Where progress is kept.
            blobs: Where batches go that are given up.
            now_ms: The clock of waits and ages.
        """
        self.name = name
        self.invocations = self.failures = self.discarded = 0
        self.last_error = ""
        self._reader = reader
        self._handler = handler
        self._settings = settings
        self._event_of = event_of
        self._checkpoints = checkpoints
        self._blobs = blobs
        self._now_ms = now_ms
        self._lanes = {shard: _Lane(after) for shard, after in checkpoints.load(name).items()}
        self._drained: set[str] = set()

    def poll(self) -> int:
        """Deliver at most one batch of each shard; return how many invocations that took."""
        shards = self._reader.shards()
        listed = {shard.id for shard in shards}
        self._drained &= listed
        before = self.invocations
        for shard in shards:
            if all(parent in self._drained or parent not in listed for parent in shard.parents):
                self._turn(shard)
        return self.invocations - before

    def due_ms(self) -> int | None:
        """Return when something that waits now may be delivered, or None where nothing waits."""
        waits = [lane.due_ms for lane in self._lanes.values() if lane.segments]
        waits += [
            lane.waiting_ms + self._settings.window_ms for lane in self._lanes.values() if lane.waiting_ms is not None
        ]
        return min(waits, default=None)

    def forget_done(self) -> None:
        """Have the log forget all that is done with; only for a log that no one else reads."""
        for shard, lane in self._lanes.items():
            if lane.after is not None and lane.after != lane.forgotten:
                self._reader.trim(shard, through=lane.after)
                lane.forgotten = lane.after

    def forget_before(self, instant_ms: int) -> None:
        """Have the log forget what is done with and arrived before the instant."""
        for shard, lane in self._lanes.items():
            while lane.after is not None:
                read = self._reader.read(shard, after=None, limit=FORGET_RECORDS_MAX)
                old = takewhile(lambda record: record.arrival_ms < instant_ms, read)
                done = [record for record in old if int(record.sequence) <= int(lane.after)]
                if done:
                    self._reader.trim(shard, through=done[-1].sequence)
                if len(done) < FORGET_RECORDS_MAX:
                    break

    def _turn(self, shard: Shard) -> None:
        lane = self._lanes.setdefault(shard.id, _Lane(None))
        if not lane.segments:
            self._gather(shard, lane)
        if lane.segments and lane.due_ms <= self._now_ms():
            self._give_up_expired(lane)
        if lane.segments and lane.due_ms <= self._now_ms():
            self._deliver(lane)

    def _gather(self, shard: Shard, lane: _Lane) -> None:
        """Read the shard's next batch, if it is full or has waited long enough."""
        if shard.id in self._drained:
            return
        limit = self._settings.batch_records_max
        read = self._reader.read(shard.id, after=lane.after, limit=limit)
        if not read:
            if shard.closed:
                self._drained.add(shard.id)
            return
        batch = _fitting(read)
        now_ms = self._now_ms()
        lane.waiting_ms = now_ms if lane.waiting_ms is None else lane.waiting_ms
        full = len(batch) == limit or len(batch) < len(read) or shard.closed
        if full or now_ms >= lane.waiting_ms + self._settings.window_ms:
            lane.waiting_ms = None
            lane.due_ms = now_ms
            lane.segments.append(_Segment(tuple(batch)))

    def _deliver(self, lane: _Lane) -> None:
        segment = lane.segments.popleft()
        outcome = self._invoke(segment.records)
        done = outcome.failed[0] if outcome.failed else len(segment.records)
        if done:
            self._finish(lane, segment.records[done - 1])
        if outcome.failed:
            self.failures += 1
            self.last_error = str(outcome.error or f"{len(outcome.failed)} items failed")
            self._fail(lane, _Segment(segment.records[done:], segment.attempts), outcome)

    def _fail(self, lane: _Lane, rest: _Segment, outcome: Outcome) -> None:
        """Decide what follows for the records that are not done with."""
        attempts = rest.attempts + 1
        if outcome.error and self._settings.bisect and len(rest.records) > 1:
            half = len(rest.records) // 2
            lane.segments.appendleft(_Segment(rest.records[half:], rest.attempts))
            lane.segments.appendleft(_Segment(rest.records[:half], rest.attempts))
        elif self._settings.retries_max is not None and attempts > self._settings.retries_max:
            self._discard(lane, _Segment(rest.records, attempts), EXHAUSTED, error=outcome.error)
        else:
            lane.segments.appendleft(_Segment(rest.records, attempts))
            lane.due_ms = self._now_ms() + self._settings.retry_wait_ms(attempts)

    def _give_up_expired(self, lane: _Lane) -> None:
        if self._settings.age_ms_max is None:
            return
        oldest_ms = self._now_ms() - self._settings.age_ms_max
        segment = lane.segments.popleft()
        expired = sum(record.arrival_ms < oldest_ms for record in segment.records)
        if expired < len(segment.records):
            lane.segments.appendleft(_Segment(segment.records[expired:], segment.attempts))
        if expired:
            self._discard(lane, _Segment(segment.records[:expired], segment.attempts), EXPIRED, error=None)

    def _discard(self, lane: _Lane, segment: _Segment, condition: str, *, error: Exception | None) -> None:
        """Keep the records where people can find them, then move on."""
        lost = Discarded(self._event_of(segment.records), segment.records, segment.attempts, condition, error)
        self._blobs.put(lost.name(self.name), lost.report(self._context(), self._now_ms()))
        self.discarded += len(segment.records)
        self._finish(lane, segment.records[-1])

    def _invoke(self, records: Sequence[StoredRecord]) -> Outcome:
        self.invocations += 1
        ids = [record.sequence for record in records]
        return invoke(self._handler, self._event_of(records), self._context(), ids, self._settings)

    def _context(self) -> Context:
        return Context(self.name, f"{self.name}-{self.invocations}")

    def _finish(self, lane: _Lane, last: StoredRecord) -> None:
        lane.after = last.sequence
        self._checkpoints.save(self.name, last.shard, last.sequence)


def _fitting(records: Sequence[StoredRecord]) -> Sequence[StoredRecord]:
    """Return the first of the records whose event stays small enough, at least one."""
    left = PAYLOAD_BYTES_MAX * 3 // 4  # base64 takes four bytes for three
    if sum(len(record.data) for record in records) <= left:
        return records
    for place, record in enumerate(records):
        left -= len(record.data)
        if left < 0:
            return records[: max(1, place)]
    return records
