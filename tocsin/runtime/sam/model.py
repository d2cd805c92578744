"""What a template declares of functions and of what calls them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from tocsin.runtime.mapping import MappingSettings


class SourceKind(StrEnum):
    """Where the records of an event source mapping come from."""

    KINESIS = "kinesis"
    DYNAMODB = "dynamodb"
    SQS = "sqs"
    KAFKA = "kafka"


@dataclass(frozen=True, slots=True)
class AsyncSpec:
    """How asynchronous invocations of a function are tried.

    Attributes:
        retries_max: Retries of a failed event.
        age_ms_max: Events older than this are given up.
        on_success: ARN of the destination, or empty.
        on_failure: Likewise.
        dead_letters: ARN of the dead-letter queue or topic, or empty.
    """

    retries_max: int = 2
    age_ms_max: int = 21_600_000
    on_success: str = ""
    on_failure: str = ""
    dead_letters: str = ""


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """A function.

    Attributes:
        id: Logical id.
        handler: Module and function, e.g. ``app.handler``.
        code: Folder that its code is in.
        timeout_ms: How long an invocation may take.
        environment: Its variables.
        layers: Folders of its layers.
        asynchronous: How its asynchronous invocations are tried.
        reserved: How often it may run at once, or None where nothing limits that.
    """

    id: str
    handler: str
    code: Path
    timeout_ms: int
    environment: Mapping[str, str]
    layers: tuple[Path, ...] = ()
    asynchronous: AsyncSpec = AsyncSpec()
    reserved: int | None = None


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """An event source mapping.

    Attributes:
        id: Unique in the template.
        function: Logical id of the function.
        kind: What it reads.
        source: ARN or name of what it reads; of Kafka the topic.
        settings: How records become calls.
        patterns: Of its filter, JSON texts; empty lets everything through.
        on_failure: ARN of the destination of what is given up, or empty.
        cluster: Of Kafka the ARN of the cluster of MSK; empty where it is managed elsewhere.
    """

    id: str
    function: str
    kind: SourceKind
    source: str
    settings: MappingSettings
    patterns: tuple[str, ...] = ()
    on_failure: str = ""
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class TriggerSpec:
    """What calls a function besides mappings.

    Attributes:
        id: Unique in the template.
        function: Logical id of the function.
        kind: The type of the event in SAM: ``SNS``, ``S3``, ``Schedule``, ``ScheduleV2``, ``HttpApi``.
        source: ARN or name of topic or bucket; empty for schedules and routes.
        properties: As declared.
    """

    id: str
    function: str
    kind: str
    source: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topology:
    """Functions and what calls them.

    Attributes:
        functions: Logical id to function.
        mappings: Event source mappings.
        triggers: Everything else that calls functions.
    """

    functions: Mapping[str, FunctionSpec]
    mappings: tuple[MappingSpec, ...]
    triggers: tuple[TriggerSpec, ...]
