"""Where deliveries go: the log and the queue, a recording, or a stream of lines; and how fast."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Final, Protocol, TypeVar

from simulator.fleet import Batch
from simulator.sources import Delivery
from simulator.wire import split_body
from tocsin.core.clock import NowMs
from tocsin.core.errors import UnavailableError
from tocsin.core.formats.recording import Recorded
from tocsin.core.keys import partition_key
from tocsin.core.ports import LogRecord

PUT_ATTEMPTS_MAX: Final = 8
PUT_AGAIN_S: Final = 0.05
"""Pause before what was refused is put again; doubled each time."""

Sent = TypeVar("Sent")


class Target(Protocol):
    """Takes deliveries in order of arrival."""

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Take the deliveries.

        Raises:
            UnavailableError: It kept refusing some of them.
        """
        ...


class _PutsRecords(Protocol):
    def put(self, records: Sequence[LogRecord]) -> Sequence[int]: ...


class _SendsBodies(Protocol):
    def send(self, bodies: Sequence[str]) -> Sequence[int]: ...


class _Appends(Protocol):
    def append(self, record: Recorded) -> None: ...


class LogTarget:
    """Puts devices' messages on a log, and gateways' bodies into a queue."""

    def __init__(self, log: _PutsRecords, queue: _SendsBodies, pause: Callable[[float], None]) -> None:
        self._log = log
        self._queue = queue
        self._pause = pause

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Put and send, each in order, and again what was refused."""
        records = [
            LogRecord(partition_key(delivery.tenant, delivery.device), delivery.data)
            for delivery in deliveries
            if not delivery.via
        ]
        bodies = [delivery.data.decode() for delivery in deliveries if delivery.via]
        _insist(self._log.put, records, self._pause)
        _insist(self._queue.send, bodies, self._pause)


class RecordsTarget:
    """Puts every message on a log, gateways' bodies taken apart."""

    def __init__(self, log: _PutsRecords, pause: Callable[[float], None]) -> None:
        self._log = log
        self._pause = pause

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Put the messages in order, and again what was refused."""
        records = [
            LogRecord(partition_key(delivery.tenant, device), message)
            for delivery in deliveries
            for device, message in messages_of(delivery)
        ]
        _insist(self._log.put, records, self._pause)


class BodiesTarget:
    """Sends every delivery into a queue: a gateway's body as it is, a device's message as a body of its own."""

    def __init__(self, queue: _SendsBodies, pause: Callable[[float], None]) -> None:
        self._queue = queue
        self._pause = pause

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Send the bodies in order, and again what was refused."""
        _insist(self._queue.send, [delivery.data.decode() for delivery in deliveries], self._pause)


def _insist(
    put: Callable[[Sequence[Sent]], Sequence[int]], items: Sequence[Sent], pause: Callable[[float], None]
) -> None:
    """Put the items, and those refused again, a limited number of times."""
    for attempt in range(PUT_ATTEMPTS_MAX):
        if not items:
            return
        items = [items[place] for place in put(items)]
        if items:
            pause(PUT_AGAIN_S * 2**attempt)
    if items:
        raise UnavailableError(f"{len(items)} records were refused {PUT_ATTEMPTS_MAX} times")


class RecordingTarget:
    """Writes a recording as the log would hold it: gateways' bodies are taken apart."""

    def __init__(self, writer: _Appends) -> None:
        self._writer = writer

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Append a record for each message."""
        for delivery in deliveries:
            for device, message in messages_of(delivery):
                key = partition_key(delivery.tenant, device)
                self._writer.append(Recorded(delivery.arrival_ms, key, message))


class StreamTarget:
    """Writes each message as a line, to standard output or anything like it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Write the messages; flushed, so that whoever reads sees them at once."""
        self._stream.writelines(delivery.data + b"\n" for delivery in deliveries)
        self._stream.flush()


def messages_of(delivery: Delivery) -> list[tuple[str, bytes]]:
    """Return each message with its device: one, or all that a gateway's body holds."""
    return split_body(delivery.data) if delivery.via else [(delivery.device, delivery.data)]


def paced(
    batches: Iterable[Batch],
    *,
    start_ms: int,
    speed: float | None,
    now_ms: NowMs,
    pause: Callable[[float], None],
) -> Iterator[Batch]:
    """Yield each batch when its end has come, if ``speed`` simulated seconds pass in a second.

    What is late is not skipped: it follows as fast as it can, and the pace is kept from the beginning.

    Args:
        batches: In order.
        start_ms: First instant of the scenario.
        speed: Simulated seconds per second; None means as fast as possible.
        now_ms: Tells the present instant.
        pause: Waits for some seconds.
    """
    began_ms = now_ms()
    for batch in batches:
        if speed is not None:
            due_ms = began_ms + (batch.until_ms - start_ms) / speed
            wait_ms = due_ms - now_ms()
            if wait_ms > 0:
                pause(wait_ms / 1_000)
        yield batch
