"""Asynchronous invocations: an event is taken at once, tried up to three times, and then handed on or given up.

Source: AWS Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation" and
"Capturing records of Lambda asynchronous invocations".
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tocsin.core.clock import HOUR_MS, MINUTE_MS, SECOND_MS, NowMs, iso
from tocsin.runtime.mapping import Context, Handler, MappingSettings, Outcome, invoke

THROTTLED_MS: Final = SECOND_MS
THROTTLED_MS_MAX: Final = 5 * MINUTE_MS
"""Wait after the first throttled attempt, doubled after each further one up to the second."""

RETRY_WAITS_MS: Final = (MINUTE_MS, 2 * MINUTE_MS)
"""Between the first two attempts, and between the second and the third."""
ERROR_CHARACTERS_MAX: Final = 1_024

SUCCESS: Final = "Success"
EXHAUSTED: Final = "RetriesExhausted"
TOO_OLD: Final = "EventAgeExceeded"

Destination = Callable[[bytes], object]
"""Takes the record of an invocation, as JSON."""

DeadLetters = Callable[[str, Mapping[str, str]], None]
"""Takes an event as text, with attributes that say what went wrong."""


@dataclass(frozen=True, slots=True)
class AsyncSettings:
    """How asynchronous invocations of a function are tried.

    Attributes:
        retries_max: How often a failed event is tried again, at most 2.
        age_ms_max: Events older than this are given up.
        on_success: Takes the record of what went well, or None.
        on_failure: Takes the record of what was given up, or None.
        dead_letters: Takes the event of what was given up, or None.
    """

    retries_max: int = 2
    age_ms_max: int = 6 * HOUR_MS
    on_success: Destination | None = None
    on_failure: Destination | None = None
    dead_letters: DeadLetters | None = None


@dataclass(slots=True)
class _Pending:
    """An event that is not done with."""

    id: str
    event: dict[str, Any]
    sent_ms: int
    due_ms: int
    attempts: int = 0
    outcome: Outcome | None = None
    throttled: int = 0


@dataclass(slots=True)
class AsyncCounts:
    """What became of the events."""

    invocations: int = 0
    failures: int = 0
    discarded: int = 0
    last_error: str = ""


@dataclass(slots=True)
class Asynchronous:
    """The asynchronous invocations of one function.

    Attributes:
        name: Of the function.
        handler: The function.
        settings: How often and how long it is tried.
        now_ms: Clock of waits and ages.
        calling: How long a call takes and may take.
        counts: What became of the events.
    """

    name: str
    handler: Handler
    settings: AsyncSettings
    now_ms: NowMs
    calling: MappingSettings = field(default_factory=MappingSettings)
    counts: AsyncCounts = field(default_factory=AsyncCounts)
    _pending: deque[_Pending] = field(default_factory=deque)
    _sent: int = 0

    def send(self, event: dict[str, Any]) -> str:
        """Take the event; return the id of the request, the same in every attempt."""
        self._sent += 1
        request = f"{self.name}-async-{self._sent}"
        self._pending.append(_Pending(request, event, self.now_ms(), self.now_ms()))
        return request

    def poll(self) -> int:
        """Do what is due; return how many invocations that took."""
        before = self.counts.invocations
        for pending in [one for one in self._pending if one.due_ms <= self.now_ms()]:
            if pending.outcome is not None:
                self._land(pending, pending.outcome)
            elif self.now_ms() - pending.sent_ms > self.settings.age_ms_max:
                self._give_up(pending, TOO_OLD, None)
            elif self.calling.free_ms() > self.now_ms():
                pending.due_ms = self.now_ms() + min(THROTTLED_MS << min(pending.throttled, 32), THROTTLED_MS_MAX)
                pending.throttled += 1
            else:
                self._try(pending)
        return self.counts.invocations - before

    def due_ms(self) -> int | None:
        """Return when something that waits may go on, or None where nothing waits."""
        return min((pending.due_ms for pending in self._pending), default=None)

    def _try(self, pending: _Pending) -> None:
        self.counts.invocations += 1
        pending.attempts += 1
        context = Context(self.name, pending.id)
        outcome = invoke(self.handler, pending.event, context, ("",), self.calling)
        if outcome.took_ms:
            pending.outcome = outcome
            pending.due_ms = self.now_ms() + outcome.took_ms
        else:
            self._land(pending, outcome)

    def _land(self, pending: _Pending, outcome: Outcome) -> None:
        """Act on how an attempt ended."""
        pending.outcome = None
        if outcome.error is None:
            self._pending.remove(pending)
            if self.settings.on_success:
                self.settings.on_success(self._record(pending, SUCCESS, outcome))
            return
        self.counts.failures += 1
        self.counts.last_error = str(outcome.error)
        if pending.attempts > self.settings.retries_max:
            self._give_up(pending, EXHAUSTED, outcome)
        else:
            pending.due_ms = self.now_ms() + RETRY_WAITS_MS[pending.attempts - 1]

    def _give_up(self, pending: _Pending, condition: str, outcome: Outcome | None) -> None:
        self._pending.remove(pending)
        self.counts.discarded += 1
        if self.settings.dead_letters:
            error = str(outcome.error if outcome else condition)[:ERROR_CHARACTERS_MAX]
            attributes = {"RequestID": pending.id, "ErrorCode": "200", "ErrorMessage": error}
            self.settings.dead_letters(msgspec.json.encode(pending.event).decode(), attributes)
        if self.settings.on_failure:
            self.settings.on_failure(self._record(pending, condition, outcome))

    def _record(self, pending: _Pending, condition: str, outcome: Outcome | None) -> bytes:
        context = Context(self.name, pending.id)
        said: dict[str, Any] = {
            "version": "1.0",
            "timestamp": iso(self.now_ms() // SECOND_MS * SECOND_MS),
            "requestContext": {
                "requestId": pending.id,
                "functionArn": f"{context.invoked_function_arn}:{context.function_version}",
                "condition": condition,
                "approximateInvokeCount": pending.attempts,
            },
            "requestPayload": pending.event,
        }
        if outcome is not None:
            said["responseContext"] = {"statusCode": 200, "executedVersion": context.function_version}
            said["responsePayload"] = outcome.answer
        if outcome is not None and outcome.error is not None:
            said["responseContext"]["functionError"] = "Unhandled"
            said["responsePayload"] = {
                "errorMessage": str(outcome.error),
                "errorType": type(outcome.error).__name__,
            }
        return msgspec.json.encode(said)
