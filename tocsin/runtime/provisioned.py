"""The template's resources on a stand-in of AWS, and the settings that name them: only the template says which."""

import secrets
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, cast

from tocsin.adapters.aws.open import open_aws
from tocsin.adapters.aws.settings import VARIABLES, AwsSettings
from tocsin.adapters.aws.stand_in import StandIn, StandInAws
from tocsin.core.clock import NowMs
from tocsin.core.errors import ConfigError
from tocsin.runtime.cloudformation.names import Place
from tocsin.runtime.cloudformation.resolve import Resource, Stack, resolve
from tocsin.runtime.cloudformation.source import Template, load_template
from tocsin.runtime.sam.names import Names

FUNCTION: Final = "AWS::Serverless::Function"
QUEUE_OUTPUT: Final = "GatewayQueueUrl"
"""Output of the template that leads to the queue of gateways, which no function is told of: a mapping reads it."""

CHECKPOINTS: Final = "checkpoints_table"
WHOLE: Final = (
    "readings_stream",
    "panes_stream",
    "state_bucket",
    "state_table",
    "windows_table",
    "alerts_table",
    "directory_table",
    "gateway_queue_url",
    "topic_arn",
    "blobs_bucket",
    "bus",
    CHECKPOINTS,
)
"""Fields of the settings that a whole pipeline in one process needs."""

STAGES: Final = {
    "processors.handler.handler": "processors",
    "tocsin.runtime.joined.handler": "anomaly,processors",
    "anomaly.handler.handler": "anomaly",
    "alerts.handler.handler": "alerts",
    "alerts.delivery.handler.handler": "delivery",
    "ingest.archive.handler": "archive",
}
"""Handler to the stage whose states it keeps."""


@cache
def own_template() -> Template:
    """Return the pipeline's template; nobody changes it."""
    return load_template(Path(str(files("infra").joinpath("template.yaml"))))


def stack_of(
    prefix: str, region: str, *, shards: int = 1, fifo: bool = False, template: Template | None = None
) -> Stack:
    """Return the stack of that name.

    Args:
        prefix: Its name, with which all others begin.
        region: Where it stands.
        shards: Of each log.
        fifo: Whether the topic is FIFO.
        template: Another one than the pipeline's own.
    """
    parameters = {
        "ReadingsShards": shards,
        "PanesShards": shards,
        "GatewayQueueName": f"{prefix}-gateway",
        "OrderedNotifications": "yes" if fifo else "no",
    }
    return resolve(template or own_template(), parameters, Place(prefix, region))


def named_by(stack: Stack) -> dict[str, str]:
    """Return field of the settings to the logical id of what it names, as the stack's functions are told.

    Raises:
        ConfigError: Two functions are told of different things by one name.
    """
    names, fields = Names(stack), {variable: field for field, variable in VARIABLES.items()}
    found: dict[str, str] = {}
    for function in stack.of_kind(FUNCTION):
        for variable, value in function.properties["Environment"]["Variables"].items():
            field = fields.get(variable)
            if field and found.setdefault(field, names.id_of(str(value))) != names.id_of(str(value)):
                raise ConfigError(f"{variable} of {function.id} is another resource than that of a function before it")
    if QUEUE_OUTPUT in stack.outputs:
        found["gateway_queue_url"] = names.id_of(str(stack.outputs[QUEUE_OUTPUT]))
    return found


def provision(
    settings: AwsSettings, prefix: str, *, shards: int = 1, fifo: bool = False, template: Template | None = None
) -> AwsSettings:
    """Give a stand-in all resources of the template; return the settings of a whole pipeline on them.

    Args:
        settings: Region and endpoints of the stand-in.
        prefix: Begins all names.
        shards: Of each log.
        fifo: Whether the topic is FIFO.
        template: Another one than the pipeline's own.

    Raises:
        ConfigError: The settings have no endpoint, so lead to AWS itself; or the template lacks what a pipeline needs.
        UnavailableError: Something was not ready in time.
    """
    if not settings.endpoints:
        raise ConfigError("only a stand-in is given resources here, on AWS the template is deployed")
    from tocsin.adapters.aws.clients import Clients  # noqa: PLC0415  needs boto3, which not all have

    stack = stack_of(prefix, settings.region, shards=shards, fifo=fifo, template=template)
    clients = Clients(settings)
    try:
        names = _made(clients, stack, WHOLE, list(stack.resources.values()))
    finally:
        clients.close()
    return replace(settings, **cast("Any", names))


