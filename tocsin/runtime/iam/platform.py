"""What AWS itself does with a role: logs, mappings, schedules, networks; as documented for each setting.

Sources: Lambda Developer Guide, "Required permissions" of each event source, "Capturing records of discarded
batches", "Giving functions access to resources in a VPC", "Configuring Lambda permissions for Amazon MSK event
source mappings", "Configuring self-managed Apache Kafka event sources"; IoT Developer Guide, "Kinesis Data Streams"
and "S3" actions; EventBridge Scheduler User Guide, "Execution role".
"""

from collections.abc import Iterator
from typing import Any, Final

from tocsin.runtime.cloudformation.names import arn_of
from tocsin.runtime.cloudformation.resolve import Resource, Stack
from tocsin.runtime.iam.deployment import FUNCTION, Names, key_arn, names_of
from tocsin.runtime.iam.policy import Call

LOG_ACTIONS: Final = ("logs:CreateLogStream", "logs:PutLogEvents")
KINESIS_ACTIONS: Final = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)
FEED_ACTIONS: Final = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)
QUEUE_ACTIONS: Final = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
NETWORK_ACTIONS: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
MSK_ACTIONS: Final = ("kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers")
MSK_CLUSTER_ACTIONS: Final = ("kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration")
MSK_TOPIC_ACTIONS: Final = ("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData")
MSK_GROUP_ACTIONS: Final = ("kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup")
POLLER_ACTIONS: Final = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
GIVEN_UP: Final = "aws/lambda/mapping/shard/2026/11/23/batch"
"""What a mapping writes when it gives up begins with this."""


def platform_calls(stack: Stack) -> Iterator[tuple[str, Call]]:
    """Yield what AWS does in the name of each role: the role's ARN, and a call."""
    for function in stack.of_kind(FUNCTION):
        role, names = str(function.properties["Role"]), names_of(stack, function)
        for call in _of_function(stack, function, names):
            yield role, call
        for event in function.properties.get("Events", {}).values():
            settings = event.get("Properties", {})
            for call in _of_mapping(event["Type"], settings, names):
                yield role, call
            if event["Type"] == "ScheduleV2" and "RoleArn" in settings:
                yield settings["RoleArn"], Call("lambda:InvokeFunction", _alias(stack, function))
    for rule in stack.of_kind("AWS::IoT::TopicRule"):
        yield from _of_iot(stack, rule)


def _of_function(stack: Stack, function: Resource, names: Names) -> Iterator[Call]:
    group = function.properties["LoggingConfig"]["LogGroup"]
    for action in LOG_ACTIONS:
        yield Call(action, stack.place.arn("logs", f"log-group:{group}:log-stream:today"))
    yield from names.key_calls("kms:Decrypt")  # its environment, at cold start
    if "VpcConfig" in function.properties:
        yield from (Call(action, "*") for action in NETWORK_ACTIONS)


def _of_mapping(kind: str, settings: dict[str, Any], names: Names) -> Iterator[Call]:
    if kind == "Kinesis":
        yield from (Call(action, settings["Stream"]) for action in KINESIS_ACTIONS)
    elif kind == "DynamoDB":
        yield from (Call(action, settings["Stream"]) for action in FEED_ACTIONS)
    elif kind == "SQS":
        yield from (Call(action, settings["Queue"]) for action in QUEUE_ACTIONS)
    elif kind == "MSK":
        yield from _of_msk(settings)
    elif kind == "SelfManagedKafka":
        yield from (Call("secretsmanager:GetSecretValue", one["URI"]) for one in settings["SourceAccessConfigurations"])
    if kind in {"Kinesis", "DynamoDB", "SQS"}:
        yield from names.key_calls("kms:Decrypt")
    bucket = settings.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if bucket:
        yield Call("s3:PutObject", f"{bucket}/{GIVEN_UP}")
        yield Call("s3:ListBucket", bucket)
        yield from names.key_calls("kms:GenerateDataKey")


def _of_msk(settings: dict[str, Any]) -> Iterator[Call]:
    """Yield what pollers of a cluster with IAM as its authentication do."""
    cluster = str(settings["Stream"])
    yield from (Call(action, "*") for action in POLLER_ACTIONS)
    yield from (Call(action, cluster) for action in (*MSK_ACTIONS, *MSK_CLUSTER_ACTIONS))
    for topic in settings["Topics"]:
        arn = cluster.replace(":cluster/", ":topic/")
        yield from (Call(action, f"{arn}/{topic}") for action in MSK_TOPIC_ACTIONS)
    arn = cluster.replace(":cluster/", ":group/")
    yield from (Call(action, f"{arn}/{settings['ConsumerGroupId']}") for action in MSK_GROUP_ACTIONS)


def _alias(stack: Stack, function: Resource) -> str:
    name, alias = function.properties["FunctionName"], function.properties["AutoPublishAlias"]
    return arn_of(FUNCTION, f"{name}:{alias}", stack.place)


def _of_iot(stack: Stack, rule: Resource) -> Iterator[tuple[str, Call]]:
    payload = rule.properties["TopicRulePayload"]
    key = key_arn(stack)
    for action in [*payload["Actions"], payload["ErrorAction"]]:
        ((kind, settings),) = action.items()
        role = settings["RoleArn"]
        if kind == "Kinesis":
            stream = arn_of("AWS::Kinesis::Stream", settings["StreamName"], stack.place)
            yield role, Call("kinesis:PutRecord", stream)
        else:
            bucket = arn_of("AWS::S3::Bucket", settings["BucketName"], stack.place)
            yield role, Call("s3:PutObject", f"{bucket}/{settings['Key'].partition('$')[0]}device")
        if key:
            yield role, Call("kms:GenerateDataKey", key)
