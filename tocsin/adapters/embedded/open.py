"""Opens every port over one SQLite file, or in memory."""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tocsin.adapters.embedded.alerts import EmbeddedAlerts
from tocsin.adapters.embedded.blobs import EmbeddedBlobs
from tocsin.adapters.embedded.checkpoints import EmbeddedCheckpoints
from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.decisions import EmbeddedDecisions
from tocsin.adapters.embedded.directory import EmbeddedDirectory
from tocsin.adapters.embedded.held_log import HeldLog
from tocsin.adapters.embedded.held_state import HeldState
from tocsin.adapters.embedded.log import EmbeddedLog
from tocsin.adapters.embedded.queue import EmbeddedQueue
from tocsin.adapters.embedded.state import EmbeddedState
from tocsin.adapters.embedded.topic import EmbeddedTopic
from tocsin.adapters.embedded.windows import EmbeddedWindows
from tocsin.core.clock import NowMs
from tocsin.core.ports import Backend, Checkpoints, Queue

GATEWAY_QUEUE: Final = "gateway"


class Embedded:
    """All ports of one deployment in one place; close it, or use it in a ``with`` statement.

    Attributes:
        backend: The ports of the stages.
        checkpoints: How far the runtime has read.
        readings: The log of readings, with what only a log of ours can do: split and merge shards.
        panes: The log of panes, likewise.
    """

    backend: Backend
    checkpoints: Checkpoints
    readings: EmbeddedLog
    panes: EmbeddedLog

    def __init__(self, database: Database, now_ms: NowMs) -> None:
        self._database = database
        self._now_ms = now_ms
        self._feed = EmbeddedLog(database, "alerts", now_ms)
        log = HeldLog if database.is_memory else EmbeddedLog
        self.readings = log(database, "readings", now_ms)
        self.panes = log(database, "panes", now_ms)
        self.checkpoints = EmbeddedCheckpoints(database)
        self.backend = Backend(
            readings=self.readings,
            panes=self.panes,
            state=HeldState(database) if database.is_memory else EmbeddedState(database),
            windows=EmbeddedWindows(database),
            alerts=EmbeddedAlerts(database, self._feed),
            decisions=EmbeddedDecisions(database),
            directory=EmbeddedDirectory(database, now_ms),
            gateway=self.queue(GATEWAY_QUEUE),
            topic=EmbeddedTopic(database, now_ms),
            blobs=EmbeddedBlobs(database),
        )

    def queue(self, name: str) -> Queue:
        """Return the queue of that name; it exists as soon as something is sent to it."""
        return EmbeddedQueue(self._database, name, self._now_ms)

    def make_logs(self, shards: int) -> None:
        """Give each log its shards, unless it has some; the feed of the alerts has one."""

        def work(connection: sqlite3.Connection) -> None:
            self.readings.make(connection, shards)
            self.panes.make(connection, shards)
            self._feed.make(connection, 1)

        self._database.write(work)

    def close(self) -> None:
        """Make everything durable and let go of the file; a second call changes nothing."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_for_acting(path: Path, *, now_ms: NowMs) -> Embedded:
    """Return the ports over the file, for what people do beside the process that runs the stages, if one does.

    Only what is put and never changed may be written so: ``AlertTable.put_action``.

    Raises:
        ConfigError: There is nothing yet, or it cannot be opened.
        DamagedError: The file is damaged, another program's, or of a newer release.
    """
    return Embedded(Database.for_acting(path), now_ms)


def open_embedded(path: Path | None, *, now_ms: NowMs, shards: int = 1, read_only: bool = False) -> Embedded:
    """Return the ports over the file, which is made where there is none, or in memory.

    Args:
        path: The file, or None for memory.
        now_ms: Clock of arrivals, sendings and visibility.
        shards: How many shards each log has when it is made; an existing file keeps its own.
        read_only: Read beside the one process that writes; the file must exist.

    Raises:
        ConfigError: Another process writes to the file, or it cannot be opened as asked.
        DamagedError: The file is damaged, another program's, or of a newer release.
    """
    if path is not None and read_only:
        return Embedded(Database.for_reading(path), now_ms)
    database = Database.in_memory() if path is None else Database.for_writing(path)
    embedded = Embedded(database, now_ms)
    try:
        embedded.make_logs(shards)
    except BaseException:
        embedded.close()
        raise
    return embedded
