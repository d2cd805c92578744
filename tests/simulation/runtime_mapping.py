"""Delivery by the mapping of the local runtime, as it is: checkpoints, bisected batches, retries, parents first.

Its process may die in the middle of a call, or be given up and go on while another one reads from the checkpoints.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulation.faults import Crash
from tests.simulation.mapping import Lane, Mapping
from tocsin.core.errors import TransientError
from tocsin.core.ports import Checkpoints
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.stream import StreamMapping

POLL_MS: Final = 50
"""So much time passes with each poll, whatever the history's clock does."""

WAIT_MS: Final = 100
"""How long the first retry waits, where it waits at all; each further one twice as long."""

WAIT_MS_MAX: Final = 400


class MemoryCheckpoints:
    """Checkpoints in a dictionary."""

    def __init__(self) -> None:
        self.stored: dict[str, dict[str, str]] = {}

    def load(self, mapping: str) -> dict[str, str]:
        """Return shard to the last sequence number done with."""
        return dict(self.stored.get(mapping, {}))

    def save(self, mapping: str, shard: str, sequence: str) -> None:
        """Remember the number."""
        self.stored.setdefault(mapping, {})[shard] = sequence


@dataclass
class RuntimeMapping(Mapping):
    """Delivers one log to one function by a ``StreamMapping``.

    Attributes:
        checkpoints: Where it keeps its progress; its calls go wrong as those of other ports.
        kept: The same, without faults.
        now_ms: A clock that does not go back: what waits for an instant would wait for hours.
        life: Says whether a process runs that counts.
    """

    checkpoints: Checkpoints = field(default_factory=MemoryCheckpoints)
    kept: MemoryCheckpoints = field(default_factory=MemoryCheckpoints)
    now_ms: Callable[[], int] = lambda: 0
    life: Lane = field(default_factory=Lane)
    _process: StreamMapping | None = None
    _wanted: int = 0
    _polls: int = 0

    def deliver(self, choice: int, size: int, instance: int) -> bool:  # noqa: ARG002  it chooses by itself
        """Let the runtime deliver a batch of each shard; tell whether there was one."""
        if self.life.running is not None:
            return False
        token = self.life.running = object()
        self._wanted = instance
        self.running.append((self.life, token))
        try:
            return self._poll(size)
        except (TransientError, Crash) as error:
            self._process = None
            self.errors["the runtime"] = repr(error)
            return True
        finally:
            self.running.pop()
            if self.life.running is token:
                self.life.running = None

    def deliver_again(self, choice: int, size: int, back: int) -> bool:
        """Deliver records that are done with once more; the answer counts for nothing."""
        self.lanes = {shard: Lane(after) for shard, after in self.kept.load(self.name).items()}
        return super().deliver_again(choice, size, back)

    def rewind(self) -> None:
        """Begin again with the oldest record, in processes that know nothing."""
        super().rewind()
        self.kept.stored.clear()
        self._process = None

    def behind(self) -> int:
        """Return how many records are still to be delivered, by the process that runs, else by the checkpoints."""
        if self._process:
            return self._process.backlog(1 << 30)[0]
        after = self.kept.load(self.name)
        return sum(
            len(self.reader.read(shard.id, after=after.get(shard.id), limit=1 << 30)) for shard in self.reader.shards()
        )

    def _poll(self, size: int) -> bool:
        """Let the process poll; one that was given up while it polls goes on, and the next one is another."""
        self._polls += 1
        process = self._process or self._started(size)
        self._process = None
        delivered = process.poll()
        if self._process is None:
            self._process = process
        if process.last_error:
            self.errors["the runtime"] = process.last_error
        return delivered > 0

    def _started(self, size: int) -> StreamMapping:
        wait_ms = WAIT_MS if size % 3 == 2 else 0
        settings = MappingSettings(
            batch_records_max=size,
            bisect=size % 2 == 1,
            retry_ms_first=wait_ms,
            retry_ms_max=WAIT_MS_MAX,
            survives=TransientError,
        )
        return StreamMapping(
            self.name,
            self.reader,
            self._handle,
            settings,
            event_of=self.event_of,
            checkpoints=self.checkpoints,
            now_ms=self._later_ms,
        )

    def _later_ms(self) -> int:
        return self.now_ms() + self._polls * POLL_MS

    def _handle(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        place = self.instances.take(self._wanted)
        try:
            return self.instances.handler(place)(event, context)
        except Crash:
            self.instances.end(place)
            raise
        finally:
            self.instances.busy.discard(place)
