"""What the pipeline runs on: the ports, and what a runtime needs besides them."""

from collections.abc import Callable
from typing import Protocol

from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import NowMs
from tocsin.core.ports import Backend, Checkpoints, Queue


class Host(Protocol):
    """An open backend."""

    @property
    def backend(self) -> Backend:
        """The ports of the stages."""
        ...

    @property
    def checkpoints(self) -> Checkpoints:
        """How far the runtime has read."""
        ...

    def queue(self, name: str) -> Queue:
        """Return the queue of that name, to which the topic may be subscribed."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


OpenHost = Callable[[NowMs, int], Host]
"""Opens a new and empty backend: its clock, and how many shards each log has."""


def open_in_memory(now_ms: NowMs, shards: int) -> Host:
    """Open a backend in memory."""
    return open_embedded(None, now_ms=now_ms, shards=shards)
