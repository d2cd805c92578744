"""A schedule: calls a handler at every multiple of its interval."""

from collections.abc import Callable
from typing import Any, Final

from tocsin.core.clock import SECOND_MS, NowMs
from tocsin.core.errors import TransientError
from tocsin.runtime.mapping import Context, Handler

RETRY_MS: Final = SECOND_MS


class Schedule:
    """Calls a handler once at every multiple of ``every_ms`` after the start.

    Where several instants were missed only the newest is made up for: time is what the clock says now.
    A call that fails is repeated every second until it is done or a newer instant has come.

    Attributes:
        name: Of the schedule.
        invocations: How often the handler was called.
        failures: How many of these calls failed.
        last_error: The newest failure in words, or empty.
    """

    def __init__(
        self,
        name: str,
        every_ms: int,
        handler: Handler,
        *,
        event_of: Callable[[int], dict[str, Any]],
        now_ms: NowMs,
    ) -> None:
        self.name = name
        self.invocations = self.failures = 0
        self.last_error = ""
        self._every_ms = every_ms
        self._handler = handler
        self._event_of = event_of
        self._now_ms = now_ms
        self._due_ms = now_ms() // every_ms * every_ms + every_ms

    def poll(self) -> int:
        """Call the handler if it is time; return how many invocations that took."""
        now_ms = self._now_ms()
        if now_ms < self._due_ms:
            return 0
        instant_ms = now_ms // self._every_ms * self._every_ms
        self.invocations += 1
        try:
            self._handler(self._event_of(instant_ms), Context(self.name, f"{self.name}-{instant_ms}"))
            self._due_ms = instant_ms + self._every_ms
        except TransientError as error:
            self.failures += 1
            self.last_error = str(error)
            self._due_ms = now_ms + RETRY_MS
        return 1

    def due_ms(self) -> int:
        """Return the instant of the next call."""
        return self._due_ms
