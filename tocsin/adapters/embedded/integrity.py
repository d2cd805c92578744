"""Looks at a file without opening it for writing: is it whole, and who writes to it?"""

import fcntl
import os
from pathlib import Path

from tocsin.adapters.embedded.connect import connect_reader
from tocsin.adapters.embedded.faults import plain_errors
from tocsin.adapters.embedded.holder import PID_BYTES_MAX


def damage_of(path: Path) -> str:
    """Return what a search of every page finds, or an empty text where the file is whole.

    Cost: reads the whole file.

    Raises:
        ConfigError: There is nothing to read.
        DamagedError: The file cannot be opened as ours.
    """
    connection = connect_reader(path)
    try:
        with plain_errors(str(path)):
            found = connection.execute("PRAGMA integrity_check(5)").fetchall()
    finally:
        connection.close()
    lines = [" ".join(line.split()) for (line,) in found]
    return "" if lines == ["ok"] else "; ".join(lines)


def holder_of(path: Path) -> str:
    """Return the id of the process that writes to the file, or an empty text where none does."""
    try:
        handle = os.open(path.with_name(path.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(handle, PID_BYTES_MAX).decode(errors="replace") or "(not yet named)"
    finally:
        os.close(handle)
    return ""
