"""Events in the shapes that Lambda documents for topics, buckets and Kafka.

Source: AWS Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications", "Process Amazon S3
event notifications with Lambda", "Using Lambda with Amazon MSK", "Using Lambda with self-managed Apache Kafka".
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import md5
from typing import Any
from urllib.parse import quote_plus

from tocsin.core.clock import iso
from tocsin.core.ports import StoredRecord
from tocsin.runtime.events import REGION


def sns_event(arn: str, message: Mapping[str, Any], message_id: str, at_ms: int) -> dict[str, Any]:
    """Return the event with which a topic calls a function: one message.

    Args:
        arn: Of the topic.
        message: ``Message``, ``Subject`` and ``MessageAttributes`` as published.
        message_id: Its id.
        at_ms: When it was published.
    """
    return {
        "Records": [
            {
                "EventVersion": "1.0",
                "EventSubscriptionArn": f"{arn}:00000000-0000-0000-0000-000000000000",
                "EventSource": "aws:sns",
                "Sns": sns_envelope(arn, message, message_id, at_ms),
            }
        ]
    }


def sns_envelope(arn: str, message: Mapping[str, Any], message_id: str, at_ms: int) -> dict[str, Any]:
    """Return the message as a topic hands it on: also the body of a queue's message, unless delivered raw."""
    return {
        "SignatureVersion": "1",
        "Timestamp": iso(at_ms),
        "Signature": "EXAMPLE",
        "SigningCertURL": f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService.pem",
        "MessageId": message_id,
        "Message": message["Message"],
        "MessageAttributes": {
            name: {"Type": "String", "Value": value} for name, value in message["MessageAttributes"].items()
        },
        "Type": "Notification",
        "UnsubscribeURL": f"https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe",
        "TopicArn": arn,
        "Subject": message["Subject"],
    }


def s3_event(bucket: str, key: str, name: str, data: bytes, sequence: int, at_ms: int) -> dict[str, Any]:
    """Return the event that tells of one object.

    Args:
        bucket: Its name.
        key: Of the object; events have it encoded as in URLs.
        name: What happened, e.g. ``ObjectCreated:Put``.
        data: The object.
        sequence: Orders events of one key.
        at_ms: When it happened.
    """
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": REGION,
                "eventTime": iso(at_ms),
                "eventName": name,
                "userIdentity": {"principalId": "AWS:LOCAL"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {"x-amz-request-id": f"{sequence:016X}", "x-amz-id-2": "local"},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "local",
                    "bucket": {
                        "name": bucket,
                        "ownerIdentity": {"principalId": "LOCAL"},
                        "arn": f"arn:aws:s3:::{bucket}",
                    },
                    "object": {
                        "key": quote_plus(key, safe="/"),
                        "size": len(data),
                        "eTag": md5(data, usedforsecurity=False).hexdigest(),
                        "sequencer": f"{sequence:016X}",
                    },
                },
            }
        ]
    }


def kafka_event(topic: str, records: Sequence[StoredRecord], *, arn: str = "") -> dict[str, Any]:
    """Return the event of records of one partition of a topic; with the ARN of a cluster of MSK, or without."""
    source = {"eventSource": "aws:kafka", "eventSourceArn": arn} if arn else {"eventSource": "SelfManagedKafka"}
    partition = int(records[0].shard.rpartition("-")[2]) if records else 0
    return {
        **source,
        "bootstrapServers": f"b-1.local.kafka.{REGION}.amazonaws.com:9092",
        "records": {
            f"{topic}-{partition}": [
                {
                    "topic": topic,
                    "partition": partition,
                    "offset": int(record.sequence) - 1,
                    "timestamp": record.arrival_ms,
                    "timestampType": "CREATE_TIME",
                    "key": b64encode(record.partition_key.encode()).decode(),
                    "value": b64encode(record.data).decode(),
                    "headers": [],
                }
                for record in records
            ]
        },
    }
