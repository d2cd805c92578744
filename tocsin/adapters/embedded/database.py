"""The database that all embedded ports share: reads, and writes that are durable when they return."""

import sqlite3
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self, TypeVar

from tocsin.adapters.embedded.commit import GroupCommit, Work
from tocsin.adapters.embedded.connect import connect_beside, connect_memory, connect_reader, connect_writer
from tocsin.adapters.embedded.faults import plain_errors
from tocsin.adapters.embedded.holder import Holder
from tocsin.core.errors import ConfigError, UnavailableError

T = TypeVar("T")
Row = tuple[Any, ...]
Values = Sequence[object] | Mapping[str, object]
MEMORY: Final = "the memory database"


class Database:
    """One SQLite database, usable by any thread.

    A file has a connection that reads beside the one that writes, so reading does not wait for a
    sync. In memory one connection does both.
    """

    def __init__(
        self,
        place: str,
        reader: sqlite3.Connection,
        writer: sqlite3.Connection | None = None,
        holder: Holder | None = None,
    ) -> None:
        self._place = place
        self._reader = reader
        self._writer = writer
        self._holder = holder
        self._closed = False
        self._reading = Lock()
        self._turn = self._reading if reader is writer else Lock()
        self._commits = GroupCommit(writer, self._turn) if writer else None

    @classmethod
    def in_memory(cls) -> Self:
        """Return a new empty database in memory."""
        connection = connect_memory()
        return cls(MEMORY, connection, connection)

    @classmethod
    def for_writing(cls, path: Path) -> Self:
        """Return the database of the file, which is made where there is none.

        Raises:
            ConfigError: Another process writes to it, or it cannot be opened.
            DamagedError: It is damaged, another program's, or of a newer release.
        """
        holder = Holder(path)
        try:
            writer = connect_writer(path)
            return cls(str(path), connect_beside(path), writer, holder)
        except BaseException:
            holder.release()
            raise

    @classmethod
    def for_acting(cls, path: Path) -> Self:
        """Return the database of the file, to write a little beside the process that runs the stages on it.

        SQLite has one writer at a time, and who comes second waits; nothing of the logs is kept in memory.

        Raises:
            ConfigError: There is nothing yet, or it cannot be opened.
            DamagedError: It is damaged, another program's, or of a newer release.
        """
        connect_reader(path).close()  # an action makes no new file
        return cls(str(path), connect_beside(path), connect_writer(path))

    @classmethod
    def for_reading(cls, path: Path) -> Self:
        """Return the database of the file, beside whoever writes to it.

        Raises:
            ConfigError: There is nothing to read.
            DamagedError: It is damaged, another program's, or of a newer release.
        """
        return cls(str(path), connect_reader(path))

    @property
    def is_memory(self) -> bool:
        """Whether nothing of it lasts."""
        return self._writer is self._reader

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """Return all rows of a query."""
        return self.read(lambda connection: connection.execute(sql, values).fetchall())

    def read(self, work: Work[T]) -> T:
        """Run the work, which only reads and leaves no cursor open; return its result."""
        with self._reading, plain_errors(self._place):
            self.check_open()
            return work(self._reader)

    def write(self, work: Work[T]) -> T:
        """Run the work in a transaction; return its result once that is durable.

        The work may run twice, so it keeps nothing outside the connection it is given.

        Raises:
            ConfigError: The database was opened for reading.
        """
        commits = self._writable()
        with plain_errors(self._place):
            return commits.run(work)

    def write_later(self, key: Hashable, work: Work[object]) -> None:
        """Leave work for the next write to take along; it replaces what was left under the same key."""
        self._writable().ride(key, work)

    def add_function(self, name: str, function: Callable[[Any, Any], Any]) -> None:
        """Let the SQL of writes call a pure function of two arguments."""
        if self._writer:
            self._writer.create_function(name, 2, function, deterministic=True)

    def close(self) -> None:
        """Write what was left for later and let go of the file; a second call changes nothing."""
        if self._closed:
            return
        try:
            if self._commits and self._commits.has_riders():
                self.write(lambda _: None)
        finally:
            self._let_go()

    def check_open(self) -> None:
        """Raise unless the database is open.

        Raises:
            UnavailableError: It was closed.
        """
        if self._closed:
            raise UnavailableError(f"{self._place} is closed")

    def _let_go(self) -> None:
        with ExitStack() as locks:
            for lock in {self._reading, self._turn}:
                locks.enter_context(lock)
            self._closed = True
            self._reader.close()
            if self._writer:
                self._writer.close()
        if self._holder:
            self._holder.release()

    def _writable(self) -> GroupCommit:
        self.check_open()
        if self._commits is None:
            raise ConfigError(f"{self._place} was opened for reading, it cannot be written")
        return self._commits
