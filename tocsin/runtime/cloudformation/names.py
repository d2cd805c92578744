"""What resources are called: what ``Ref`` and ``Fn::GetAtt`` give, as CloudFormation documents it for each type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack is.

    Attributes:
        stack: Its name.
        region: AWS region.
        account: Twelve digits.
        partition: ``aws`` almost everywhere.
    """

    stack: str = "tocsin"
    region: str = REGION
    account: str = ACCOUNT
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str, *, account: bool = False) -> str:
        """Return the ARN of a resource that has no region, and an account only where it says so."""
        return f"arn:{self.partition}:{service}::{self.account if account else ''}:{resource}"

    def pseudo_parameters(self) -> dict[str, Any]:
        """Return what names that begin with ``AWS::`` mean."""
        return {
            "AWS::StackName": self.stack,
            "AWS::StackId": self.arn("cloudformation", f"stack/{self.stack}/00000000"),
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NotificationARNs": [],
        }


NAME_PROPERTY: Final[Mapping[str, str]] = {
    "AWS::Kinesis::Stream": "Name",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Events::EventBus": "Name",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Serverless::HttpApi": "Name",
    "AWS::SecretsManager::Secret": "Name",
}
"""Type to the property that may name its resources; else CloudFormation makes up a name."""

_ARNS: Final[Mapping[str, tuple[str, str]]] = {
    "AWS::Kinesis::Stream": ("kinesis", "stream/{}"),
    "AWS::DynamoDB::Table": ("dynamodb", "table/{}"),
    "AWS::SQS::Queue": ("sqs", "{}"),
    "AWS::SNS::Topic": ("sns", "{}"),
    "AWS::Events::EventBus": ("events", "event-bus/{}"),
    "AWS::Lambda::Function": ("lambda", "function:{}"),
    "AWS::Serverless::Function": ("lambda", "function:{}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}:*"),
    "AWS::KMS::Key": ("kms", "key/{}"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret:{}"),
}
STREAM_LABEL: Final = "2026-01-01T00:00:00.000"


def ref_of(kind: str, name: str, place: Place) -> str:
    """Return what ``Ref`` gives of a resource.

    Args:
        kind: Its type.
        name: Its physical name.
        place: Where the stack is.
    """
    if kind == "AWS::SQS::Queue":
        return f"https://sqs.{place.region}.amazonaws.com/{place.account}/{name}"
    if kind in {"AWS::SNS::Topic", "AWS::SecretsManager::Secret"}:
        return arn_of(kind, name, place)
    if kind == "AWS::Lambda::Alias":
        return place.arn("lambda", f"function:{name}:live")
    return name


def attribute_of(kind: str, name: str, attribute: str, place: Place) -> str:
    """Return what ``Fn::GetAtt`` gives of a resource; of those that nothing here needs, a text that names it."""
    if attribute == "Arn":
        return arn_of(kind, name, place)
    if kind == "AWS::DynamoDB::Table" and attribute == "StreamArn":
        return f"{arn_of(kind, name, place)}/stream/{STREAM_LABEL}"
    if kind == "AWS::SNS::Topic" and attribute == "TopicArn":
        return arn_of(kind, name, place)
    return name if attribute in {"Name", "QueueName", "TopicName"} else f"{name}.{attribute}"


def arn_of(kind: str, name: str, place: Place) -> str:
    """Return the ARN of a resource."""
    if kind == "AWS::S3::Bucket":
        return f"arn:{place.partition}:s3:::{name}"
    if kind == "AWS::IAM::Role":
        return place.global_arn("iam", f"role/{name}", account=True)
    service, form = _ARNS.get(kind, (kind.split("::")[1].lower(), "{}"))
    return place.arn(service, form.format(name))
