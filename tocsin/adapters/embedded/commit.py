"""Group commit: what waits while one write is synced is written together."""

import sqlite3
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

from tocsin.core.errors import UnavailableError

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


@dataclass(slots=True, eq=False)
class _Write:
    """One caller's work and what became of it."""

    work: Work[Any]
    done: bool = False
    result: Any = None
    error: Exception | None = field(default_factory=lambda: UnavailableError("the write was interrupted"))


class GroupCommit:
    """Runs the writes of many threads in few transactions, each synced before its callers return.

    A caller queues its work and waits for its turn. Whoever gets the turn finds the work of all who
    came meanwhile, runs it in one transaction, and leaves them nothing to do: while one syncs, the
    next group gathers. A caller alone has the turn at once and one transaction of its own.
    Work may run twice, in a transaction that failed and in one that did not, so it keeps nothing
    outside the connection.

    Args:
        connection: Used by nobody who does not have the turn.
        turn: The lock that is the turn.
    """

    def __init__(self, connection: sqlite3.Connection, turn: Lock) -> None:
        self._connection = connection
        self._turn = turn
        self._waiting: deque[_Write] = deque()  # at most one of each thread
        self._riders: dict[Hashable, Work[object]] = {}
        self._riders_lock = Lock()

    def run(self, work: Work[T]) -> T:
        """Run the work in a transaction; return its result once that is durable."""
        write = _Write(work)
        self._waiting.append(write)
        with self._turn:
            if not write.done:
                self._commit_waiting()
        if write.error is not None:
            raise write.error
        result: T = write.result
        return result

    def ride(self, key: Hashable, work: Work[object]) -> None:
        """Leave work for the next transaction to take along; it replaces older work of the same key."""
        with self._riders_lock:
            self._riders[key] = work

    def has_riders(self) -> bool:
        """Tell whether work was left that no transaction has taken along yet."""
        return bool(self._riders)

    def _commit_waiting(self) -> None:
        writes = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            error = self._attempt(writes)
            if error is not None and len(writes) > 1:
                for write in writes:  # one of them is at fault: alone, each meets its own fate
                    self._attempt([write])
        finally:
            for write in writes:
                write.done = True

    def _attempt(self, writes: Sequence[_Write]) -> Exception | None:
        try:
            results = self._transaction(writes)
        except Exception as error:  # raised again in the thread whose work it is
            for write in writes:
                write.error = error
            return error
        for write, result in zip(writes, results, strict=True):
            write.result, write.error = result, None
        return None

    def _transaction(self, writes: Sequence[_Write]) -> list[Any]:
        with self._riders_lock:
            riders = dict(self._riders)
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for work in riders.values():
                work(self._connection)
            results = [write.work(self._connection) for write in writes]
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        with self._riders_lock:
            self._riders = {key: work for key, work in self._riders.items() if riders.get(key) is not work}
        return results
