"""Events in the shapes that Lambda documents, built from what the embedded backend holds."""

from binascii import b2a_base64
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import md5
from typing import Any, Final

from tocsin.core.actions import decode_action, is_action_key
from tocsin.core.clock import iso
from tocsin.core.formats.alert_item import decode_transition
from tocsin.core.formats.dynamodb_event import stream_record
from tocsin.core.ports import QueueMessage, StoredRecord

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"


def kinesis_event_of(stream: str) -> Callable[[Sequence[StoredRecord]], dict[str, Any]]:
    """Return a function that makes Kinesis events of the stream's records."""
    return partial(_kinesis_event, f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}")


def _kinesis_event(arn: str, records: Sequence[StoredRecord]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record.partition_key,
                    "sequenceNumber": record.sequence,
                    "data": b2a_base64(record.data, newline=False).decode("ascii"),
                    "approximateArrivalTimestamp": record.arrival_ms / 1_000,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{record.shard}:{record.sequence}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/local",
                "awsRegion": REGION,
                "eventSourceARN": arn,
            }
            for record in records
        ]
    }


def feed_event(records: Sequence[StoredRecord]) -> dict[str, Any]:
    """Return the DynamoDB stream event of records of the table of alerts."""
    return {
        "Records": [
            stream_record(
                (decode_action if is_action_key(record.partition_key) else decode_transition)(record.data),
                sequence=record.sequence,
                arrival_ms=record.arrival_ms,
                shard=record.shard,
                region=REGION,
            )
            for record in records
        ]
    }


def sqs_event_of(queue: str) -> Callable[[Sequence[QueueMessage]], dict[str, Any]]:
    """Return a function that makes SQS events of the queue's messages."""
    return partial(_sqs_event, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")


def _sqs_event(arn: str, messages: Sequence[QueueMessage]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": message.id,
                "receiptHandle": message.receipt,
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": str(message.receive_count),
                    "SentTimestamp": str(message.sent_ms),
                    "SenderId": ACCOUNT,
                    "ApproximateFirstReceiveTimestamp": str(message.sent_ms),
                },
                "messageAttributes": {
                    name: {
                        "stringValue": value,
                        "stringListValues": [],
                        "binaryListValues": [],
                        "dataType": "String",
                    }
                    for name, value in message.attributes.items()
                },
                "md5OfBody": md5(message.body.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest(),
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
                "awsRegion": REGION,
            }
            for message in messages
        ]
    }


def schedule_event_of(rule: str) -> Callable[[int], dict[str, Any]]:
    """Return a function that makes EventBridge's scheduled event of an instant."""
    return partial(_schedule_event, rule)


def _schedule_event(rule: str, instant_ms: int) -> dict[str, Any]:
    return {
        "version": "0",
        "id": f"{rule}-{instant_ms}",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": iso(instant_ms // 1_000 * 1_000),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}"],
        "detail": {},
    }
