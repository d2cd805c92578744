"""Delivery as Lambda's mappings do it, with every border of batches chosen from outside.

Per shard in order, one batch at a time, parents before children, the failed rest again. What the
platform may do besides is asked for by the history: deliver again what was done with, deliver while an
earlier invocation still runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulation.faults import Crash
from tocsin.core.errors import TransientError
from tocsin.core.ports import LogReader, Shard, StoredRecord

Handler = Callable[[dict[str, Any], object], dict[str, Any]]
INSTANCES: Final = 2


@dataclass
class Lane:
    """One shard of a mapping.

    Attributes:
        after: Last sequence number done with.
        running: The invocation that counts, or None.
        is_drained: Whether all was read, and nothing more will come.
    """

    after: str | None = None
    running: object | None = None
    is_drained: bool = False


@dataclass
class Instances:
    """The warm processes of a function.

    Attributes:
        make: Starts one, of the old release or the new.
        warm: Those that live, by place; one that runs is not among the free.
    """

    make: Callable[[int], Handler]
    warm: dict[int, Handler] = field(default_factory=dict)
    busy: set[int] = field(default_factory=set)

    def take(self, wanted: int) -> int:
        """Return the place of a free process: the wanted one, else another, else a new one."""
        places = [(wanted + turn) % INSTANCES for turn in range(INSTANCES)]
        free = [place for place in places if place not in self.busy]
        place = free[0] if free else max(self.busy) + 1
        self.busy.add(place)
        return place

    def handler(self, place: int) -> Handler:
        """Return the process at the place, started if it is not there."""
        if place not in self.warm:
            self.warm[place] = self.make(place)
        return self.warm[place]

    def end(self, place: int) -> None:
        """Let the process go: the next call at its place is a cold start."""
        self.warm.pop(place, None)


@dataclass
class Mapping:
    """Delivers one log to one function.

    Attributes:
        reader: The log.
        event_of: Builds the event of records.
        instances: The function's processes.
        running: Invocations under way, innermost last: lane and token. Shared by all mappings.
        errors: The newest failure of each shard, in words.
    """

    name: str
    reader: LogReader
    event_of: Callable[[Sequence[StoredRecord]], dict[str, Any]]
    instances: Instances
    running: list[tuple[Lane, object]]
    lanes: dict[str, Lane] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def deliver(self, choice: int, size: int, instance: int) -> bool:
        """Deliver the next batch of one of the shards that may be read; tell whether there was one."""
        shards = [shard for shard in self.readable() if self._lane(shard).running is None]
        if not shards:
            return False
        shard = shards[choice % len(shards)]
        lane = self._lane(shard)
        records = self.reader.read(shard.id, after=lane.after, limit=size)
        if not records:
            lane.is_drained = shard.closed
            return False
        self._invoke(lane, records, instance)
        return True

    def deliver_again(self, choice: int, size: int, back: int) -> bool:
        """Deliver records that are done with once more; the answer counts for nothing."""
        known = [(shard, lane) for shard, lane in self.lanes.items() if lane.after is not None]
        if not known:
            return False
        shard, lane = known[choice % len(known)]
        begin = max(0, int(lane.after or 0) - 1 - back)
        records = self.reader.read(shard, after=str(begin), limit=size)
        if records:
            self._invoke(Lane(), records, choice)
        return bool(records)

    def rewind(self) -> None:
        """Begin again with the oldest record, in processes that know nothing."""
        self.lanes.clear()
        self.errors.clear()
        self.instances.warm.clear()

    def readable(self) -> list[Shard]:
        """Return the shards that may be read now: their parents are drained, they are not."""
        shards = self.reader.shards()
        listed = {shard.id for shard in shards}
        waits = {shard.id for shard in shards if not self._lane(shard).is_drained}
        return [
            shard
            for shard in shards
            if shard.id in waits and not any(parent in listed and parent in waits for parent in shard.parents)
        ]

    def behind(self) -> int:
        """Return how many records are still to be delivered."""
        left = 0
        for shard in self.reader.shards():
            left += len(self.reader.read(shard.id, after=self._lane(shard).after, limit=1 << 30))
        return left

    def _lane(self, shard: Shard) -> Lane:
        lane = self.lanes.get(shard.id)
        if lane is None:
            lane = self.lanes[shard.id] = Lane()
        return lane

    def _invoke(self, lane: Lane, records: Sequence[StoredRecord], instance: int) -> None:
        token = object()
        lane.running = token
        place = self.instances.take(instance)
        self.running.append((lane, token))
        try:
            answer = self.instances.handler(place)(self.event_of(records), None)
            self._finish(lane, token, records, answer)
        except TransientError as error:
            self.errors[records[0].shard] = repr(error)
        except Crash as error:
            self.errors[records[0].shard] = repr(error)
            self.instances.end(place)
        finally:
            self.running.pop()
            self.instances.busy.discard(place)
            if lane.running is token:
                lane.running = None

    def _finish(self, lane: Lane, token: object, records: Sequence[StoredRecord], answer: dict[str, Any]) -> None:
        """Move on up to what failed, unless the caller has given the invocation up."""
        failed = [item["itemIdentifier"] for item in (answer or {}).get("batchItemFailures", ())]
        first = min((int(number) for number in failed), default=None)
        done = [record for record in records if first is None or int(record.sequence) < first]
        if first is None:
            self.errors.pop(records[0].shard, None)
        else:
            self.errors[records[0].shard] = "items failed"
        if lane.running is token and done:
            lane.after = done[-1].sequence
