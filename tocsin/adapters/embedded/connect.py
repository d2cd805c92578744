"""Opens the SQLite file: is it whole, is it ours, is it of this release?"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tocsin.adapters.embedded.faults import plain_errors
from tocsin.adapters.embedded.schema import APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION, TABLES, TABLES_OF
from tocsin.core.errors import ConfigError, DamagedError

PAGE_BYTES: Final = 16_384
"""Measured: commits of 1 MB take 2.6 ms with it, 3.1 ms with 4,096; small ones take the same."""

CHECKPOINT_PAGES: Final = 1_000
"""The log before the file grows to 16 MB; four times that saved a tenth and doubled the longest pause."""

CACHE_KIB: Final = 32_768

MAPPED_BYTES: Final = 1 << 32
"""What readers map into memory: a week of one series, in 10,080 pages, takes half the time so."""
BUSY_S: Final = 5.0

CHECKED_BYTES_MAX: Final = 512 * 1024 * 1024
"""Larger files are not searched for damage when opened, only where they are read: it would take seconds."""


def connect_memory() -> sqlite3.Connection:
    """Return a new empty database in memory, with the tables."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _tune(connection)
    _create(connection)
    return connection


def connect_writer(path: Path) -> sqlite3.Connection:
    """Return the connection that writes to the file, which is made where there is none.

    Raises:
        ConfigError: It cannot be opened.
        DamagedError: It is damaged, another program's, or of a newer release.
    """
    is_fresh = _is_fresh(path)
    with _opened(path, "rwc") as connection:
        if is_fresh:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            _create(connection)
        else:
            _check(connection, path)
            _migrate(connection)
        _make_durable(connection)
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Return a connection that reads the file beside another process.

    Raises:
        ConfigError: There is no such file, or it cannot be opened.
        DamagedError: It is damaged, another program's, or of a newer release.
    """
    if _is_fresh(path):
        raise ConfigError(f"{path} has nothing to read yet")
    with _opened(path, "ro") as connection:
        _check(connection, path)
        if _version(connection) != SCHEMA_VERSION:
            raise ConfigError(f"{path} was written by an earlier release: tocsin run or whatever writes renews it")
        connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
    return connection


def connect_beside(path: Path) -> sqlite3.Connection:
    """Return a connection that reads the file beside a writer of this process, which has checked it."""
    with _opened(path, "ro") as connection:
        connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
    return connection


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Open the file, and close it again if what follows fails."""
    place = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        connection = sqlite3.connect(place, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
    except sqlite3.OperationalError as error:
        raise ConfigError(f"{path} cannot be opened: {error}") from error
    try:
        with plain_errors(str(path)):
            _tune(connection)
            yield connection
    except sqlite3.OperationalError as error:  # nothing from outside: the file itself cannot be understood
        connection.close()
        raise DamagedError(f"{path} is damaged: {error}") from error
    except BaseException:
        connection.close()
        raise


def _tune(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")


def _is_fresh(path: Path) -> bool:
    """Tell whether there is nothing in the file yet."""
    if path.is_dir():
        raise ConfigError(f"{path} must be a file, it is a directory")
    if path.exists() and path.stat().st_size:
        return False
    ahead = path.with_name(path.name + "-wal")
    if ahead.exists() and ahead.stat().st_size:
        raise DamagedError(f"{path} is damaged: it is empty, but {ahead.name} beside it is not")
    return True


def _create(connection: sqlite3.Connection) -> None:
    """Make everything in one transaction: a process killed here leaves an empty file, or a whole one."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    for table in TABLES:
        connection.execute(table)
    connection.execute("COMMIT")


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring a file of an older version to this one's in one transaction, so that it is of one or the other."""
    if _version(connection) == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    for version in range(_version(connection), SCHEMA_VERSION):
        for statement in MIGRATIONS[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _check(connection: sqlite3.Connection, path: Path) -> None:
    _check_origin(connection, path)
    _check_tables(connection, path)
    _check_structure(connection, path)


def _check_origin(connection: sqlite3.Connection, path: Path) -> None:
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    if application_id != APPLICATION_ID:
        raise DamagedError(f"{path} is an SQLite file of another program, its application id is {application_id}")
    version = _version(connection)
    if not 1 <= version <= SCHEMA_VERSION:
        raise DamagedError(
            f"{path} must be of schema version 1 to {SCHEMA_VERSION}, got {version}, maybe of a newer release"
        )


def _check_tables(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("SELECT sql FROM sqlite_schema WHERE sql NOT NULL AND name NOT LIKE 'sqlite_%'")
    if sorted(_words(sql) for (sql,) in found) != sorted(map(_words, TABLES_OF[_version(connection)])):
        raise DamagedError(f"{path} is damaged: its tables are not those that this release makes")


def _words(sql: str) -> str:
    return " ".join(sql.split())


def _check_structure(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size > CHECKED_BYTES_MAX:
        return
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise DamagedError(f"{path} is damaged: {' '.join(found.split())}")


def _make_durable(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {CHECKPOINT_PAGES * PAGE_BYTES}")
