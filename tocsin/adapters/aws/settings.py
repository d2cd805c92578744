"""What the AWS adapters must be told: names of streams, tables, buckets, queue, topic and bus, and where AWS is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from tocsin.core.clock import DAY_MS
from tocsin.core.errors import ConfigError

PARTS: Final = (
    "readings",
    "panes",
    "state",
    "windows",
    "alerts",
    "decisions",
    "directory",
    "gateway",
    "topic",
    "blobs",
)
"""The ports of a backend; a function names those that it uses."""

VARIABLES: Final = MappingProxyType(
    {
        "readings_stream": "TOCSIN_READINGS_STREAM",
        "panes_stream": "TOCSIN_PANES_STREAM",
        "state_bucket": "TOCSIN_STATE_BUCKET",
        "state_table": "TOCSIN_STATE_TABLE",
        "table_stages": "TOCSIN_STATE_TABLE_STAGES",
        "windows_table": "TOCSIN_WINDOWS_TABLE",
        "alerts_table": "TOCSIN_ALERTS_TABLE",
        "directory_table": "TOCSIN_DIRECTORY_TABLE",
        "gateway_queue_url": "TOCSIN_GATEWAY_QUEUE_URL",
        "topic_arn": "TOCSIN_TOPIC_ARN",
        "blobs_bucket": "TOCSIN_BLOBS_BUCKET",
        "bus": "TOCSIN_BUS",
        "checkpoints_table": "TOCSIN_CHECKPOINTS_TABLE",
        "region": "AWS_REGION",
    }
)
"""Field to the environment variable that it is read from."""

RETENTION_VARIABLE: Final = "TOCSIN_WINDOWS_RETENTION_DAYS"
ALLOW_VARIABLE: Final = "TOCSIN_ALLOW_ENDPOINT"
ENDPOINT_VARIABLE: Final = "AWS_ENDPOINT_URL"
ENDPOINT_SUFFIXES: Final = MappingProxyType(
    {
        "": "",
        "kinesis": "_KINESIS",
        "s3": "_S3",
        "dynamodb": "_DYNAMODB",
        "dynamodbstreams": "_DYNAMODB_STREAMS",
        "sqs": "_SQS",
        "sns": "_SNS",
        "events": "_EVENTBRIDGE",
        "secretsmanager": "_SECRETS_MANAGER",
    }
)
"""Service to what ends the variable of its own endpoint, as AWS's tools read it; ``""`` is all others."""

_NAMED_BY: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "readings": ("readings_stream",),
        "panes": ("panes_stream",),
        "state": ("state_bucket", "state_table"),
        "windows": ("windows_table",),
        "alerts": ("alerts_table",),
        "decisions": ("directory_table",),
        "directory": ("directory_table",),
        "gateway": ("gateway_queue_url",),
        "topic": ("topic_arn",),
        "blobs": ("blobs_bucket",),
    }
)
"""Part to the fields one of which must name where it is."""


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """Names of all that a deployment, or one function of it, uses; empty where it does not use it.

    Attributes:
        region: AWS region, e.g. ``eu-central-1``.
        readings_stream: Kinesis stream of readings.
        panes_stream: Kinesis stream of panes.
        state_bucket: S3 bucket of key groups' states.
        state_table: DynamoDB table of key groups' states; beside the bucket only with ``table_stages``.
        table_stages: Names of the stages whose states are in the table, with commas between; the others' are in the
            bucket. Empty where there is only one of the two.
        windows_table: DynamoDB table of windows.
        alerts_table: DynamoDB table of transitions and actions, with a stream of new images.
        directory_table: DynamoDB table of lists and decisions.
        gateway_queue_url: SQS queue of gateways' messages.
        topic_arn: SNS topic of notifications; one whose name ends with ``.fifo`` is FIFO.
        blobs_bucket: S3 bucket of rejections, late readings, plans and recordings.
        bus: EventBridge bus that gets transitions and decisions, by name or ARN; empty for none.
        checkpoints_table: DynamoDB table where a runtime outside of Lambda keeps how far it has read.
        windows_retention_ms: How long windows are kept after their end.
        endpoints: Service of ``ENDPOINT_SUFFIXES`` to its URL; empty on AWS itself.
        allows_endpoint: Whether endpoints may be off this machine.
    """

    region: str
    readings_stream: str = ""
    panes_stream: str = ""
    state_bucket: str = ""
    state_table: str = ""
    table_stages: str = ""
    windows_table: str = ""
    alerts_table: str = ""
    directory_table: str = ""
    gateway_queue_url: str = ""
    topic_arn: str = ""
    blobs_bucket: str = ""
    bus: str = ""
    checkpoints_table: str = ""
    windows_retention_ms: int = 400 * DAY_MS
    endpoints: Mapping[str, str] = field(default_factory=dict)
    allows_endpoint: bool = False

    def __post_init__(self) -> None:
        """Refuse an endpoint that is not on this machine, unless that is allowed."""
        if problems := _endpoint_problems(self.endpoints, allows_all=self.allows_endpoint):
            raise ConfigError("; ".join(problems))

    def endpoint(self, service: str) -> str | None:
        """Return the URL at which the service is, or None for AWS's own."""
        return self.endpoints.get(service) or self.endpoints.get("") or None

    def has(self, part: str) -> bool:
        """Tell whether the part of ``PARTS`` is named."""
        return any(getattr(self, name) for name in _NAMED_BY[part])


