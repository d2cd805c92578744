"""A mapping of a queue: batches of visible messages, deleted where the handler is done with them."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tocsin.core.clock import NowMs
from tocsin.core.ports import Queue, QueueMessage
from tocsin.runtime.mapping import PAYLOAD_BYTES_MAX, Context, Handler, MappingSettings, Outcome, invoke
from tocsin.runtime.pollers import Pollers

QueueEventOf = Callable[[Sequence[QueueMessage]], dict[str, Any]]
"""Builds the event of messages of one queue."""

MESSAGE_OVERHEAD_BYTES: Final = 700
"""What a message takes in an event besides its body."""


@dataclass(frozen=True, slots=True)
class _Flight:
    """An invocation under way: in virtual time it may last."""

    messages: tuple[QueueMessage, ...]
    outcome: Outcome
    ends_ms: int


class QueueMapping:
    """Delivers a queue's messages to a handler.

    What the handler is done with is deleted. What failed stays hidden until its visibility ends, and
    the queue moves a message that came too often to its dead letters. A message is hidden from when it is
    received, also while its batch waits for more.

    Attributes:
        name: Of the mapping.
        invocations: How often the handler was called.
        failures: How many of these calls failed, wholly or in part.
        filtered: Messages that the filter held back; they are deleted.
        last_error: The newest failure in words, or empty.
    """

    def __init__(
        self,
        name: str,
        queue: Queue,
        handler: Handler,
        settings: MappingSettings,
        *,
        event_of: QueueEventOf,
        now_ms: NowMs,
        accepts: Callable[[QueueMessage], bool] | None = None,
        pollers: Pollers | None = None,
    ) -> None:
        """Begin with a queue of which nothing was read.

        Args:
            name: Of the mapping.
            queue: To read.
            handler: To call.
            settings: How.
            event_of: Builds events.
            now_ms: The clock.
            accepts: Filter, or None for everything.
            pollers: How many batches are read at once; None where only ``concurrency_max`` limits that.
        """
        self.name = name
        self.invocations = self.failures = self.filtered = 0
        self.last_error = ""
        self._queue = queue
        self._handler = handler
        self._settings = settings
        self._event_of = event_of
        self._accepts = accepts
        self._now_ms = now_ms
        self._waiting: list[QueueMessage] = []
        self._waiting_ms = 0
        self._flights: list[_Flight] = []
        self._pollers = pollers
        self._throttled: tuple[QueueMessage, ...] = ()
        self._throttled_until_ms = 0
        self._hidden_until: deque[int] = deque()  # ascending, at most one a millisecond of the visibility

    @property
    def is_retrying(self) -> bool:
        """Whether messages that failed, or that are worked on, are hidden."""
        return bool(self._hidden_until)

    def poll(self) -> int:
        """Deliver what is there, as far as concurrency allows; return how many invocations that took.

        Where invocations take no time that is one batch.
        """
        while self._hidden_until and self._hidden_until[0] <= self._now_ms():
            self._hidden_until.popleft()
        for flight in [one for one in self._flights if one.ends_ms <= self._now_ms()]:
            self._flights.remove(flight)
            self._land(flight)
        before = self.invocations
        while self._may_start() and (batch := self._next_batch()):
            if self._is_throttled():
                self._throttle(batch)
                break
            self._start(batch)
            if not self._flights:
                break
        self._scale()
        return self.invocations - before

    def _scale(self) -> None:
        """Tell the pollers whether all of them are busy, or nothing is left to read."""
        if self._pollers is None or self._throttled:
            return
        if not self._may_start():
            self._pollers.all_busy(self._now_ms())
        elif not self._waiting:
            self._pollers.nothing_left()

    def _throttle(self, batch: tuple[QueueMessage, ...]) -> None:
        """Keep the batch for later tries; nothing further is read before it is called or its messages show again."""
        if not self._throttled:
            self._throttled_until_ms = self._now_ms() + self._settings.visibility_ms
        self._throttled = batch

    def due_ms(self) -> int | None:
        """Return when something that waits here may go on, or None where nothing waits."""
        waits = [flight.ends_ms for flight in self._flights]
        waits += [self._waiting_ms + self._settings.window_ms] if self._waiting and self._may_start() else []
        waits += [self._hidden_until[0]] if self._hidden_until else []
        waits += [min(self._settings.free_ms(), self._throttled_until_ms)] if self._throttled else []
        more_ms = self._pollers.next_ms(self._now_ms()) if self._pollers else None
        waits += [more_ms] if more_ms is not None else []
        return min(waits, default=None)

    def _may_start(self) -> bool:
        most = self._settings.concurrency_max
        if self._pollers is not None:
            most = self._pollers.count(self._now_ms())
        return most is None or len(self._flights) < most

    def _next_batch(self) -> tuple[QueueMessage, ...]:
        """Return the next batch, if it is full or has waited long enough; before it the one that was throttled."""
        if self._throttled and self._now_ms() < self._throttled_until_ms:
            batch, self._throttled = self._throttled, self._throttled if self._is_throttled() else ()
            return batch
        self._throttled = ()  # its messages show again, and were received once more
        self._receive()
        fit = _fitting(self._waiting)
        is_full = len(self._waiting) == self._settings.batch_records_max or len(fit) < len(self._waiting)
        if not fit or not (is_full or self._now_ms() >= self._waiting_ms + self._settings.window_ms):
            return ()
        self._waiting = self._waiting[len(fit) :]
        self._waiting_ms = self._now_ms()
        return fit

    def _is_throttled(self) -> bool:
        return self._settings.free_ms() > self._now_ms()

    def _receive(self) -> None:
        limit = self._settings.batch_records_max - len(self._waiting)
        while limit > 0:
            received = self._queue.receive(limit=limit, visibility_ms=self._settings.visibility_ms)
            wanted = [message for message in received if self._accepts is None or self._accepts(message)]
            held_back = [message.receipt for message in received if message not in wanted]
            if held_back:
                self._queue.delete(held_back)
                self.filtered += len(held_back)
            if wanted and not self._waiting:
                self._waiting_ms = self._now_ms()
            self._waiting += wanted
            limit = self._settings.batch_records_max - len(self._waiting) if held_back else 0

    def _start(self, messages: tuple[QueueMessage, ...]) -> None:
        self.invocations += 1
        context = Context(self.name, f"{self.name}-{self.invocations}")
        ids = [message.id for message in messages]
        outcome = invoke(self._handler, self._event_of(messages), context, ids, self._settings)
        flight = _Flight(messages, outcome, self._now_ms() + outcome.took_ms)
        if outcome.took_ms:
            self._flights.append(flight)
            self._remember(flight.ends_ms)
        else:
            self._land(flight)

    def _land(self, flight: _Flight) -> None:
        """Act on the answer: delete what is done with; where a message shows again by now, that changes nothing."""
        failed = set(flight.outcome.failed)
        self._queue.delete([one.receipt for place, one in enumerate(flight.messages) if place not in failed])
        if failed:
            self.failures += 1
            self.last_error = str(flight.outcome.error or f"{len(failed)} items failed")
            self._remember(self._now_ms() + self._settings.visibility_ms)

    def _remember(self, until_ms: int) -> None:
        """Note that messages may show again at the instant."""
        if not self._hidden_until or self._hidden_until[-1] < until_ms:
            self._hidden_until.append(until_ms)


def _fitting(messages: Sequence[QueueMessage]) -> tuple[QueueMessage, ...]:
    """Return the first of the messages, as many as an event takes, at least one where there is one."""
    left = PAYLOAD_BYTES_MAX
    for place, message in enumerate(messages):
        left -= len(message.body.encode(errors="surrogatepass")) + MESSAGE_OVERHEAD_BYTES
        if left < 0:
            return tuple(messages[: max(1, place)])
    return tuple(messages)
