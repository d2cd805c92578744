"""Where what is given up goes: queues, topics, buckets and functions, by the ARN that the template names.

Source: AWS Lambda Developer Guide, "Retain discarded batch records for a Kinesis Data Streams event source in
Lambda" and "Capturing records of Lambda asynchronous invocations".
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from tocsin.core.clock import iso
from tocsin.runtime.asynchronous import DeadLetters, Destination
from tocsin.runtime.discarded import Discarded, OnFailure
from tocsin.runtime.mapping import Context
from tocsin.runtime.sam.resources import Resources

Send = Callable[[str, dict[str, Any]], object]
"""Sends an event to the function of a logical id."""


def of_mapping(arn: str, mapping: str, resources: Resources) -> OnFailure | None:
    """Return what takes the batches that a mapping gives up; a bucket gets the records too, others the metadata.

    Args:
        arn: Of the destination; empty for none.
        mapping: Id of the mapping.
        resources: Of the stack.
    """
    if not arn:
        return None
    service = arn.split(":")[2]

    def to_bucket(lost: Discarded, context: Context, now_ms: int) -> None:
        resources.bucket(arn).put(object_key(mapping, lost, now_ms), lost.report(context, now_ms))

    def to_queue(lost: Discarded, context: Context, now_ms: int) -> None:
        resources.queue(arn).send([lost.report(context, now_ms, has_payload=False).decode()])

    def to_topic(lost: Discarded, context: Context, now_ms: int) -> None:
        resources.topic(arn).publish(lost.report(context, now_ms, has_payload=False).decode())

    return {"s3": to_bucket, "sqs": to_queue, "sns": to_topic}[service]


def object_key(mapping: str, lost: Discarded, now_ms: int) -> str:
    """Return the documented key of a given-up batch; the same batch has the same one."""
    day, _, time = iso(now_ms // 1_000 * 1_000).rstrip("Z").partition("T")
    first = lost.records[0]
    name = uuid5(NAMESPACE_URL, f"{mapping} {first.shard} {first.sequence} {lost.records[-1].sequence}")
    folder = f"aws/lambda/{uuid5(NAMESPACE_URL, mapping)}/{first.shard}/{day.replace('-', '/')}"
    return f"{folder}/{day}T{time.replace(':', '.')}-{name}"


def of_invocation(arn: str, resources: Resources, send: Send) -> Destination | None:
    """Return what takes the record of an asynchronous invocation.

    Args:
        arn: Of the destination; empty for none.
        resources: Of the stack.
        send: Calls a function that is the destination.
    """
    if not arn:
        return None
    service = arn.split(":")[2]
    if service == "sqs":
        return lambda record: resources.queue(arn).send([record.decode()])
    if service == "sns":
        return lambda record: resources.topic(arn).publish(record.decode())
    if service == "s3":
        return lambda record: resources.bucket(arn).put(f"aws/lambda/async/{uuid5(NAMESPACE_URL, str(record))}", record)
    return lambda record: send(resources.names.id_of(arn), msgspec.json.decode(record))


def dead_letters(arn: str, resources: Resources) -> DeadLetters | None:
    """Return the dead-letter queue, or topic, of a function; empty ``arn`` for none."""
    if not arn:
        return None

    def keep(event: str, attributes: Mapping[str, str]) -> None:
        if arn.split(":")[2] == "sqs":
            resources.queue(arn).send([event], attributes)
        else:
            resources.topic(arn).publish(event, attributes=attributes)

    return keep
