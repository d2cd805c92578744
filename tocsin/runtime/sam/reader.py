"""Reads functions, mappings and triggers out of the stack that a template becomes."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tocsin.core.clock import SECOND_MS
from tocsin.core.errors import ConfigError
from tocsin.runtime.cloudformation.resolve import Resource, Stack, resolve
from tocsin.runtime.cloudformation.source import load_template
from tocsin.runtime.sam.model import AsyncSpec, FunctionSpec, MappingSpec, SourceKind, Topology, TriggerSpec
from tocsin.runtime.sam.names import Names
from tocsin.runtime.sam.settings import mapping_settings

FUNCTIONS: Final = ("AWS::Serverless::Function", "AWS::Lambda::Function")
MAPPING: Final = "AWS::Lambda::EventSourceMapping"
INVOKE_CONFIG: Final = "AWS::Lambda::EventInvokeConfig"
LAYER: Final = "AWS::Serverless::LayerVersion"
TIMEOUT_S: Final = 3
"""Of a function that declares none."""

MAPPED: Final[Mapping[str, tuple[SourceKind, str]]] = {
    "Kinesis": (SourceKind.KINESIS, "Stream"),
    "DynamoDB": (SourceKind.DYNAMODB, "Stream"),
    "SQS": (SourceKind.SQS, "Queue"),
    "MSK": (SourceKind.KAFKA, "Stream"),
    "SelfManagedKafka": (SourceKind.KAFKA, "Topics"),
}
"""Type of an event to what its mapping reads, and the property that names it."""
TRIGGERS: Final = {"SNS": "Topic", "S3": "Bucket", "Schedule": "", "ScheduleV2": "", "HttpApi": ""}
"""Type of an event to the property that names what it comes from."""
SERVICES: Final = {"kinesis": SourceKind.KINESIS, "dynamodb": SourceKind.DYNAMODB, "sqs": SourceKind.SQS}


def read_topology(path: Path, parameters: Mapping[str, Any] | None = None) -> tuple[Stack, Topology]:
    """Return the stack of the template in the file, and its functions with what calls them.

    Args:
        path: The template; folders of code are relative to it.
        parameters: Values that differ from the defaults.

    Raises:
        ConfigError: The template cannot be read, or declares what no mapping can be; all problems together.
    """
    stack = resolve(load_template(path), parameters)
    return stack, topology_of(stack, path.parent)


def topology_of(stack: Stack, folder: Path) -> Topology:
    """Return the stack's functions with what calls them.

    Args:
        stack: What a template becomes.
        folder: That folders of code are relative to.

    Raises:
        ConfigError: It declares what no mapping can be; all problems together.
    """
    return _Reader(stack, folder).topology()


class _Reader:
    """Reads one stack, and gathers what is wrong in it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._names = Names(stack)
        self._problems: list[str] = []

    def topology(self) -> Topology:
        functions = {one.id: self._function(one) for one in self._stack.of_kind(*FUNCTIONS)}
        for config in self._stack.of_kind(INVOKE_CONFIG):
            name = self._names.id_of(config.properties["FunctionName"])
            if name in functions:
                functions[name] = replace(functions[name], asynchronous=_async_spec(config.properties, {}))
        mappings = [*self._mappings_of_events(), *self._mappings_alone()]
        triggers = tuple(self._triggers())
        if self._problems:
            raise ConfigError("\n".join(self._problems))
        return Topology(functions, tuple(one for one in mappings if one is not None), triggers)

    def _function(self, resource: Resource) -> FunctionSpec:
        declared = resource.properties
        code = declared.get("CodeUri", ".")
        variables = (declared.get("Environment") or {}).get("Variables") or {}
        if not isinstance(code, str):
            self._problems.append(f"{resource.id}: CodeUri must be a folder beside the template")
        return FunctionSpec(
            resource.id,
            str(declared.get("Handler", "")),
            self._folder / str(code),
            int(declared.get("Timeout", TIMEOUT_S)) * SECOND_MS,
            {name: str(value) for name, value in variables.items()},
            tuple(self._layers(declared)),
            _async_spec(declared.get("EventInvokeConfig") or {}, declared.get("DeadLetterQueue") or {}),
            int(reserved) if (reserved := declared.get("ReservedConcurrentExecutions")) is not None else None,
        )

    def _layers(self, declared: Mapping[str, Any]) -> Iterator[Path]:
        for layer in declared.get("Layers") or ():
            found = self._stack.resources.get(self._names.id_of(layer))
            if found is not None and found.kind == LAYER:
                yield self._folder / str(found.properties["ContentUri"])

    def _events(self) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
        """Yield function, id, type and properties of each event of a function of SAM."""
        for function in self._stack.of_kind("AWS::Serverless::Function"):
            for name, event in (function.properties.get("Events") or {}).items():
                kind, declared = event["Type"], event.get("Properties") or {}
                if declared.get("Enabled", True) in {True, "true"}:
                    yield function.id, f"{function.id}/{name}", kind, declared

    def _mappings_of_events(self) -> Iterator[MappingSpec | None]:
        for function, name, event, declared in self._events():
            if event not in MAPPED:
                continue
            kind, where = MAPPED[event]
            if kind is SourceKind.KAFKA:
                source = str((declared.get("Topics") or [""])[0])
            else:
                source = str(declared.get(where, ""))
            yield self._mapping(name, function, kind, source, declared)

    def _mappings_alone(self) -> Iterator[MappingSpec | None]:
        for resource in self._stack.of_kind(MAPPING):
            declared = resource.properties
            function = self._names.id_of(declared.get("FunctionName", ""))
            source = str(declared.get("EventSourceArn", ""))
            service = source.split(":")[2] if source.count(":") > 2 else ""
            if declared.get("Topics"):
                service, source = "kafka", str(declared["Topics"][0])
            kind = SERVICES.get(service, SourceKind.KAFKA)
            if declared.get("Enabled", True) in {True, "true"}:
                yield self._mapping(resource.id, function, kind, source, declared)

    def _mapping(
        self, name: str, function: str, kind: SourceKind, source: str, declared: Mapping[str, Any]
    ) -> MappingSpec | None:
        queue = self._stack.resources.get(self._names.id_of(source))
        is_fifo = source.endswith(".fifo") or bool(queue and queue.properties.get("FifoQueue"))
        try:
            settings = mapping_settings(kind, declared, is_fifo=is_fifo)
        except ValueError as error:
            self._problems.append(f"{name}: {error}")
            return None
        filters = (declared.get("FilterCriteria") or {}).get("Filters") or ()
        return MappingSpec(
            name,
            function,
            kind,
            source,
            settings,
            tuple(str(one["Pattern"]) for one in filters),
            _destination(declared.get("DestinationConfig"), "OnFailure"),
            str(declared.get("Stream") or declared.get("EventSourceArn") or "") if kind is SourceKind.KAFKA else "",
        )

    def _triggers(self) -> Iterator[TriggerSpec]:
        for function, name, event, declared in self._events():
            if event in TRIGGERS:
                source = declared.get(TRIGGERS[event], "") if TRIGGERS[event] else ""
                yield TriggerSpec(name, function, event, str(source), declared)
            elif event not in MAPPED:
                self._problems.append(
                    f"{name}: events of type {event} are not known, only {', '.join([*MAPPED, *TRIGGERS])}"
                )


def _async_spec(declared: Mapping[str, Any], dead_letters: Mapping[str, Any]) -> AsyncSpec:
    return AsyncSpec(
        int(declared.get("MaximumRetryAttempts", 2)),
        int(declared.get("MaximumEventAgeInSeconds", 21_600)) * SECOND_MS,
        on_success=_destination(declared.get("DestinationConfig"), "OnSuccess"),
        on_failure=_destination(declared.get("DestinationConfig"), "OnFailure"),
        dead_letters=str(dead_letters.get("TargetArn", "")),
    )


def _destination(declared: Mapping[str, Any] | None, when: str) -> str:
    return str(((declared or {}).get(when) or {}).get("Destination", ""))