def make(clients: Any, prefix: str, fields: Collection[str], *, shards: int = 1, fifo: bool = False) -> dict[str, str]:  # noqa: ANN401  with boto3 only
    """Give a stand-in what the fields of the settings name, and nothing else; return each field's name.

    Args:
        clients: Of the stand-in.
        prefix: Begins all names.
        fields: Which to make.
        shards: Of each log.
        fifo: Whether the topic is FIFO.
    """
    stack = stack_of(prefix, "us-east-1", shards=shards, fifo=fifo)
    wanted = {logical for field, logical in named_by(stack).items() if field in fields}
    return _made(clients, stack, fields, list(_with_dead_letters(stack, wanted)))


def open_stand_in(stand_in: StandIn, now_ms: NowMs, shards: int) -> StandInAws:
    """Give it the template's resources, under names of their own, and open them."""
    settings = provision(stand_in.settings, f"tocsin-{secrets.token_hex(4)}", shards=shards)
    return StandInAws(open_aws(settings, now_ms=now_ms, requests_max=1))


def _made(clients: Any, stack: Stack, fields: Collection[str], resources: list[Resource]) -> dict[str, str]:  # noqa: ANN401  as above
    from tocsin.adapters.aws.provision import Declared  # noqa: PLC0415  needs botocore
    from tocsin.adapters.aws.provision import make as make_all  # noqa: PLC0415  likewise

    names = named_by(stack)
    if missing := sorted(set(fields) - set(names) - {CHECKPOINTS}):
        raise ConfigError(f"the template has nothing for {', '.join(VARIABLES[field] for field in missing)}")
    called = Names(stack)
    declared = [
        Declared(one.id, one.kind, called.name_of(one), called.arn_of(one), _without_strangers(one, resources, called))
        for one in resources
    ]
    if (
        CHECKPOINTS in fields
    ):  # Lambda keeps its own; a process instead of functions needs a table beside the template's
        keys = stack.resources[names.get("state_table", "StateTable")].properties
        name = f"{stack.place.stack}-checkpoints"
        declared.append(Declared(CHECKPOINTS, "AWS::DynamoDB::Table", name, "", {**keys, "TableName": name}))
        names[CHECKPOINTS] = CHECKPOINTS
    made = make_all(clients, declared)
    both = {"table_stages": table_stages(stack)} if {"state_bucket", "state_table"} <= set(fields) else {}
    return {field: made[names[field]].ref for field in fields} | both


def table_stages(stack: Stack) -> str:
    """Return the stages that keep their states on the table, as the settings have them."""
    functions = stack.of_kind(FUNCTION)
    on_table = [one for one in functions if VARIABLES["state_table"] in one.properties["Environment"]["Variables"]]
    return ",".join(sorted(STAGES[one.properties["Handler"]] for one in on_table))


def _without_strangers(one: Resource, resources: list[Resource], called: Names) -> dict[str, Any]:
    """Return the properties without notifications to queues that are not made along."""
    told = (one.properties.get("NotificationConfiguration") or {}).get("QueueConfigurations") or []
    there = {called.arn_of(other) for other in resources}
    kept = [each for each in told if each["Queue"] in there]
    return one.properties | ({"NotificationConfiguration": {"QueueConfigurations": kept}} if told else {})


def _with_dead_letters(stack: Stack, wanted: set[str]) -> Iterator[Resource]:
    names = Names(stack)
    for logical in sorted(wanted):
        resource = stack.resources[logical]
        yield resource
        if redrive := resource.properties.get("RedrivePolicy"):
            yield stack.resources[names.id_of(redrive["deadLetterTargetArn"])]
