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


class HeldCheckpoints:
    """Checkpoints that end with their process: the next one reads all again, and states skip what they folded."""

    def __init__(self) -> None:
        self._saved: dict[str, dict[str, str]] = {}

    def load(self, mapping: str) -> dict[str, str]:
        """Return shard to the last sequence number done with."""
        return dict(self._saved.get(mapping, {}))

    def save(self, mapping: str, shard: str, sequence: str) -> None:
        """Remember the number as long as this lives."""
        self._saved.setdefault(mapping, {})[shard] = sequence


OpenHost = Callable[[NowMs, int], Host]
"""Opens a new and empty backend: its clock, and how many shards each log has."""


def open_in_memory(now_ms: NowMs, shards: int) -> Host:
    """Open a backend in memory."""
    return open_embedded(None, now_ms=now_ms, shards=shards)
