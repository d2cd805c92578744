"""The fleet: all deliveries of a scenario in order of arrival, in memory that does not grow with its length.

Sources draw from streams of their own and are merged by arrival and name, so neither the length of a
step nor the number of processes changes a byte.
"""

import signal
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from operator import attrgetter
from typing import Final

from simulator.network import Counts
from simulator.scenario_model import Scenario
from simulator.sources import Delivery, sources_of
from tocsin.core.clock import MINUTE_MS
from tocsin.core.errors import UnavailableError

STEP_MS: Final = MINUTE_MS


@dataclass(frozen=True, slots=True)
class Batch:
    """What arrives in one step.

    Attributes:
        until_ms: End of the step, exclusive; all batches before it are complete up to here.
        deliveries: In order of arrival.
        counts: Messages counted in this step; generation runs ahead of arrival.
    """

    until_ms: int
    deliveries: list[Delivery]
    counts: Counts


def deliveries(scenario: Scenario, seed: int, *, step_ms: int = STEP_MS, processes: int = 1) -> Iterator[Batch]:
    """Yield all deliveries of the scenario under the seed, step by step, until the last has arrived.

    Args:
        scenario: What is played.
        seed: Which run of it.
        step_ms: Length of a step.
        processes: How many processes generate; the result is the same.
    """
    if processes == 1:
        yield from part_of(scenario, seed, step_ms=step_ms)
        return
    with _workers(scenario, seed, step_ms, processes) as parts:
        yield from merged(parts)


def part_of(scenario: Scenario, seed: int, *, step_ms: int = STEP_MS, part: int = 0, parts: int = 1) -> Iterator[Batch]:
    """Yield the deliveries of one part of the sources; ``merged`` puts the parts together."""
    sources = sources_of(scenario, seed, part=part, parts=parts)
    for until_ms in count(scenario.start_ms + step_ms, step_ms):
        found = [delivery for source in sources for delivery in source.take(until_ms)]
        found.sort(key=_place)
        counts = sum((source.counted() for source in sources), Counts())
        sources = [source for source in sources if not source.is_done()]
        yield Batch(until_ms, found, counts)
        if not sources:
            return


_place = attrgetter("arrival_ms", "device")


def merged(parts: Sequence[Iterator[Batch]]) -> Iterator[Batch]:
    """Yield the steps of all parts together."""
    open_parts = list(parts)
    while open_parts:
        steps = [next(part, None) for part in open_parts]
        open_parts = [part for part, step in zip(open_parts, steps, strict=True) if step]
        present = [step for step in steps if step]
        if present:
            found = [delivery for step in present for delivery in step.deliveries]
            found.sort(key=_place)
            yield Batch(present[0].until_ms, found, sum((step.counts for step in present), Counts()))


@contextmanager
def _workers(scenario: Scenario, seed: int, step_ms: int, processes: int) -> Generator[list[Iterator[Batch]]]:
    """Start a process for each part, give what they send, and end them even if not all of it was read."""
    context = get_context("spawn")  # a fork would copy the threads and locks of whoever calls
    readers, workers = [], []
    for part in range(processes):
        reader, writer = context.Pipe(duplex=False)
        worker = context.Process(target=_work, args=(writer, scenario, seed, step_ms, (part, processes)))
        with _interrupts_held():
            worker.start()
        writer.close()  # else the end of the worker would not be seen here
        readers.append(reader)
        workers.append(worker)
    try:
        yield [_received(reader) for reader in readers]
    finally:
        for reader in readers:
            reader.close()
        for worker in workers:
            worker.join()


@contextmanager
def _interrupts_held() -> Generator[None]:
    """Have whoever is started here inherit that Ctrl-C is not for it; workers end when nobody reads on."""
    resource_tracker.ensure_running()  # the first start of a process would do it, and let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(writer: Connection, scenario: Scenario, seed: int, step_ms: int, share: tuple[int, int]) -> None:
    """Send the batches of one part, then None. A full pipe holds this process back."""
    part, parts = share
    with suppress(BrokenPipeError):  # nobody reads on
        for batch in part_of(scenario, seed, step_ms=step_ms, part=part, parts=parts):
            writer.send(batch)
        writer.send(None)


def _received(reader: Connection) -> Iterator[Batch]:
    while True:
        try:
            batch: Batch | None = reader.recv()
        except EOFError as error:
            raise UnavailableError("a process of the simulator ended before its part was played") from error
        if batch is None:
            return
        yield batch
