"""Gives a stand-in of AWS what a template declares. What stand-ins do not look at, such as encryption, is left out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec
from botocore.exceptions import ClientError

from tocsin.adapters.aws.clients import Clients
from tocsin.adapters.aws.faults import code_of
from tocsin.core.clock import pause
from tocsin.core.errors import UnavailableError

RECEIVES_MAX: Final = 5
"""Of queues that no template declares: received so often and not deleted, a message is a dead letter."""

READY_TRIES_MAX: Final = 400
READY_S: Final = 0.05
TABLE_PROPERTIES: Final = (
    "TableName",
    "BillingMode",
    "ProvisionedThroughput",
    "AttributeDefinitions",
    "KeySchema",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexes",
)
QUEUE_ATTRIBUTES: Final = (
    "VisibilityTimeout",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "DelaySeconds",
    "FifoQueue",
    "RedrivePolicy",
)


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource as a template declares it.

    Attributes:
        id: Logical id.
        kind: Type, e.g. ``AWS::SQS::Queue``.
        name: What it is called.
        arn: What the template's other resources call it.
        properties: Without functions.
    """

    id: str
    kind: str
    name: str
    arn: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that a stand-in has.

    Attributes:
        ref: What settings call it: a name, of a queue its URL, of a topic or secret its ARN.
        arn: Its ARN there; empty where nothing refers to it.
    """

    ref: str
    arn: str = ""


def make(clients: Clients, resources: Iterable[Declared]) -> dict[str, Made]:
    """Make the resources, those first that others refer to; return logical id to what was made.

    Types that nobody makes here are left out: roles, functions, alarms and the like.
    """
    found: dict[str, Made] = {}
    real: dict[str, str] = {}
    ordered = [one for one in resources if one.kind in _MAKERS]
    for one in sorted(ordered, key=_rank):
        made = _MAKERS[one.kind](clients, one.name, _renamed(dict(one.properties), real))
        found[one.id] = made
        if made.arn:
            real[one.arn] = made.arn
    return found


def make_queue(clients: Clients, name: str) -> str:
    """Make a queue of that name, and its dead letters beside it; return its URL."""
    dead = _queue(clients, f"{name}-dead", {})
    policy = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": RECEIVES_MAX}
    return _queue(clients, name, {"RedrivePolicy": policy}).ref


def _rank(one: Declared) -> tuple[int, bool]:
    return list(_MAKERS).index(one.kind), "RedrivePolicy" in one.properties


def _renamed(value: Any, real: Mapping[str, str]) -> Any:  # noqa: ANN401  a template is plain data
    """Return the value with what the stand-in calls resources in place of what the template does."""
    if isinstance(value, dict):
        return {name: _renamed(inner, real) for name, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, real) for inner in value]
    return real.get(value, value) if isinstance(value, str) else value


def _stream(clients: Clients, name: str, properties: dict[str, Any]) -> Made:
    clients.kinesis.create_stream(StreamName=name, ShardCount=int(properties["ShardCount"]))
    _wait(
        f"stream {name}",
        lambda: clients.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"],
    )
    return Made(name)


def _table(clients: Clients, name: str, properties: dict[str, Any]) -> Made:
    request: dict[str, Any] = {key: properties[key] for key in TABLE_PROPERTIES if key in properties}
    if stream := properties.get("StreamSpecification"):
        request["StreamSpecification"] = {"StreamEnabled": True, **stream}
    clients.dynamodb.create_table(**request)
    _wait(f"table {name}", lambda: clients.dynamodb.describe_table(TableName=name)["Table"]["TableStatus"])
    if expiry := properties.get("TimeToLiveSpecification"):
        _expire(clients, name, expiry)
    return Made(name)


def _expire(clients: Clients, name: str, expiry: Any) -> None:  # noqa: ANN401  a template is plain data
    """Have items expire; a stand-in that does not know how keeps them, which hurts nobody."""
    try:
        clients.dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    except ClientError as error:
        if code_of(error) != "UnknownOperationException":
            raise


def _queue(clients: Clients, name: str, properties: dict[str, Any]) -> Made:
    attributes = {key: _text(properties[key]) for key in QUEUE_ATTRIBUTES if key in properties}
    url = clients.sqs.create_queue(QueueName=name, Attributes=cast("Any", attributes))["QueueUrl"]
    found = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return Made(url, found["Attributes"]["QueueArn"])


def _text(value: Any) -> str:  # noqa: ANN401  a template is plain data
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) else msgspec.json.encode(value).decode()


def _topic(clients: Clients, name: str, properties: dict[str, Any]) -> Made:
    attributes = {"FifoTopic": "true"} if properties.get("FifoTopic") else {}
    arn = clients.sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
    return Made(arn, arn)


def _subscription(clients: Clients, name: str, properties: dict[str, Any]) -> Made:  # noqa: ARG001  as all makers
    """Subscribe a queue; people are not written to from a stand-in."""
    if properties["Protocol"] != "sqs":
        return Made("")
    attributes: dict[str, str] = {
        key: _text(properties[key]) for key in ("RawMessageDelivery", "FilterPolicy") if key in properties
    }
    answer = clients.sns.subscribe(
        TopicArn=properties["TopicArn"], Protocol="sqs", Endpoint=properties["Endpoint"], Attributes=attributes
    )
    return Made(answer["SubscriptionArn"])


def _bucket(clients: Clients, name: str, properties: dict[str, Any]) -> Made:
    try:
        clients.s3.create_bucket(Bucket=name)
    except ClientError as error:
        if code_of(error) != "BucketAlreadyOwnedByYou":
            raise
    told = (properties.get("NotificationConfiguration") or {}).get("QueueConfigurations") or []
    queues = [
        {
            "QueueArn": one["Queue"],
            "Events": [one["Event"]],
            "Filter": {"Key": {"FilterRules": one["Filter"]["S3Key"]["Rules"]}},
        }
        for one in told
    ]
    if queues:
        configuration: Any = {"QueueConfigurations": queues}
        clients.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=configuration)
    return Made(name)


def _bus(clients: Clients, name: str, properties: dict[str, Any]) -> Made:  # noqa: ARG001  as all makers
    clients.events.create_event_bus(Name=name)
    return Made(name)


def _secret(clients: Clients, name: str, properties: dict[str, Any]) -> Made:
    arn = clients.secrets.create_secret(Name=name, SecretString=properties["SecretString"])["ARN"]
    return Made(arn, arn)


_MAKERS: Final[Mapping[str, Callable[[Clients, str, dict[str, Any]], Made]]] = {
    "AWS::SQS::Queue": _queue,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::Subscription": _subscription,
    "AWS::Kinesis::Stream": _stream,
    "AWS::DynamoDB::Table": _table,
    "AWS::S3::Bucket": _bucket,
    "AWS::Events::EventBus": _bus,
    "AWS::SecretsManager::Secret": _secret,
}
"""Type to what makes it, in the order in which they are made: what others refer to first."""


def _wait(what: str, status: Callable[[], str]) -> None:
    for _ in range(READY_TRIES_MAX):
        if status() == "ACTIVE":
            return
        pause(READY_S)
    raise UnavailableError(f"{what} was not ready in {READY_TRIES_MAX * READY_S:.0f} s")
