"""Deployments that live by the wall clock, seen as if they lived by the test's.

A test's second takes a part of a real one, and whatever the stand-in dates between two moves of the test's clock
is as old as the earlier of them: so tests compare exact instants, and a date on the wrong side of a move shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from tocsin.core.clock import VirtualClock, pause, wall_now_ms
from tocsin.core.ports import AlertTable, Log, LogReader, LogRecord, Queue, QueueMessage, Shard, StoredRecord

SCALE: Final = 15
"""Milliseconds of the test in a real one: a visibility of 30 s takes two real seconds."""

EARLY_MS: Final = 15
"""A stand-in may count time a little earlier than asked for; a move waits that much longer."""


class WallClock(VirtualClock):
    """A clock that waits before it moves."""

    def __init__(self, start_ms: int) -> None:
        super().__init__(start_ms)
        self._marks = [(wall_now_ms(), start_ms)]

    def advance_to(self, instant_ms: int) -> None:
        if instant_ms > self.now_ms():
            pause(((instant_ms - self.now_ms()) / SCALE + EARLY_MS) / 1_000)
            super().advance_to(instant_ms)
            self._marks.append((wall_now_ms(), instant_ms))

    def seen(self, wall_ms: int) -> int:
        """Return the instant of the test that it was at the wall clock's."""
        passed = [instant_ms for marked_ms, instant_ms in self._marks if marked_ms <= wall_ms]
        return passed[-1] if passed else self._marks[0][1]


class WallReader:
    """A log or feed whose arrivals are the test's."""

    def __init__(self, reader: LogReader, clock: WallClock) -> None:
        self._reader = reader
        self._clock = clock

    def shards(self) -> Sequence[Shard]:
        return self._reader.shards()

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        found = self._reader.read(shard, after=after, limit=limit)
        return [msgspec.structs.replace(record, arrival_ms=self._clock.seen(record.arrival_ms)) for record in found]

    def trim(self, shard: str, *, through: str) -> None:
        self._reader.trim(shard, through=through)


class WallLog(WallReader):
    """A log whose arrivals are the test's."""

    def __init__(self, log: Log, clock: WallClock) -> None:
        super().__init__(log, clock)
        self._log = log

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        return self._log.put(records)


class WallAlerts:
    """A table of alerts whose feed has the test's arrivals."""

    def __init__(self, table: AlertTable, clock: WallClock) -> None:
        self._table = table
        self.feed = WallReader(table.feed, clock)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


class WallQueue:
    """A queue whose instants, and whose visibility, are the test's."""

    def __init__(self, queue: Queue, clock: WallClock) -> None:
        self._queue = queue
        self._clock = clock
        self.name = queue.name
        self.delete = queue.delete
        self.release = queue.release
        self.depth = queue.depth
        self.redrive = queue.redrive

    def send(self, bodies: Sequence[str], attributes: Mapping[str, str] | None = None) -> Sequence[int]:
        return self._queue.send(bodies, attributes)

    def receive(self, *, limit: int, visibility_ms: int) -> list[QueueMessage]:
        found = self._queue.receive(limit=limit, visibility_ms=visibility_ms // SCALE)
        return [replace(message, sent_ms=self._clock.seen(message.sent_ms)) for message in found]

    def dead_letters(self, *, limit: int) -> list[QueueMessage]:
        found = self._queue.dead_letters(limit=limit)
        return [replace(message, sent_ms=self._clock.seen(message.sent_ms)) for message in found]


SEEN: Final[dict[str, Any]] = {
    "readings": WallLog,
    "panes": WallLog,
    "alerts": WallAlerts,
    "gateway": WallQueue,
}
"""Part of a backend to what shows it by the test's clock; all others have no clock."""
