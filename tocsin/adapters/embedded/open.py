"""Opens every port over one SQLite file, or in memory."""

from pathlib import Path
from types import TracebackType
from typing import Self

from tocsin.core.clock import NowMs
from tocsin.core.ports import Backend, Checkpoints, Queue


class Embedded:
    """All ports of one deployment in one place; close it, or use it in a ``with`` statement.

    Attributes:
        backend: The ports of the stages.
        checkpoints: How far the runtime has read.
    """

    backend: Backend
    checkpoints: Checkpoints

    def queue(self, name: str) -> Queue:
        """Return the queue of that name; it exists as soon as something is sent to it."""
        raise NotImplementedError

    def close(self) -> None:
        """Make everything durable and let go of the file; a second call changes nothing."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


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
    raise NotImplementedError
