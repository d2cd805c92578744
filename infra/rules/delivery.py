"""Rules about mappings: nothing that breaks the order, loses records, or shows a message while it is worked on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from infra.rules.finding import Finding, Rule
from tocsin.runtime.cloudformation.resolve import Resource, Stack

FUNCTION: Final = "AWS::Serverless::Function"
STREAMS: Final = ("Kinesis", "DynamoDB")
VISIBILITY_TIMEOUTS: Final = 6
"""How many timeouts of its function a message stays hidden, as AWS recommends."""

FEED_RETENTION_HOURS: Final = 24
"""How long the stream of a table keeps records."""

PARTIAL: Final = "ReportBatchItemFailures"


@dataclass(frozen=True, slots=True)
class _Mapping:
    """A mapping of a function.

    Attributes:
        name: Function and event.
        function: The function.
        kind: Type of the event.
        settings: Its properties.
    """

    name: str
    function: Resource
    kind: str
    settings: dict[str, Any]


def _mappings(stack: Stack, *kinds: str) -> Iterator[_Mapping]:
    for function in stack.of_kind(FUNCTION):
        for name, event in (function.properties.get("Events") or {}).items():
            if event["Type"] in kinds:
                yield _Mapping(f"{function.id}.{name}", function, event["Type"], event.get("Properties") or {})


def order_is_kept(stack: Stack) -> Iterator[Finding]:
    """A shard has one reader, from its beginning, that leaves nothing out."""
    for one in _mappings(stack, *STREAMS):
        factor = one.settings.get("ParallelizationFactor", 1)
        if factor != 1:
            message = f"has ParallelizationFactor {factor}: the fence drops what the slower of two readers holds"
            yield Finding(one.name, message)
        if one.settings.get("StartingPosition") != "TRIM_HORIZON":
            yield Finding(one.name, "must start at TRIM_HORIZON: what came before the mapping would be lost")
        if one.settings.get("FilterCriteria"):
            yield Finding(one.name, "has FilterCriteria: what a filter drops leaves a gap")
        if one.settings.get("TumblingWindowInSeconds"):
            yield Finding(one.name, "has TumblingWindowInSeconds: its state is lost when the stream is resharded")


def nothing_is_lost(stack: Stack) -> Iterator[Finding]:
    """What a mapping gives up is kept, and it gives up before the source forgets."""
    retention = {one.properties.get("Name"): one.properties for one in stack.of_kind("AWS::Kinesis::Stream")}
    for one in _mappings(stack, *STREAMS):
        if not (one.settings.get("DestinationConfig") or {}).get("OnFailure"):
            yield Finding(one.name, "has no on-failure destination: what it gives up is lost")
        age = one.settings.get("MaximumRecordAgeInSeconds", -1)
        stream = str(one.settings.get("Stream")).rpartition("stream/")[2]
        hours = retention.get(stream, {}).get("RetentionPeriodHours", FEED_RETENTION_HOURS)
        if not 0 < age < int(hours) * 3_600:
            yield Finding(one.name, f"gives up after {age} s, the source forgets after {hours} h: must be before that")
        if one.settings.get("BisectBatchOnFunctionError") is not True:
            yield Finding(one.name, "must bisect: one record would hold up, or take along, a whole batch")
    for one in _mappings(stack, *STREAMS, "SQS"):
        if PARTIAL not in (one.settings.get("FunctionResponseTypes") or []):
            yield Finding(one.name, f"must have {PARTIAL}: the handlers say what failed")


def queues_wait_for_their_function(stack: Stack) -> Iterator[Finding]:
    """A message stays hidden for six timeouts, and goes to a queue of dead letters in the end."""
    queues = {stack_arn(stack, one): one for one in stack.of_kind("AWS::SQS::Queue")}
    for one in _mappings(stack, "SQS"):
        queue = queues.get(str(one.settings.get("Queue")))
        if queue is None:
            yield Finding(one.name, "reads a queue that the template does not have")
            continue
        visible, timeout = queue.properties.get("VisibilityTimeout", 30), one.function.properties.get("Timeout", 3)
        if visible < VISIBILITY_TIMEOUTS * timeout:
            message = f"hides messages for {visible} s, must be at least {VISIBILITY_TIMEOUTS * timeout} s"
            yield Finding(queue.id, f"{message}: {VISIBILITY_TIMEOUTS} timeouts of {one.function.id}")
        if not queue.properties.get("RedrivePolicy"):
            yield Finding(queue.id, "has no queue of dead letters: a message that never succeeds is lost at last")


def stack_arn(stack: Stack, queue: Resource) -> str:
    """Return the ARN of a queue of the stack."""
    name = queue.properties.get("QueueName", f"{stack.place.stack}-{queue.id}")
    return stack.place.arn("sqs", name)


def functions_are_bounded(stack: Stack) -> Iterator[Finding]:
    """Every function says how long, how large and how many, and has room for each shard."""
    shards = {one.properties.get("Name"): one.properties.get("ShardCount", 1) for one in _streams(stack)}
    for one in stack.of_kind(FUNCTION):
        for setting in ("Timeout", "MemorySize"):
            if not one.properties.get(setting):
                yield Finding(one.id, f"does not set {setting}")
    for mapping in _mappings(stack, "Kinesis"):
        reserved = mapping.function.properties.get("ReservedConcurrentExecutions")
        needed = int(shards.get(str(mapping.settings.get("Stream")).rpartition("stream/")[2], 1))
        if reserved is not None and reserved < needed:
            yield Finding(mapping.function.id, f"may run {reserved} times at once, its log has {needed} shards")


def _streams(stack: Stack) -> list[Resource]:
    return stack.of_kind("AWS::Kinesis::Stream")


RULES: Final[tuple[Rule, ...]] = (
    order_is_kept,
    nothing_is_lost,
    queues_wait_for_their_function,
    functions_are_bounded,
)
