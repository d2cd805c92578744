"""One function as it runs here: every invocation is noted, and may take its time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tocsin.core.clock import NowMs
from tocsin.runtime.mapping import Handler

INVOCATIONS_KEPT_MAX: Final = 100_000

NEVER_MS: Final = 2**62
"""When a function without any concurrency is free."""

TakesMs = int | Callable[[dict[str, Any]], int]
"""How long an invocation takes in virtual time; of a number, always as long."""


class MarshalError(Exception):
    """The answer of a handler cannot be written as JSON, so Lambda would not take it."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of a function.

    Attributes:
        function: Its logical id.
        at_ms: When it began.
        event: With what.
        answer: What it answered, or None where it failed.
        error: What it raised, or None.
    """

    function: str
    at_ms: int
    event: dict[str, Any]
    answer: Any = None
    error: Exception | None = None


@dataclass(slots=True)
class Function:
    """A function of the template.

    Attributes:
        id: Logical id.
        handler: Its code.
        now_ms: The clock.
        log: Where invocations are noted; all functions may share one.
        takes_ms: How long its invocations take.
        reserved: How often it may run at once, or None where nothing limits that.
    """

    id: str
    handler: Handler
    now_ms: NowMs
    log: list[Invocation] = field(default_factory=list)
    takes_ms: TakesMs = 0
    reserved: int | None = None
    _ends_ms: list[int] = field(default_factory=list)

    def __call__(self, event: dict[str, Any], context: object) -> Any:  # noqa: ANN401  whatever a handler answers
        """Call the handler, and note what came of it; event and answer go through JSON, as on their way there.

        Raises:
            MarshalError: The answer cannot be written as JSON.
        """
        at_ms = self.now_ms()
        if self.reserved is not None:
            self._ends_ms.append(at_ms + self.duration_ms(event))
        try:
            answer = as_json(self.handler(as_json(event), context))
        except Exception as error:
            self._note(Invocation(self.id, at_ms, event, error=error))
            raise
        self._note(Invocation(self.id, at_ms, event, answer))
        return answer

    def duration_ms(self, event: dict[str, Any]) -> int:
        """Return how long the invocation with the event takes."""
        return self.takes_ms(event) if callable(self.takes_ms) else self.takes_ms

    def free_ms(self) -> int:
        """Return when it may be called once more: now, unless its reserved concurrency is used up."""
        now_ms = self.now_ms()
        if self.reserved is None:
            return now_ms
        self._ends_ms = [end_ms for end_ms in self._ends_ms if end_ms > now_ms]
        if len(self._ends_ms) < self.reserved:
            return now_ms
        return min(self._ends_ms, default=NEVER_MS)

    def _note(self, invocation: Invocation) -> None:
        if len(self.log) < INVOCATIONS_KEPT_MAX:
            self.log.append(invocation)


def as_json(answer: object) -> Any:  # noqa: ANN401  any JSON
    """Return the answer as it is once it went through JSON.

    Raises:
        MarshalError: It cannot.
    """
    try:
        return msgspec.json.decode(msgspec.json.encode(answer))
    except (TypeError, ValueError, OverflowError) as error:
        raise MarshalError(f"answer cannot be written as JSON: {error}") from error
