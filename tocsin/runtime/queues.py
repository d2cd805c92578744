"""A mapping of a queue: batches of visible messages, deleted where the handler is done with them."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from tocsin.core.clock import NowMs
from tocsin.core.ports import Queue, QueueMessage
from tocsin.runtime.mapping import Context, Handler, MappingSettings, invoke

QueueEventOf = Callable[[Sequence[QueueMessage]], dict[str, Any]]
"""Builds the event of messages of one queue."""


class QueueMapping:
    """Delivers a queue's messages to a handler.

    What the handler is done with is deleted. What failed stays hidden until its visibility ends, and
    the queue moves a message that came too often to its dead letters.

    Attributes:
        name: Of the mapping.
        invocations: How often the handler was called.
        failures: How many of these calls failed, wholly or in part.
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
    ) -> None:
        self.name = name
        self.invocations = self.failures = 0
        self.last_error = ""
        self._queue = queue
        self._handler = handler
        self._settings = settings
        self._event_of = event_of
        self._now_ms = now_ms
        self._hidden_until: deque[int] = deque()  # ascending, at most one a millisecond of the visibility

    def poll(self) -> int:
        """Deliver one batch; return how many invocations that took."""
        while self._hidden_until and self._hidden_until[0] <= self._now_ms():
            self._hidden_until.popleft()
        messages = self._queue.receive(
            limit=self._settings.batch_records_max, visibility_ms=self._settings.visibility_ms
        )
        if not messages:
            return 0
        self.invocations += 1
        context = Context(self.name, f"{self.name}-{self.invocations}")
        ids = [message.id for message in messages]
        outcome = invoke(self._handler, self._event_of(messages), context, ids, self._settings)
        failed = set(outcome.failed)
        self._queue.delete([message.receipt for place, message in enumerate(messages) if place not in failed])
        if failed:
            self._remember(str(outcome.error or f"{len(failed)} items failed"))
        return 1

    def due_ms(self) -> int | None:
        """Return when a message that failed here is visible again, or None where there is none."""
        return self._hidden_until[0] if self._hidden_until else None

    def _remember(self, error: str) -> None:
        self.failures += 1
        self.last_error = error
        until_ms = self._now_ms() + self._settings.visibility_ms
        if not self._hidden_until or self._hidden_until[-1] < until_ms:
            self._hidden_until.append(until_ms)
