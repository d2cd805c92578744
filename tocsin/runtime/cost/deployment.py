"""What the template says of cost: memory, mappings, states, and what stands there whether anything is sent or not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from tocsin.adapters.aws.settings import RETENTION_VARIABLE
from tocsin.adapters.function import NAMESPACE_VARIABLE
from tocsin.core.clock import DAY_MS
from tocsin.runtime.cloudformation.resolve import Resource, Stack
from tocsin.runtime.cost.capacity import Capacity, capacity_of
from tocsin.runtime.cost.counted_ports import DYNAMODB, S3
from tocsin.runtime.cost.prices import HOURS_A_MONTH, MINUTES_A_MONTH
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.pipeline import ANOMALY, PROCESSORS, PipelineSettings
from tocsin.runtime.sam.own import STAGES, is_joined, pipeline_settings
from tocsin.runtime.sam.reader import read_topology

FUNCTION: Final = "AWS::Serverless::Function"
HANDLERS: Final[Mapping[str, str]] = {**STAGES, "ingest.tick.handler": "tick", "ingest.archive.handler": "archive"}
"""Handler to the stage whose function it is."""

PANES_SHARDS: Final = "PanesShards"
WATCHING: Final = "Watching"
"""Parameters of the template."""

QUEUE_READERS: Final = 5
"""Readers of a queue that Lambda starts with, each waiting up to 20 s for messages. Source: Lambda Developer Guide."""

DATA_KEYS_A_MONTH: Final = HOURS_A_MONTH * 12
"""Services ask for a new data key about every five minutes, for each thing that they encrypt."""

KEYS_AT: Final[Mapping[str, tuple[str, str]]] = {
    "AWS::Kinesis::Stream": ("StreamEncryption", "KeyId"),
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::S3::Bucket": ("BucketEncryption", "KMSMasterKeyID"),
    "AWS::SQS::Queue": ("KmsMasterKeyId", ""),
    "AWS::SNS::Topic": ("KmsMasterKeyId", ""),
    "AWS::Events::EventBus": ("KmsKeyIdentifier", ""),
    "AWS::SecretsManager::Secret": ("KmsKeyId", ""),
}
"""Type of what asks for data keys to the property that names the key, or in which one does; without it AWS owns the
key, and bills no request. Source: AWS Key Management Service Developer Guide, "AWS owned keys"."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is deployed.

    Attributes:
        template: File that it is read from.
        stack: All of it.
        settings: How the stages' mappings deliver.
        archive: How that of the archive does.
        memory_mb: Stage to the memory of its function; where panes have no log that of the readings judges them.
        state: Stage to where its state is.
        architecture: Of the functions.
        retention_ms: How long windows are kept at most.
        namespace: Of the metrics that functions write; empty where they write none.
        capacity: That of the table of windows; None where it is paid by the request.
    """

    template: Path
    stack: Stack
    settings: PipelineSettings
    archive: MappingSettings
    memory_mb: Mapping[str, int]
    state: Mapping[str, str]
    architecture: str
    retention_ms: int
    namespace: str
    capacity: Capacity | None

    def with_window(self, stage: str, window_ms: int) -> "Deployment":
        """Return the same with another batching window of a stage's mapping."""
        mapping = replace(getattr(self.settings, stage), window_ms=window_ms)
        return replace(self, settings=replace(self.settings, **{stage: mapping}))

    def with_memory(self, stage: str, memory_mb: int) -> "Deployment":
        """Return the same with another size of a stage's function."""
        return replace(self, memory_mb={**self.memory_mb, **dict.fromkeys(self._of_one_function(stage), memory_mb)})

    def with_capacity(self, capacity: Capacity | None) -> "Deployment":
        """Return the same with the table of windows paid in another way."""
        return replace(self, capacity=capacity)

    def with_state(self, stage: str, place: str) -> "Deployment":
        """Return the same with a stage's state elsewhere."""
        return replace(self, state={**self.state, **dict.fromkeys(self._of_one_function(stage), place)})

    def with_parameter(self, name: str, value: object) -> "Deployment":
        """Return the same with another value of a parameter of the template."""
        other = read_deployment(self.template, {**self.stack.parameters, name: value})
        window_ms = self.settings.processors.window_ms
        return replace(other, archive=self.archive, capacity=self.capacity).with_window(PROCESSORS, window_ms)

    def _of_one_function(self, stage: str) -> tuple[str, ...]:
        """Return the stages that share a function with this one, itself among them."""
        both = (PROCESSORS, ANOMALY)
        return both if self.settings.is_joined and stage in both else (stage,)