def from_environment(environment: Mapping[str, str], *, needs: Collection[str] = PARTS) -> AwsSettings:
    """Return the settings of a function.

    Args:
        environment: As ``os.environ``.
        needs: The parts of ``PARTS`` that the function uses; the names of all others may be missing.

    Raises:
        ConfigError: A needed name is missing or something cannot be read; the message has all such problems.
    """
    names = {name: environment.get(variable, "").strip() for name, variable in VARIABLES.items()}
    names["region"] = names["region"] or environment.get("AWS_DEFAULT_REGION", "").strip()
    endpoints = _endpoints(environment)
    allows_endpoint = allows_any_endpoint(environment)
    retention = environment.get(RETENTION_VARIABLE, "400").strip()
    problems = [
        *_missing(names, needs),
        *_endpoint_problems(endpoints, allows_all=allows_endpoint),
        *([] if _is_days(retention) else [f"{RETENTION_VARIABLE} must be whole days above 0, got {retention[:40]!r}"]),
    ]
    if problems:
        raise ConfigError("; ".join(problems))
    return AwsSettings(
        **names, windows_retention_ms=int(retention) * DAY_MS, endpoints=endpoints, allows_endpoint=allows_endpoint
    )


def allows_any_endpoint(environment: Mapping[str, str]) -> bool:
    """Tell whether the environment says that endpoints may be off this machine."""
    return environment.get(ALLOW_VARIABLE, "").lower() in {"1", "true", "yes"}


def is_loopback(url: str) -> bool:
    """Tell whether the URL leads to this machine, as far as can be seen without asking anyone.

    >>> is_loopback("http://127.0.0.1:5000"), is_loopback("https://kinesis.eu-central-1.amazonaws.com")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _missing(names: Mapping[str, str], needs: Collection[str]) -> list[str]:
    problems = [] if names["region"] else ["AWS_REGION is not set"]
    for part in PARTS:
        fields = _NAMED_BY[part]
        if part in needs and not any(names[name] for name in fields):
            problems.append(f"{' or '.join(VARIABLES[name] for name in fields)} is not set")
    if names["state_bucket"] and names["state_table"] and not names["table_stages"]:
        both = f"{VARIABLES['state_bucket']} and {VARIABLES['state_table']}"
        problems.append(
            f"{both} are both set, only one may be unless {VARIABLES['table_stages']} says whose is the table"
        )
    return list(dict.fromkeys(problems))


def _endpoints(environment: Mapping[str, str]) -> dict[str, str]:
    named = {
        service: environment.get(ENDPOINT_VARIABLE + suffix, "").strip()
        for service, suffix in ENDPOINT_SUFFIXES.items()
    }
    return {service: url for service, url in named.items() if url}


def _endpoint_problems(endpoints: Mapping[str, str], *, allows_all: bool) -> list[str]:
    problems = []
    for service, url in endpoints.items():
        variable = ENDPOINT_VARIABLE + ENDPOINT_SUFFIXES[service]
        if urlsplit(url).scheme not in {"http", "https"}:
            problems.append(f"{variable} must be an http or https URL, got {url[:80]!r}")
        elif not allows_all and not is_loopback(url):
            problems.append(f"{variable} must be on this machine unless {ALLOW_VARIABLE} is 1, got {url[:80]!r}")
    return problems


def _is_days(text: str) -> bool:
    return text.isdecimal() and int(text) > 0
