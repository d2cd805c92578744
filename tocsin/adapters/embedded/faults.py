"""What SQLite's errors mean to a caller."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tocsin.core.errors import ConfigError, DamagedError, TocsinError, UnavailableError

UNREADABLE: Final = -1
"""Our own code for text that is not UTF-8: Python notices that, not SQLite, so it comes without a code."""

MEANINGS: Final[dict[int, tuple[type[TocsinError], str]]] = {
    sqlite3.SQLITE_CORRUPT: (DamagedError, "is damaged"),
    sqlite3.SQLITE_NOTADB: (DamagedError, "is not an SQLite file, or its beginning is damaged"),
    UNREADABLE: (DamagedError, "is damaged"),
    sqlite3.SQLITE_READONLY: (ConfigError, "cannot be written"),
    sqlite3.SQLITE_FULL: (UnavailableError, "found no room on the disk"),
    sqlite3.SQLITE_IOERR: (UnavailableError, "could not be read or written"),
    sqlite3.SQLITE_CANTOPEN: (UnavailableError, "could not be opened"),
    sqlite3.SQLITE_BUSY: (UnavailableError, "was held by another process for too long"),
    sqlite3.SQLITE_LOCKED: (UnavailableError, "was held by another process for too long"),
    sqlite3.SQLITE_NOMEM: (UnavailableError, "found too little memory"),
}
PRIMARY_CODE_MASK: Final = 0xFF  # the bits above tell variants apart


@contextmanager
def plain_errors(place: str) -> Iterator[None]:
    """Turn what SQLite says about the outside into our errors; what is our own fault passes as it is.

    Args:
        place: Names the file in the message.
    """
    try:
        yield
    except sqlite3.Error as error:
        found = MEANINGS.get(_code(error))
        if found is None:
            raise
        kind, meaning = found
        raise kind(f"{place} {meaning}: {error}") from error


def _code(error: sqlite3.Error) -> int:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & PRIMARY_CODE_MASK
    return UNREADABLE if isinstance(error, sqlite3.OperationalError) else sqlite3.SQLITE_OK
