"""What the local runtime takes readings from: lines of a pipe or a file, and a simulated fleet."""

import os
import select
from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from ingest.accept import Credential, accept, packed
from ingest.put import Backoff, put_all
from simulator.fleet import Batch
from simulator.injection import LiveFleet
from simulator.scenario_model import Scenario
from simulator.targets import LogTarget
from tocsin.core.clock import SECOND_MS, NowMs, pause
from tocsin.core.errors import UnavailableError
from tocsin.core.formats.rejections import encode_rejections, rejected_name
from tocsin.core.messages import Rejection
from tocsin.core.plan.bounds import Bounds
from tocsin.core.ports import Backend, LogRecord

READ_BYTES: Final = 1 << 16
STAGE: Final = "ingest"
SOURCE: Final = "lines"


class LinesInput:
    """Takes JSON messages, one a line (or an array of them), as ingest takes a gateway's.

    Attributes:
        is_done: Whether the end was reached.
        accepted: Messages put on the log.
        rejected: Lines or messages stored as rejections.
    """

    def __init__(self, handle: int, tenant: str, bounds: Bounds, backend: Backend, now_ms: NowMs) -> None:
        """Prepare to read.

        Args:
            handle: File descriptor; a pipe, a file or a terminal.
            tenant: Owner of all devices named.
            bounds: What is accepted.
            backend: Where it goes.
            now_ms: The clock of arrivals.
        """
        self.is_done = False
        self.accepted = self.rejected = 0
        self._handle = handle
        self._credential = Credential(tenant)
        self._bounds = bounds
        self._backend = backend
        self._now_ms = now_ms
        self._backoff = Backoff(Random(), pause)  # noqa: S311  no secret
        self._rest = b""
        self._stored = 0

    def poll(self) -> int:
        """Put what is there now; return how many messages were accepted or rejected.

        Raises:
            UnavailableError: The log kept refusing records.
        """
        # A thread that waits in a read could not be ended; select never waits longer than asked.
        if self.is_done or not select.select([self._handle], [], [], 0)[0]:
            return 0
        chunk = os.read(self._handle, READ_BYTES)
        self.is_done = not chunk
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if self._rest and (self.is_done or len(self._rest) > self._bounds.record_bytes_max):
            lines.append(self._rest)
            self._rest = b""
        before = self.accepted + self.rejected
        self._take([line.strip() for line in lines if line.strip()])
        return self.accepted + self.rejected - before

    def _take(self, lines: Sequence[bytes]) -> None:
        now_ms = self._now_ms()
        taken = [accept(self._credential, body, now_ms, self._bounds) for body in _bodies(lines, self._bounds)]
        records = [record for one in taken for record in one.records]
        self._put(records)
        self._store([rejection for one in taken for rejection in one.rejections], now_ms)
        self.accepted += sum(one.messages for one in taken)

    def _put(self, records: Sequence[LogRecord]) -> None:
        if left := put_all(self._backend.readings, records, self._backoff):
            raise UnavailableError(f"{len(left)} records of the input were refused by the log")

    def _store(self, rejections: Sequence[Rejection], now_ms: int) -> None:
        if rejections:
            self._stored += 1
            name = rejected_name(STAGE, SOURCE, str(now_ms), self._stored)
            self._backend.blobs.put(name, encode_rejections(rejections))
            self.rejected += len(rejections)


def _bodies(lines: Sequence[bytes], bounds: Bounds) -> Iterator[bytes]:
    """Yield bodies of several lines, in order; a line that is no lone message is a body of its own."""
    together: list[bytes] = []
    for line in lines:
        if line.startswith(b"{") and len(line) <= bounds.record_bytes_max:
            together.append(line)
            continue
        yield from packed(together, bounds)
        together = []
        yield line
    yield from packed(together, bounds)


class FleetInput:
    """Plays a scenario on the real clock; messages arrive within a second of their time.

    Attributes:
        fleet: What is played; faults can be added to it.
        is_done: Whether everything has arrived.
    """

    def __init__(self, scenario: Scenario, seed: int, backend: Backend, now_ms: NowMs) -> None:
        """Prepare to play.

        Args:
            scenario: Begins at about the present.
            seed: Which run of it.
            backend: Where it goes.
            now_ms: The clock.
        """
        self.fleet = LiveFleet(scenario, seed)
        self._batches = self.fleet.batches(SECOND_MS)
        self._next: Batch | None = next(self._batches, None)
        self._target = LogTarget(backend.readings, backend.gateway, pause)
        self._now_ms = now_ms

    @property
    def is_done(self) -> bool:
        """Whether everything has arrived."""
        return self._next is None

    def poll(self) -> int:
        """Put what has arrived by now; return how many messages."""
        moved = 0
        while self._next is not None and self._next.until_ms <= self._now_ms():
            self._target.put(self._next.deliveries)
            moved += sum(delivery.messages for delivery in self._next.deliveries)
            self._next = next(self._batches, None)
        return moved
