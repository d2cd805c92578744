"""The limits of the services, in one table: each is held before a call, so a refusal names the thing and the rule."""

from dataclasses import dataclass
from typing import Final

from tocsin.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Limit:
    """What a service takes at most.

    Attributes:
        most: The figure.
        what: Of what, with its unit.
        source: Where AWS says so.
    """

    most: int
    what: str
    source: str

    def hold(self, size: int, thing: str) -> None:
        """Refuse what is larger.

        Raises:
            ValueError: It is.
        """
        if size > self.most:
            raise ValueError(f"{thing} has {size} {self.what}, AWS takes {self.most} at most ({self.source})")


MIB: Final = 1024 * 1024

KINESIS_PUT_RECORDS: Final = Limit(500, "records a PutRecords request", "Kinesis API Reference, PutRecords")
KINESIS_PUT_BYTES: Final = Limit(
    5 * MIB, "bytes a PutRecords request, keys included", "Kinesis API Reference, PutRecords, until 2025; now 10 MiB"
)
KINESIS_RECORD_BYTES: Final = Limit(
    MIB, "bytes a record, key included", "Kinesis API Reference, GetRecords: 1 MiB unless the stream is set to more"
)
KINESIS_KEY_CHARACTERS: Final = Limit(
    256, "characters a partition key", "Kinesis API Reference, PutRecordsRequestEntry"
)
KINESIS_GET_RECORDS: Final = Limit(10_000, "records a GetRecords request", "Kinesis API Reference, GetRecords")
STREAMS_GET_RECORDS: Final = Limit(1_000, "records a GetRecords request", "DynamoDB Streams API Reference, GetRecords")
DYNAMODB_BATCH_ITEMS: Final = Limit(25, "items a BatchWriteItem request", "DynamoDB API Reference, BatchWriteItem")
DYNAMODB_ITEM_BYTES: Final = Limit(400 * 1024, "bytes an item, names included", "DynamoDB Developer Guide, Constraints")
DYNAMODB_KEY_BYTES: Final = Limit(1_024, "bytes a sort key", "DynamoDB Developer Guide, Constraints")
DYNAMODB_TRANSACTION_ITEMS: Final = Limit(100, "items a transaction", "DynamoDB API Reference, TransactWriteItems")
DYNAMODB_TRANSACTION_BYTES: Final = Limit(
    4 * 1000 * 1000, "bytes a transaction", "DynamoDB API Reference, TransactWriteItems: 4 MB"
)
S3_KEY_BYTES: Final = Limit(1_024, "bytes an object key", "S3 User Guide, Naming objects")
S3_LIST_KEYS: Final = Limit(1_000, "keys a ListObjectsV2 request", "S3 API Reference, ListObjectsV2")
SQS_BATCH_MESSAGES: Final = Limit(10, "messages a batch", "SQS API Reference, SendMessageBatch")
SQS_BATCH_BYTES: Final = Limit(MIB, "bytes a message or batch", "SQS API Reference, SendMessageBatch")
SQS_ATTRIBUTES: Final = Limit(10, "attributes a message", "SQS Developer Guide, Message attributes")
SNS_BATCH_MESSAGES: Final = Limit(10, "messages a batch", "SNS API Reference, PublishBatch")
SNS_BATCH_BYTES: Final = Limit(
    256 * 1024, "bytes a message or batch", "SNS API Reference, PublishBatch, unless the topic is set to more"
)
SNS_SUBJECT_CHARACTERS: Final = Limit(99, "characters a subject", "SNS API Reference, Publish: less than 100")
SNS_ID_CHARACTERS: Final = Limit(
    128, "characters a deduplication or group id", "SNS API Reference, PublishBatchRequestEntry"
)
EVENTS_BATCH_ENTRIES: Final = Limit(10, "entries a PutEvents request", "EventBridge API Reference, PutEvents")
EVENTS_BATCH_BYTES: Final = Limit(
    MIB - 1, "bytes a PutEvents request", "EventBridge API Reference, PutEvents: less than 1 MB"
)


def hold_state(size: int, limit: Limit, thing: str) -> None:
    """Refuse a state that a table cannot take.

    Raises:
        ConfigError: It is larger: its stage belongs on S3.
    """
    if size > limit.most:
        raise ConfigError(
            f"{thing} has {size} bytes, a table takes {limit.most} ({limit.source}); keep its stage's state on S3"
        )


def table() -> dict[str, Limit]:
    """Return all limits by name, in the order in which they are written."""
    return {name: value for name, value in globals().items() if isinstance(value, Limit)}
