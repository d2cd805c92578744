"""The event in which Lambda hands over the change feed of the table of alerts: parsed, and built."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tocsin.core.errors import DamagedError
from tocsin.core.formats.alert_item import (
    WHOLE,
    Attributes,
    alert_item,
    alert_key,
    is_alert_item,
    transition_of,
)
from tocsin.core.messages import Transition

EVENT_SOURCE: Final = "aws:dynamodb"
LOCAL_ARN: Final = "arn:aws:dynamodb:us-east-1:000000000000:table/alerts/stream/2026-01-01T00:00:00.000"


@dataclass(frozen=True, slots=True)
class FeedRecord:
    """A transition as the change feed delivers it.

    Attributes:
        sequence: Sequence number within its shard, decimal digits; names the record in a partial failure.
        event_id: Id of the event; the same in every delivery.
        arrival_ms: When the table took the transition, UTC epoch milliseconds, as exact as the feed says.
        transition: What was put.
    """

    sequence: str
    event_id: str
    arrival_ms: int
    transition: Transition


@dataclass(frozen=True, slots=True)
class FeedDamage:
    """A record of the feed that should be a transition and cannot be read.

    Attributes:
        sequence: Its sequence number.
        detail: What is wrong, one line.
    """

    sequence: str
    detail: str


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """What one event held; changes that are no new transition are in neither list.

    Attributes:
        records: New transitions, in the feed's order.
        damaged: Unreadable ones, in the feed's order.
    """

    records: tuple[FeedRecord, ...]
    damaged: tuple[FeedDamage, ...] = ()


def is_feed_event(event: Mapping[str, Any]) -> bool:
    """Tell whether the event comes from a table's change feed."""
    records = event.get("Records")
    return isinstance(records, list) and all(record.get("eventSource") == EVENT_SOURCE for record in records)


def parse_feed_event(event: Mapping[str, Any]) -> FeedBatch:
    """Return the new transitions of the event; expiry, changes and other items say nothing new."""
    records: list[FeedRecord] = []
    damaged: list[FeedDamage] = []
    for record in event["Records"]:
        change = record["dynamodb"]
        if record["eventName"] != "INSERT" or not is_alert_item(change["Keys"]):
            continue
        try:
            records.append(_feed_record(record["eventID"], change))
        except DamagedError as error:
            damaged.append(FeedDamage(change["SequenceNumber"], str(error)))
    return FeedBatch(tuple(records), tuple(damaged))


def _feed_record(event_id: str, change: Mapping[str, Any]) -> FeedRecord:
    transition = transition_of(change.get("NewImage", {}))
    seconds = change.get("ApproximateCreationDateTime")
    arrival_ms = transition.at_ms if seconds is None else round(seconds * 1_000)
    return FeedRecord(change["SequenceNumber"], event_id, arrival_ms, transition)


def stream_record(
    transition: Transition,
    *,
    sequence: str,
    arrival_ms: int,
    shard: str = "shard-0",
    region: str = "us-east-1",
    stream_arn: str = LOCAL_ARN,
) -> dict[str, Any]:
    """Return the record that the feed delivers once the transition was put; an event is a list of them.

    Args:
        transition: What was put.
        sequence: Sequence number within the shard, decimal digits.
        arrival_ms: When it was put.
        shard: Name of the shard; with the sequence number it makes the event's id.
        region: Region of the table.
        stream_arn: Which stream it is.
    """
    image: Attributes = alert_item(transition)
    whole: bytes = image[WHOLE]["B"]
    image[WHOLE] = {"B": b64encode(whole).decode("ascii")}
    return {
        "eventID": f"{shard}:{sequence}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": EVENT_SOURCE,
        "awsRegion": region,
        "dynamodb": {
            "ApproximateCreationDateTime": arrival_ms / 1_000,
            "Keys": alert_key(transition),
            "NewImage": image,
            "SequenceNumber": sequence,
            "SizeBytes": len(whole) + sum(map(_size_bytes, image.values())),
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": stream_arn,
    }


def _size_bytes(value: Mapping[str, Any]) -> int:
    """Return about what the value takes; informative, as the feed's own figure is."""
    return sum(len(part) for letter, part in value.items() if letter != "B")
