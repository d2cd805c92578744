"""Builds the event source mappings and the triggers of a topology."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import msgspec

from tocsin.core.clock import NowMs, iso
from tocsin.core.errors import ConfigError
from tocsin.core.ports import Checkpoints, QueueMessage, StoredRecord
from tocsin.runtime.asynchronous import Asynchronous
from tocsin.runtime.delivery import EventOf
from tocsin.runtime.event_filter import any_of, dynamodb_passes, kafka_passes, kinesis_passes, sqs_passes
from tocsin.runtime.events import kinesis_event_of, schedule_event_of, sqs_event_of
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.pollers import Pollers
from tocsin.runtime.queues import QueueMapping
from tocsin.runtime.sam.cron import Timing, parse_schedule
from tocsin.runtime.sam.destinations import of_mapping
from tocsin.runtime.sam.events import kafka_event
from tocsin.runtime.sam.function import Function
from tocsin.runtime.sam.model import FunctionSpec, MappingSpec, SourceKind, TriggerSpec
from tocsin.runtime.sam.queue import LocalQueue
from tocsin.runtime.sam.resources import Resources
from tocsin.runtime.sam.table import stream_event_record
from tocsin.runtime.stream import StreamMapping

PASSES: Final = {SourceKind.KINESIS: kinesis_passes, SourceKind.DYNAMODB: dynamodb_passes}


def make_mapping(
    spec: MappingSpec,
    function: Function,
    declared: FunctionSpec,
    resources: Resources,
    *,
    checkpoints: Checkpoints,
    now_ms: NowMs,
) -> StreamMapping | QueueMapping:
    """Return the mapping.

    Args:
        spec: As declared.
        function: Whom it calls.
        declared: What the template says of that function.
        resources: Of the stack.
        checkpoints: Where its progress is kept.
        now_ms: The clock.

    Raises:
        ConfigError: The queue's visibility is shorter than the function's timeout, or a filter is none.
    """
    settings = replace(
        spec.settings, takes_ms=function.duration_ms, timeout_ms=declared.timeout_ms, free_ms=function.free_ms
    )
    if spec.kind is SourceKind.SQS:
        return _queue_mapping(spec, settings, function, declared, resources.queue(spec.source), now_ms)
    log, event_of = resources.stream(spec.source), _event_of(spec, resources)
    return StreamMapping(
        spec.id,
        log,
        function,
        settings,
        event_of=event_of,
        checkpoints=checkpoints,
        now_ms=now_ms,
        on_failure=of_mapping(spec.on_failure, spec.id, resources),
        accepts=_record_filter(spec, event_of) if spec.patterns else None,
    )


def _queue_mapping(
    spec: MappingSpec,
    settings: MappingSettings,
    function: Function,
    declared: FunctionSpec,
    queue: LocalQueue,
    now_ms: NowMs,
) -> QueueMapping:
    visibility_ms = queue.settings.visibility_ms
    if visibility_ms < declared.timeout_ms:
        raise ConfigError(
            f"{spec.id}: the queue's visibility timeout of {visibility_ms // 1_000} s is less than the function's "
            f"timeout of {declared.timeout_ms // 1_000} s"
        )
    event_of = partial(_queue_event, queue)
    accepts = any_of(spec.patterns, sqs_passes)
    return QueueMapping(
        spec.id,
        queue,
        function,
        replace(settings, visibility_ms=visibility_ms),
        event_of=event_of,
        now_ms=now_ms,
        pollers=None if queue.settings.is_fifo else Pollers(settings.concurrency_max),
        accepts=(lambda message: accepts(event_of([message])["Records"][0])) if spec.patterns else None,
    )


def _queue_event(queue: LocalQueue, messages: "list[QueueMessage] | tuple[QueueMessage, ...]") -> dict[str, Any]:
    event = sqs_event_of(queue.name)(messages)
    for record, message in zip(event["Records"], messages, strict=True):
        record["attributes"] |= queue.system_attributes(message)
    return event


def _event_of(spec: MappingSpec, resources: Resources) -> EventOf:
    if spec.kind is SourceKind.KINESIS:
        return kinesis_event_of(spec.source.rpartition("/")[2])
    if spec.kind is SourceKind.DYNAMODB:
        arn = spec.source
        return lambda records: {"Records": [stream_event_record(record, arn) for record in records]}
    return lambda records: kafka_event(resources.names.id_of(spec.source), records, arn=spec.cluster)


def _record_filter(spec: MappingSpec, event_of: EventOf) -> Callable[[StoredRecord], bool]:
    if spec.kind is SourceKind.KAFKA:
        of_kafka = any_of(spec.patterns, kafka_passes)
        return lambda record: of_kafka(next(iter(event_of([record])["records"].values()))[0])
    accepts = any_of(spec.patterns, PASSES[spec.kind])
    return lambda record: accepts(event_of([record])["Records"][0])


@dataclass(slots=True)
class Timer:
    """A schedule that calls a function asynchronously.

    Attributes:
        id: Of the trigger.
        timing: When it falls.
        event_of: Builds the event of an instant.
        send: Calls the function.
        begun_ms: When the schedule was made.
        next_ms: When it falls next, or None for never again.
    """

    id: str
    timing: Timing
    event_of: Callable[[int], dict[str, Any]]
    send: Callable[[dict[str, Any]], object]
    begun_ms: int
    next_ms: int | None

    def poll(self, now_ms: int) -> int:
        """Call the function if it is time; return how many calls that were."""
        calls = 0
        while self.next_ms is not None and self.next_ms <= now_ms:
            self.send(self.event_of(self.next_ms))
            self.next_ms = self.timing.next_ms(self.begun_ms, self.next_ms)
            calls += 1
        return calls


def make_timer(spec: TriggerSpec, asynchronous: Asynchronous, now_ms: int) -> Timer:
    """Return the schedule of an event of type ``Schedule`` or ``ScheduleV2``; it begins now."""
    declared = spec.properties
    is_scheduler = spec.kind == "ScheduleV2"
    expression = str(declared["ScheduleExpression" if is_scheduler else "Schedule"])
    timing = parse_schedule(expression, str(declared.get("ScheduleExpressionTimezone", "UTC")))
    event_of = partial(_scheduled, spec.id.replace("/", "-"), declared.get("Input"), is_scheduler)
    return Timer(spec.id, timing, event_of, asynchronous.send, now_ms, timing.next_ms(now_ms, now_ms))


def _scheduled(name: str, given: str | None, is_scheduler: bool, instant_ms: int) -> dict[str, Any]:
    if given is None:
        event = schedule_event_of(name)(instant_ms)
        return event | {"source": "aws.scheduler", "detail": "{}"} if is_scheduler else event
    said = {
        "<aws.scheduler.scheduled-time>": iso(instant_ms // 1_000 * 1_000),
        "<aws.scheduler.execution-id>": f"{name}-{instant_ms}",
        "<aws.scheduler.attempt-number>": "1",
        "<aws.scheduler.schedule-arn>": name,
    }
    text = given
    for word, meaning in said.items():
        text = text.replace(word, meaning)
    event = msgspec.json.decode(text)
    return event if isinstance(event, dict) else {"input": event}
