"""The clients: made once, at cold start, with timeouts and retries set."""

from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

import boto3
from botocore.config import Config

from tocsin.adapters.aws.parallel import REQUESTS_MAX
from tocsin.adapters.aws.settings import AwsSettings, is_loopback

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

CONNECT_S: Final = 2
READ_S: Final = 10
ATTEMPTS_MAX: Final = 3
"""Of botocore, for a connection that broke or an answer 5xx; throttles have more patience (``patience``)."""

STAND_IN_KEY: Final = "tocsin"
"""Credentials for a stand-in on this machine: real ones are never shown to it."""


class Clients:
    """Makes each client when it is first asked for, and then has it.

    Args:
        settings: Where the services are.
    """

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._session = boto3.session.Session(region_name=settings.region)
        self._made: dict[str, Any] = {}
        self._lock = Lock()

    @property
    def kinesis(self) -> "KinesisClient":
        """Of Kinesis."""
        return cast("KinesisClient", self._client("kinesis"))

    @property
    def dynamodb(self) -> "DynamoDBClient":
        """Of DynamoDB."""
        return cast("DynamoDBClient", self._client("dynamodb"))

    @property
    def streams(self) -> "DynamoDBStreamsClient":
        """Of DynamoDB's change streams."""
        return cast("DynamoDBStreamsClient", self._client("dynamodbstreams"))

    @property
    def s3(self) -> "S3Client":
        """Of S3."""
        return cast("S3Client", self._client("s3"))

    @property
    def sqs(self) -> "SQSClient":
        """Of SQS."""
        return cast("SQSClient", self._client("sqs"))

    @property
    def sns(self) -> "SNSClient":
        """Of SNS."""
        return cast("SNSClient", self._client("sns"))

    @property
    def events(self) -> "EventBridgeClient":
        """Of EventBridge."""
        return cast("EventBridgeClient", self._client("events"))

    @property
    def secrets(self) -> Any:  # noqa: ANN401  there are no stubs of it here
        """Of Secrets Manager."""
        return self._client("secretsmanager")

    def close(self) -> None:
        """Close all connections."""
        for client in self._made.values():
            client.close()

    def _client(self, service: str) -> Any:  # noqa: ANN401  each service has a type of its own
        with self._lock:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

    def _make(self, service: str) -> Any:  # noqa: ANN401  as above
        endpoint = self._settings.endpoint(service)
        keys = (
            {"aws_access_key_id": STAND_IN_KEY, "aws_secret_access_key": STAND_IN_KEY}
            if endpoint and is_loopback(endpoint)
            else {}
        )
        make = cast("Any", self._session.client)
        return make(service, endpoint_url=endpoint, config=_config(endpoint), **keys)


def _config(endpoint: str | None) -> Config:
    """Return how to call; endpoints come from the settings alone, wherever else botocore would look."""
    more: dict[str, Any] = {"ignore_configured_endpoint_urls": True}
    if endpoint:
        more |= {"s3": {"addressing_style": "path"}, "account_id_endpoint_mode": "disabled"}
    return Config(
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS_MAX},
        max_pool_connections=REQUESTS_MAX,
        tcp_keepalive=True,
        user_agent_extra="tocsin",
        **more,
    )
