"""One process at a time writes to a file: a lock file beside it says which."""

import fcntl
import os
from pathlib import Path
from typing import Final

from tocsin.core.errors import ConfigError

PID_BYTES_MAX: Final = 20


class Holder:
    """The right to write to a file, held until ``release`` or the end of the process.

    The kernel drops the lock with the process, however it ends, so a dead holder blocks nobody.
    The lock is on a file of its own because SQLite would lose its locks on the database file as soon
    as another handle of this process on that file is closed.

    Raises:
        ConfigError: Another process holds it, or the lock file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._lock_path = path.with_name(path.name + ".lock")
        try:
            self._handle = self._acquire(path)
        except OSError as error:
            raise ConfigError(f"{path} cannot be opened for writing: {error.strerror}") from error
        os.ftruncate(self._handle, 0)
        os.write(self._handle, str(os.getpid()).encode())

    def release(self) -> None:
        """Let go; the lock file goes first, so that nobody locks a file that is about to vanish."""
        self._lock_path.unlink(missing_ok=True)
        os.close(self._handle)

    def _acquire(self, path: Path) -> int:
        while True:
            handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                who = os.read(handle, PID_BYTES_MAX).decode(errors="replace") or "(not yet named)"
                os.close(handle)
                raise ConfigError(f"{path} is being written by process {who}; only one may write") from None
            if self._is_current(handle):
                return handle
            os.close(handle)  # its last holder removed it between the two calls: make a new one

    def _is_current(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), os.stat(self._lock_path))
        except FileNotFoundError:
            return False
