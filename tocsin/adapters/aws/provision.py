"""Gives a stand-in of AWS what the adapters need, under names that begin alike. On AWS the template does that."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any, Final, cast

import msgspec
from botocore.exceptions import ClientError

from tocsin.adapters.aws.clients import Clients
from tocsin.adapters.aws.faults import code_of
from tocsin.adapters.aws.settings import AwsSettings
from tocsin.adapters.aws.tables import KEYS, TABLES, Index, TableNeeds
from tocsin.core.clock import pause
from tocsin.core.errors import ConfigError, UnavailableError

WHOLE: Final = (
    "readings_stream",
    "panes_stream",
    "state_bucket",
    "windows_table",
    "alerts_table",
    "directory_table",
    "gateway_queue_url",
    "topic_arn",
    "blobs_bucket",
    "bus",
    "checkpoints_table",
)
"""Fields of the settings that a whole pipeline outside of Lambda needs."""

RECEIVES_MAX: Final = 5
"""A message that was received so often and not deleted is a dead letter when its turn comes again."""

READY_TRIES_MAX: Final = 400
READY_S: Final = 0.05


def provision(settings: AwsSettings, prefix: str, *, shards: int = 1, fifo: bool = False) -> AwsSettings:
    """Make all that a whole pipeline needs; return the settings with all the names.

    Args:
        settings: Region and endpoints of the stand-in.
        prefix: Begins all names.
        shards: Of each stream.
        fifo: Whether the topic is FIFO.

    Raises:
        ConfigError: The settings have no endpoint: they lead to AWS itself.
        UnavailableError: Something was not ready in time.
    """
    if not settings.endpoints:
        raise ConfigError("only a stand-in is given resources here, on AWS the template makes them")
    clients = Clients(settings)
    try:
        names = make(clients, prefix, WHOLE, shards=shards, fifo=fifo)
    finally:
        clients.close()
    return replace(settings, **cast("Any", names))


def make(
    clients: Clients, prefix: str, fields: Collection[str], *, shards: int = 1, fifo: bool = False
) -> dict[str, str]:
    """Make what the fields of the settings name; return each field's name.

    Args:
        clients: Of a stand-in.
        prefix: Begins all names.
        fields: Which to make.
        shards: Of each stream.
        fifo: Whether the topic is FIFO.
    """
    makers: dict[str, Callable[[str], str]] = {
        "readings_stream": partial(_make_stream, clients, shards),
        "panes_stream": partial(_make_stream, clients, shards),
        "state_bucket": partial(_make_bucket, clients),
        "blobs_bucket": partial(_make_bucket, clients),
        "gateway_queue_url": partial(make_queue, clients),
        "topic_arn": partial(_make_topic, clients, fifo),
        "bus": partial(_make_bus, clients),
        **{field: partial(_make_table, clients, needs) for field, needs in TABLES.items()},
    }
    return {field: makers[field](f"{prefix}-{field.partition('_')[0]}") for field in fields}


def make_queue(clients: Clients, name: str) -> str:
    """Make a queue of that name, and its dead letters beside it; return its URL."""
    dead = clients.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = clients.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES_MAX}
    attributes = {"RedrivePolicy": msgspec.json.encode(policy).decode()}
    return clients.sqs.create_queue(QueueName=name, Attributes=cast("Any", attributes))["QueueUrl"]


def _make_stream(clients: Clients, shards: int, name: str) -> str:
    clients.kinesis.create_stream(StreamName=name, ShardCount=shards)
    _wait(
        f"stream {name}",
        lambda: clients.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"],
    )
    return name


def _make_bucket(clients: Clients, name: str) -> str:
    clients.s3.create_bucket(Bucket=name)
    return name


def _make_topic(clients: Clients, is_fifo: bool, name: str) -> str:
    if is_fifo:
        return clients.sns.create_topic(Name=f"{name}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    return clients.sns.create_topic(Name=name)["TopicArn"]


def _make_bus(clients: Clients, name: str) -> str:
    clients.events.create_event_bus(Name=name)
    return name


def _make_table(clients: Clients, needs: TableNeeds, name: str) -> str:
    clients.dynamodb.create_table(**table_request(name, needs))
    _wait(f"table {name}", lambda: clients.dynamodb.describe_table(TableName=name)["Table"]["TableStatus"])
    if needs.expires:
        _expire(clients, name, needs.expires)
    return name


def _expire(clients: Clients, name: str, attribute: str) -> None:
    """Have items expire; a stand-in that does not know how keeps them, which hurts nobody."""
    try:
        clients.dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
        )
    except ClientError as error:
        if code_of(error) != "UnknownOperationException":
            raise


def table_request(name: str, needs: TableNeeds) -> dict[str, Any]:
    """Return the CreateTable request of a table that has what is needed."""
    keys = {*KEYS, *(key for index in needs.indexes for key in index.keys)}
    indexes = {
        "LocalSecondaryIndexes": [_index(index) for index in needs.indexes if index.is_local],
        "GlobalSecondaryIndexes": [_index(index) for index in needs.indexes if not index.is_local],
    }
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": letter} for key, letter in sorted(keys)],
        "KeySchema": _schema(KEYS),
        **{kind: found for kind, found in indexes.items() if found},
        **({"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}} if needs.has_stream else {}),
    }


def _index(index: Index) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "KeySchema": _schema(index.keys),
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.holds)},
    }


def _schema(keys: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for (name, _), kind in zip(keys, ("HASH", "RANGE"), strict=True)]


def _wait(what: str, status: Callable[[], str]) -> None:
    for _ in range(READY_TRIES_MAX):
        if status() == "ACTIVE":
            return
        pause(READY_S)
    raise UnavailableError(f"{what} was not ready in {READY_TRIES_MAX * READY_S:.0f} s")