def own_template() -> Path:
    """Return the file of the pipeline's own template."""
    return Path(str(files("infra").joinpath("template.yaml")))


def read_deployment(template: Path, parameters: Mapping[str, Any]) -> Deployment:
    """Return what the template becomes with the parameters.

    Raises:
        ConfigError: It cannot be read, or is none of this pipeline.
    """
    stack, topology = read_topology(template, parameters)
    # Of several functions of one handler the first counts: of ingest that of the gateways' queue.
    known = [one for one in topology.functions.values() if one.handler in HANDLERS]
    functions = {HANDLERS[one.handler]: one for one in reversed(known)}
    archive = [one for one in topology.mappings if one.function == functions["archive"].id]
    if is_joined(topology):
        functions[ANOMALY] = functions[PROCESSORS]
    return Deployment(
        template=template,
        stack=stack,
        settings=pipeline_settings(stack, topology),
        archive=archive[0].settings,
        memory_mb={stage: int(_properties(stack, one.id)["MemorySize"]) for stage, one in functions.items()},
        state={stage: DYNAMODB if "TOCSIN_STATE_TABLE" in one.environment else S3 for stage, one in functions.items()},
        capacity=capacity_of(stack),
        retention_ms=int(functions[PROCESSORS].environment[RETENTION_VARIABLE]) * DAY_MS,
        namespace=functions[PROCESSORS].environment.get(NAMESPACE_VARIABLE, ""),
        architecture=str(_properties(stack, functions[PROCESSORS].id).get("Architectures", ["x86_64"])[0]),
    )


def _properties(stack: Stack, function: str) -> Mapping[str, Any]:
    return stack.resources[function].properties


def standing_units(stack: Stack) -> dict[str, float]:
    """Return what is paid a month while nothing is sent, without calls of functions: name of a price to how much."""
    found = {name: float(count(stack)) for name, count in _STANDING.items()}
    return {name: count for name, count in found.items() if count}


def _shards(stack: Stack) -> int:
    return sum(int(one.properties["ShardCount"]) for one in stack.of_kind("AWS::Kinesis::Stream"))


def _data_keys(one: Resource) -> float:
    """Return how many data keys it asks for a month; a queue may say for how long it uses one."""
    setting, inner = KEYS_AT[one.kind]
    if inner not in str(one.properties.get(setting, "")) or setting not in one.properties:
        return 0.0
    reused_s = int(one.properties.get("KmsDataKeyReusePeriodSeconds", 0))
    return HOURS_A_MONTH * 3_600 / reused_s if reused_s else DATA_KEYS_A_MONTH


def _alarm_metrics(stack: Stack) -> int:
    """Return how many metrics alarms look at: one each, or all that their expression names."""
    alarms = stack.of_kind("AWS::CloudWatch::Alarm")
    return sum(sum(map(_is_metric, alarm.properties.get("Metrics", [1]))) for alarm in alarms)


def _is_metric(one: Any) -> bool:  # noqa: ANN401  a template is plain data
    return not isinstance(one, dict) or "MetricStat" in one


def _interfaces(stack: Stack) -> int:
    """Return how many network interfaces endpoints have: one in each subnet."""
    return sum(len(one.properties.get("SubnetIds", [])) for one in stack.of_kind("AWS::EC2::VPCEndpoint"))


def events_of(stack: Stack, kind: str) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """Yield each event of the kind with its function."""
    for function in stack.of_kind(FUNCTION):
        for event in function.properties.get("Events", {}).values():
            if event["Type"] == kind:
                yield function, event


def _count(stack: Stack, kind: str) -> int:
    return sum(1 for _ in events_of(stack, kind))


_STANDING: Final[Mapping[str, Callable[[Stack], float]]] = {
    "shard_hours": lambda stack: _shards(stack) * HOURS_A_MONTH,
    "keys": lambda stack: len(stack.of_kind("AWS::KMS::Key")),
    "secrets": lambda stack: len(stack.of_kind("AWS::SecretsManager::Secret")),
    "key_requests": lambda stack: sum(map(_data_keys, stack.of_kind(*KEYS_AT))),
    "alarm_metrics": _alarm_metrics,
    "dashboards": lambda stack: len(stack.of_kind("AWS::CloudWatch::Dashboard")),
    "schedule_calls": lambda stack: _count(stack, "ScheduleV2") * MINUTES_A_MONTH,
    "sqs_requests": lambda stack: _count(stack, "SQS") * QUEUE_READERS * 3 * MINUTES_A_MONTH,
    "interface_hours": lambda stack: _interfaces(stack) * HOURS_A_MONTH,
}
