"""Delivery by the local runtime's ``Pipeline`` as it is: its mappings in their order, its schedules, its waits.

One process counts at a time. It may die in the middle of a call, or be given up and go on while the next one reads
from the checkpoints.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulation.faults import Calls, Crash
from tests.simulation.mapping import Lane
from tests.simulation.memory import Memory
from tests.simulation.memory_queue import MemoryQueue
from tests.simulation.runtime_mapping import WAIT_MS_MAX, RuntimeMapping
from tocsin.core.errors import TransientError
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend, Checkpoints, Log, LogRecord, Queue, Shard, StoredRecord
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.pipeline import Pipeline, PipelineSettings
from tocsin.runtime.stages import MakeStages

RUN_MS: Final = 50
"""So much time passes with each run, whatever the history's clock does: what waits for a retry comes to its turn."""


@dataclass(frozen=True)
class ReadLog:
    """A log that is put to under faults and read without: a read that fails changes nothing, and there are many.

    Attributes:
        log: Whose calls go wrong.
        reader: The same, without faults.
    """

    log: Log
    reader: Log

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        """Put the records; return the places of those that were refused."""
        return self.log.put(records)

    def shards(self) -> Sequence[Shard]:
        """Return all shards."""
        return self.reader.shards()

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        """Return records of the shard."""
        return self.reader.read(shard, after=after, limit=limit)

    def trim(self, shard: str, *, through: str) -> None:
        """Forget records."""
        self.reader.trim(shard, through=through)


class PolledQueue:
    """A queue whose calls go wrong, but for receives of nothing: they change nothing, and there are many."""

    def __init__(self, faulty: Any, queue: MemoryQueue) -> None:
        self._faulty = faulty
        self._queue = queue

    def __getattr__(self, name: str) -> Any:
        is_empty = name == "receive" and not self._queue.depth()
        return getattr(self._queue if is_empty else self._faulty, name)


@dataclass(frozen=True)
class FaultyHost:
    """What a pipeline runs on: ports whose calls go wrong.

    Attributes:
        backend: The ports of the stages.
        checkpoints: How far the runtime has read.
        memory: Where queues are.
    """

    backend: Backend
    checkpoints: Checkpoints
    memory: Memory

    def queue(self, name: str) -> Queue:
        """Return the queue of that name."""
        return self.memory.queue(name)

    def close(self) -> None:
        """Let go of nothing: the next process finds all as it is."""


@dataclass
class PipelineProcess:
    """The process that counts, and those that were given up and go on.

    Attributes:
        host: What they run on.
        plan: Returns the plan of the newest release.
        stages: Builds the handlers.
        now_ms: A clock that does not go back.
        running: Invocations under way, innermost last: lane and token. Shared by all that deliver.
        calls: The faults.
        life: Says whether a process runs that counts.
        error: Its newest failure, in words.
        lets_time_pass: Whether time passes with each run; if not, its schedules call nobody.
        is_joined: Whether panes have no log.
    """

    host: FaultyHost
    plan: Callable[[], Plan]
    stages: MakeStages
    now_ms: Callable[[], int]
    running: list[tuple[Lane, object]]
    calls: Calls
    life: Lane = field(default_factory=Lane)
    error: str = ""
    lets_time_pass: bool = True
    is_joined: bool = False
    _runs: int = 0
    _process: Pipeline | None = None

    def run(self, size: int) -> bool:
        """Let it do all that is to be done now, started if there is none; tell whether there was anything.

        Args:
            size: Most records of an invocation, of a process that is started now; an odd one bisects.
        """
        if self.life.running is not None:
            return False
        token = self.life.running = object()
        self.running.append((self.life, token))
        self._runs += self.lets_time_pass
        process, self._process = self._process, None
        try:
            process = process or self._started(size)
            moved = process.run_due()
            self.error = process.waiting_for()
        except (TransientError, Crash) as error:
            self.error = repr(error)
            return True
        finally:
            self.running.pop()
            if self.life.running is token:
                self.life.running = None
        self._process = self._process or process  # one that was given up meanwhile has a successor, maybe
        return moved > 0

    def behind(self, mapping: str) -> int | None:
        """Return how many records of the mapping are still to be delivered, or None where no process runs."""
        with self.calls.paused():
            return self._process.backlog()[mapping][0] if self._process else None

    def end(self) -> bool:
        """Let the process go unless it is in the middle of a call; tell whether it went."""
        if self.life.running is None:
            self._process = None
        return self.life.running is None

    def _started(self, size: int) -> Pipeline:
        how = MappingSettings(
            batch_records_max=size, bisect=size % 2 == 1, retry_ms_max=WAIT_MS_MAX, survives=TransientError
        )
        settings = PipelineSettings(how, how, how, how, is_joined=self.is_joined)
        with self.calls.paused():  # a process that does not come up does nothing, and many would be tried
            pipeline = Pipeline(self.host, self.plan(), self._later_ms, settings=settings, stages=self.stages)
            pipeline.start_ticks()
            return pipeline

    def _later_ms(self) -> int:
        return self.now_ms() + self._runs * RUN_MS


@dataclass
class PipelineMapping(RuntimeMapping):
    """One of the logs that the pipeline delivers; whoever asks for a delivery of it lets the pipeline run.

    Attributes:
        pipeline: The process.
    """

    pipeline: PipelineProcess | None = None

    def deliver(self, choice: int, size: int, instance: int) -> bool:  # noqa: ARG002  it chooses by itself
        """Let the pipeline do what is to be done; tell whether there was anything."""
        assert self.pipeline is not None
        moved = self.pipeline.run(size)
        self.errors["the pipeline"] = self.pipeline.error
        return moved

    def behind(self) -> int:
        """Return how many records are still to be delivered, by the process that runs, else by the checkpoints."""
        assert self.pipeline is not None
        known = self.pipeline.behind(self.name)
        return super().behind() if known is None else known

    def rewind(self) -> None:
        """Begin again with the oldest record, in processes that know nothing."""
        assert self.pipeline is not None
        super().rewind()
        self.pipeline.end()
        self.pipeline.lets_time_pass = False  # a tick of its schedule would be news, and not the log again
