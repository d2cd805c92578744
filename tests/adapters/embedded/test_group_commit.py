import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock

import pytest

from tocsin.adapters.embedded.commit import GroupCommit
from tocsin.core.errors import UnavailableError


class Bench:
    """A table of numbers, its group commit, and the count of transactions."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.connection.execute("CREATE TABLE numbers (number INTEGER UNIQUE)")
        self.statements: list[str] = []
        self.connection.set_trace_callback(self.statements.append)
        self.commits = GroupCommit(self.connection, Lock())
        self.pool = ThreadPoolExecutor(8)

    def numbers(self) -> list[int]:
        return [number for (number,) in self.connection.execute("SELECT number FROM numbers ORDER BY number")]

    def committed(self) -> int:
        return self.statements.count("COMMIT")

    def run_while_busy(self, works: list[Callable[[sqlite3.Connection], object]]) -> list[Future[object]]:
        """Run one work that holds the turn until all the others wait for it; return their futures."""
        begun, go = Event(), Event()

        def hold(_: sqlite3.Connection) -> None:
            begun.set()
            assert go.wait(5)

        first = self.pool.submit(self.commits.run, hold)
        assert begun.wait(5)
        futures = [self.pool.submit(self.commits.run, work) for work in works]
        for _ in range(5_000):
            if len(self.commits._waiting) == len(works):
                break
            Event().wait(0.001)
        go.set()
        first.result(5)
        return futures


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.pool.shutdown()
    made.connection.close()


def insert(number: int) -> Callable[[sqlite3.Connection], object]:
    def work(connection: sqlite3.Connection) -> object:
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))
        return number

    return work


def test_caller_alone_has_a_transaction_of_its_own(bench: Bench) -> None:
    assert [bench.commits.run(insert(number)) for number in (1, 2)] == [1, 2]

    assert bench.committed() == 2


def test_writers_that_wait_while_one_syncs_share_the_next_transaction(bench: Bench) -> None:
    futures = bench.run_while_busy([insert(number) for number in range(5)])

    assert [future.result(5) for future in futures] == [0, 1, 2, 3, 4]
    assert bench.numbers() == [0, 1, 2, 3, 4]
    assert bench.committed() == 2


def test_work_that_fails_in_a_group_fails_its_own_caller_only(bench: Bench) -> None:
    futures = bench.run_while_busy([insert(1), insert(2), insert(1), insert(3)])

    errors = [future.exception(5) for future in futures]
    assert sorted(type(error).__name__ for error in errors) == [
        "IntegrityError",
        "NoneType",
        "NoneType",
        "NoneType",
    ]
    assert bench.numbers() == [1, 2, 3]


def test_work_that_fails_leaves_nothing_behind(bench: Bench) -> None:
    def half(connection: sqlite3.Connection) -> None:
        insert(1)(connection)
        raise RuntimeError("half done")

    with pytest.raises(RuntimeError, match="half done"):
        bench.commits.run(half)

    assert bench.numbers() == []
    assert bench.commits.run(insert(2)) == 2


def test_those_in_a_group_whose_leader_is_interrupted_hear_that_nobody_knows(bench: Bench) -> None:
    def interrupt(_: sqlite3.Connection) -> None:
        raise KeyboardInterrupt

    futures = bench.run_while_busy([insert(1), interrupt])

    errors = {type(future.exception(5)) for future in futures}
    assert errors <= {KeyboardInterrupt, UnavailableError}
    assert KeyboardInterrupt in errors or UnavailableError in errors
    assert bench.commits.run(insert(2)) == 2
    assert bench.numbers() == [2]


def test_rider_goes_along_with_the_next_transaction(bench: Bench) -> None:
    bench.commits.ride("a", insert(1))
    before = bench.numbers()

    bench.commits.run(insert(2))

    assert before == []
    assert bench.numbers() == [1, 2]
    assert bench.committed() == 1
    assert not bench.commits.has_riders()


def test_rider_of_the_same_key_replaces_the_older(bench: Bench) -> None:
    bench.commits.ride("a", insert(1))
    bench.commits.ride("a", insert(2))

    bench.commits.run(insert(3))

    assert bench.numbers() == [2, 3]


def test_rider_waits_for_a_transaction_that_holds(bench: Bench) -> None:
    bench.commits.run(insert(1))
    bench.commits.ride("a", insert(2))
    with pytest.raises(sqlite3.IntegrityError):
        bench.commits.run(insert(1))

    bench.commits.run(insert(3))

    assert bench.numbers() == [1, 2, 3]


def test_rider_left_while_a_transaction_runs_is_not_forgotten(bench: Bench) -> None:
    def work(connection: sqlite3.Connection) -> None:
        insert(1)(connection)
        bench.commits.ride("a", insert(3))

    bench.commits.ride("a", insert(2))
    bench.commits.run(work)

    bench.commits.run(insert(4))

    assert bench.numbers() == [1, 2, 3, 4]
