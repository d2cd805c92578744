"""What all mappings share: their settings, one invocation of a handler, and how its answer is read.

The rules are those that AWS documents for event source mappings of Lambda. ``stream``, ``queues`` and
``schedule`` hold the loops.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, cast

from tocsin.core.clock import SECOND_MS

Handler = Callable[[dict[str, Any], object], dict[str, Any]]
"""A Lambda handler: event and context in, answer out; it raises only for what may recover."""

PAYLOAD_BYTES_MAX: Final = 6 * 1024 * 1024
"""Largest event of a synchronous invocation."""


class Start(StrEnum):
    """Where a mapping begins that has no checkpoint yet."""

    TRIM_HORIZON = "TRIM_HORIZON"
    LATEST = "LATEST"
    AT_TIMESTAMP = "AT_TIMESTAMP"


def _no_time(_: dict[str, Any]) -> int:
    return 0


def _at_once() -> int:
    """Return that a function may be called at any time."""
    return 0


@dataclass(frozen=True, slots=True)
class MappingSettings:
    """How records become invocations.

    Attributes:
        batch_records_max: Most records or messages of one invocation.
        payload_bytes_max: Largest event of one invocation.
        window_ms: How long a batch that is not full waits for more; 0 delivers what is there.
        retries_max: How often a failed batch is tried again; None for ever. Splitting does not count.
        age_ms_max: Records older than this are given up; None for never.
        bisect: Whether a batch whose invocation failed as a whole is delivered in two halves.
        partial_responses: Whether the answer may name the items that failed.
        retry_ms_first: How long the first retry waits; each further one waits twice as long.
        retry_ms_max: Longest wait for a retry.
        visibility_ms: How long a queue hides a message that is being worked on.
        survives: Errors that count as a failed invocation; all others stop the runtime.
        lanes: Batches of one shard that may be in flight at a time (parallelization factor); a partition key
            always has the same lane.
        tumbling_ms: Length of tumbling windows that carry a state from call to call; 0 for none.
        start: Where to begin without a checkpoint.
        start_ms: The instant of ``Start.AT_TIMESTAMP``.
        concurrency_max: Most invocations of a queue's mapping at a time; None for no limit.
        takes_ms: How long the handler takes for an event in virtual time; what it does shows afterwards.
        timeout_ms: An invocation that takes longer has failed by then; None for no limit.
        free_ms: From when on the function may be called once more: later than now, the call is throttled.
    """

    batch_records_max: int = 1_000
    payload_bytes_max: int = PAYLOAD_BYTES_MAX
    window_ms: int = 0
    retries_max: int | None = None
    age_ms_max: int | None = None
    bisect: bool = False
    partial_responses: bool = True
    retry_ms_first: int = 100
    retry_ms_max: int = 60 * SECOND_MS
    visibility_ms: int = 30 * SECOND_MS
    survives: type[Exception] = Exception
    lanes: int = 1
    tumbling_ms: int = 0
    start: Start = Start.TRIM_HORIZON
    start_ms: int = 0
    concurrency_max: int | None = None
    takes_ms: Callable[[dict[str, Any]], int] = _no_time
    timeout_ms: int | None = None
    free_ms: Callable[[], int] = _at_once

    def retry_wait_ms(self, attempts: int) -> int:
        """Return how long to wait after that many failed attempts, at least one."""
        return min(self.retry_ms_first << min(attempts - 1, 32), self.retry_ms_max)


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler is told about its invocation, under Lambda's names."""

    function_name: str
    aws_request_id: str
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 1_024

    @property
    def invoked_function_arn(self) -> str:
        """Name of the function as AWS writes it."""
        return f"arn:aws:lambda:us-east-1:000000000000:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may still take, in milliseconds; it is not limited here."""
        return 900_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one invocation ended.

    Attributes:
        failed: Which items failed, by their place in the batch, ascending; all where it failed as a whole.
        error: Why, where it failed as a whole; else None.
        answer: What the handler answered; None where it failed as a whole.
        took_ms: How long it took in virtual time.
    """

    failed: tuple[int, ...]
    error: Exception | None = None
    answer: Any = None
    took_ms: int = 0


class AnswerError(Exception):
    """The handler's answer cannot be read, so nothing that it did counts as done."""


class TimedOutError(Exception):
    """The invocation took longer than the function may."""


def invoke(
    handler: Handler, event: dict[str, Any], context: Context, ids: Sequence[str], settings: MappingSettings
) -> Outcome:
    """Call the handler and read its answer.

    Args:
        handler: What to call.
        event: What to call it with.
        context: What it may ask about the call.
        ids: Identifier of each item of the batch, in order.
        settings: Of the mapping that calls.
    """
    everything = tuple(range(len(ids)))
    took_ms = settings.takes_ms(event)
    try:
        answer = handler(event, context)
        if settings.timeout_ms is not None and took_ms > settings.timeout_ms:
            took_ms = settings.timeout_ms
            timed_out = TimedOutError(f"Task timed out after {took_ms / SECOND_MS:.2f} seconds")
            return Outcome(everything, timed_out, took_ms=took_ms)
        failed = failed_places(answer, ids) if settings.partial_responses else ()
        if settings.tumbling_ms:
            insist_on_state(answer)
        return Outcome(failed, None, answer, took_ms)
    except AnswerError as error:
        return Outcome(everything, error, took_ms=took_ms)
    except settings.survives as error:  # a handler may fail in any way; so may the code of a user
        return Outcome(everything, error, took_ms=took_ms)


def failed_places(answer: object, ids: Sequence[str]) -> tuple[int, ...]:
    """Return the places of the items that the answer names as failed, ascending.

    Raises:
        AnswerError: The answer is none, or names an item that was not in the batch: all of it failed.
    """
    if not answer:
        return ()
    try:
        named = {failure["itemIdentifier"] for failure in cast("Any", answer).get("batchItemFailures") or ()}
        places = {item: place for place, item in enumerate(ids)} if named else {}
        return tuple(sorted(places[item] for item in named))
    except (AttributeError, KeyError, TypeError) as error:
        raise AnswerError(f"answer must name failed items of the batch, got {str(answer)[:200]}") from error


def insist_on_state(answer: object) -> None:
    """Raise unless the answer has the state of a tumbling window.

    Raises:
        AnswerError: It has none: the invocation failed.
    """
    if not (isinstance(answer, dict) and isinstance(answer.get("state"), dict)):
        raise AnswerError(f"answer must have the state of the window, got {str(answer)[:200]}")
