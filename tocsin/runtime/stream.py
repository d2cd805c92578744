"""A mapping of a log: batches of each shard in order, one in flight at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final
from zlib import crc32

from tocsin.core.clock import NowMs
from tocsin.core.ports import Checkpoints, LogReader, Shard, StoredRecord
from tocsin.runtime.delivery import Delivery, EventOf
from tocsin.runtime.discarded import OnFailure
from tocsin.runtime.lane import Lane
from tocsin.runtime.mapping import Handler, MappingSettings
from tocsin.runtime.positions import start_positions
from tocsin.runtime.progress import Progress
from tocsin.runtime.tumbling import Tumbling

FORGET_RECORDS_MAX: Final = 10_000
BATCHES_READ_AHEAD_MAX: Final = 10
"""Of each lane, where there are several: keys are not spread evenly."""


@dataclass(slots=True)
class _ShardState:
    """One shard as the mapping sees it.

    Attributes:
        after: Last sequence number up to which all is done with.
        read: Last sequence number that was read.
        lanes: Its records go to these, by partition key.
        progress: Where records are not finished in order; None where they are.
        is_read: Whether all was read, and nothing more will come.
        forgotten: Up to which number the log was told to forget, or None.
    """

    after: str | None
    read: str | None
    lanes: list[Lane]
    progress: Progress | None
    is_read: bool = False
    forgotten: str | None = None


class StreamMapping:
    """Delivers a log's records to a handler, per shard in order.

    A batch is done with when the handler answers without failures; with partial answers everything
    before the lowest failed number is. What is done with is checkpointed at once, the rest is delivered
    again later, and nothing behind it moves. Shards are read once all their ancestors are drained.

    With several lanes a shard's records are in order for each partition key, and a checkpoint stands
    before the first record that is not done with.

    Attributes:
        name: Under which checkpoints and discarded batches are kept.
        delivery: Delivers the batches, and counts what comes of it.
        filtered: Records that the filter held back.
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
        now_ms: NowMs,
        on_failure: OnFailure | None = None,
        accepts: Callable[[StoredRecord], bool] | None = None,
    ) -> None:
        """Prepare to read on where the checkpoints say, or to begin where the settings say.

        Args:
            name: Of the mapping.
            reader: The log.
            handler: Whom to call.
            settings: How records become calls.
            event_of: Builds events.
            checkpoints: Where progress is kept.
            now_ms: Clock of waits and ages.
            on_failure: Takes what is given up; without it, that is lost.
            accepts: The filter; without it all records are delivered.
        """
        self.name = name
        self.filtered = 0
        self.delivery = Delivery(name, handler, settings, event_of=event_of, on_failure=on_failure, now_ms=now_ms)
        self._reader = reader
        self._settings = settings
        self._checkpoints = checkpoints
        self._accepts = accepts
        self._shards = {shard: self._begun(after) for shard, after in self._positions().items()}
        self._parents: dict[str, tuple[str, ...]] = {}
        self._drained: set[str] = set()

    @property
    def failures(self) -> int:
        """How many calls of the handler failed, wholly or in part."""
        return self.delivery.failures

    @property
    def last_error(self) -> str:
        """The newest failure in words, or empty."""
        return self.delivery.last_error

    @property
    def is_retrying(self) -> bool:
        """Whether something that failed waits to be delivered again."""
        lanes = [lane for state in self._shards.values() for lane in state.lanes]
        return any(segment.attempts for lane in lanes for segment in lane.segments)

    def poll(self) -> int:
        """Deliver at most one batch of each lane; return how many invocations that took."""
        shards = self._reader.shards()
        listed = {shard.id for shard in shards}
        self._parents |= {shard.id: shard.parents for shard in shards if shard.parents}
        self._drained &= listed
        before = self.delivery.invocations
        for shard in shards:
            if not self._has_older(shard.id, listed):
                self._turn(shard)
        return self.delivery.invocations - before

    def due_ms(self) -> int | None:
        """Return when something that waits now may be delivered, or None where nothing waits."""
        window_ms = self._settings.window_ms
        waits = [at_ms for state in self._shards.values() for lane in state.lanes for at_ms in lane.wakes_ms(window_ms)]
        return min(waits, default=None)

    def backlog(self, records_max: int) -> tuple[int, int | None]:
        """Return how many records are not done with, up to so many a shard, and when the oldest of them arrived."""
        after = {shard: state.after for shard, state in self._shards.items()}
        waiting = [
            self._reader.read(shard.id, after=after.get(shard.id), limit=records_max) for shard in self._reader.shards()
        ]
        return sum(map(len, waiting)), min((read[0].arrival_ms for read in waiting if read), default=None)

    def forget_done(self) -> None:
        """Have the log forget all that is done with; only for a log that no one else reads."""
        for shard, state in self._shards.items():
            if state.after is not None and state.after != state.forgotten:
                self._reader.trim(shard, through=state.after)
                state.forgotten = state.after

    def forget_before(self, instant_ms: int) -> None:
        """Have the log forget what is done with and arrived before the instant."""
        for shard, state in self._shards.items():
            while state.after is not None:
                read = self._reader.read(shard, after=None, limit=FORGET_RECORDS_MAX)
                old = takewhile(lambda record: record.arrival_ms < instant_ms, read)
                done = [record for record in old if int(record.sequence) <= int(state.after)]
                if done:
                    self._reader.trim(shard, through=done[-1].sequence)
                if len(done) < FORGET_RECORDS_MAX:
                    break

    def _positions(self) -> Mapping[str, str]:
        """Return where to go on in each shard; where there is nothing yet, note where to begin."""
        saved = self._checkpoints.load(self.name)
        if saved:
            return saved
        begun = start_positions(self._reader, self._settings.start, self._settings.start_ms)
        for shard, sequence in begun.items():
            self._checkpoints.save(self.name, shard, sequence)
        return begun

    def _begun(self, after: str | None) -> _ShardState:
        how = self._settings
        windows = [Tumbling(how.tumbling_ms) if how.tumbling_ms else None for _ in range(how.lanes)]
        is_in_order = how.lanes == 1 and self._accepts is None
        lanes = [Lane(tumbling=window) for window in windows]
        return _ShardState(after, after, lanes, None if is_in_order else Progress())

    def _has_older(self, shard: str, listed: set[str]) -> bool:
        """Tell whether an ancestor, however far back, still has records to deliver."""
        for parent in self._parents.get(shard, ()):
            if (parent in listed and parent not in self._drained) or self._has_older(parent, listed):
                return True
        return False

    def _turn(self, shard: Shard) -> None:
        state = self._shards.setdefault(shard.id, self._begun(None))
        for lane in state.lanes:
            self._finish(shard.id, state, self.delivery.land(lane))
        if any(lane.is_free for lane in state.lanes):
            self._read(shard, state)
        for lane in state.lanes:
            self._finish(shard.id, state, self.delivery.start(shard.id, lane, is_last=state.is_read))
        if state.is_read and all(lane.is_empty for lane in state.lanes):
            self._drained.add(shard.id)

    def _read(self, shard: Shard, state: _ShardState) -> None:
        """Read as much of the shard as the next batches of its lanes may need; a filter may pass over much of it."""
        while not state.is_read and (limit := self._room(state)) > 0:
            read = self._reader.read(shard.id, after=state.read, limit=limit)
            if read:
                state.read = read[-1].sequence
                self._take(shard.id, state, read)
            if len(read) < limit:
                state.is_read = shard.closed
                return

    def _room(self, state: _ShardState) -> int:
        """Return how many records the lanes of the shard take now."""
        lanes = self._settings.lanes
        batches = 1 if lanes == 1 else lanes * BATCHES_READ_AHEAD_MAX
        return self._settings.batch_records_max * batches - sum(len(lane.buffer) for lane in state.lanes)

    def _take(self, shard: str, state: _ShardState, read: Sequence[StoredRecord]) -> None:
        if state.progress is None:
            state.lanes[0].buffer.extend(read)
        else:
            self._sort_out(shard, state, state.progress, read)

    def _sort_out(self, shard: str, state: _ShardState, progress: Progress, read: Sequence[StoredRecord]) -> None:
        """Give each record to the lane of its key; what the filter holds back is done with."""
        progress.read(record.sequence for record in read)
        held_back = [record for record in read if self._accepts and not self._accepts(record)]
        self.filtered += len(held_back)
        passed_over = {record.sequence for record in held_back}
        for record in read:
            if record.sequence not in passed_over:
                state.lanes[crc32(record.partition_key.encode()) % len(state.lanes)].buffer.append(record)
        self._finish(shard, state, held_back)

    def _finish(self, shard: str, state: _ShardState, done: Sequence[StoredRecord]) -> None:
        """Move the checkpoint, now that these are done with."""
        if not done:
            return
        if state.progress is None:
            through: str | None = done[-1].sequence
        else:
            through = state.progress.finish(record.sequence for record in done)
        if through is not None:
            state.after = through
            self._checkpoints.save(self.name, shard, through)
