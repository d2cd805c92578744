"""The event in which Lambda hands over the change feed of the table of alerts: parsed, and built."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tocsin.core.actions import Action
from tocsin.core.errors import DamagedError
from tocsin.core.formats.action_item import ACTION, action_item, action_of, is_action_item
from tocsin.core.formats.alert_item import WHOLE, alert_item, is_alert_item, transition_of
from tocsin.core.formats.table_item import Attributes
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
class FeedAction:
    """An action as the change feed delivers it; attributes as of ``FeedRecord``."""

    sequence: str
    event_id: str
    arrival_ms: int
    action: Action


@dataclass(frozen=True, slots=True)
class FeedDamage:
    """A record of the feed that should be a transition or an action and cannot be read.

    Attributes:
        sequence: Its sequence number.
        detail: What is wrong, one line.
    """

    sequence: str
    detail: str


@dataclass(frozen=True, slots=True)
class FeedBatch:
    """What one event held; changes that are no new transition or action are in neither list.

    Attributes:
        records: New transitions and actions, in the feed's order.
        damaged: Unreadable ones, in the feed's order.
    """

    records: tuple[FeedRecord | FeedAction, ...]
    damaged: tuple[FeedDamage, ...] = ()


def is_feed_event(event: Mapping[str, Any]) -> bool:
    """Tell whether the event comes from a table's change feed."""
    records = event.get("Records")
    return isinstance(records, list) and all(record.get("eventSource") == EVENT_SOURCE for record in records)


def parse_feed_event(event: Mapping[str, Any]) -> FeedBatch:
    """Return the new transitions and actions of the event; expiry, changes and other items say nothing new."""
    records: list[FeedRecord | FeedAction] = []
    damaged: list[FeedDamage] = []
    for record in event["Records"]:
        change = record["dynamodb"]
        if record["eventName"] != "INSERT":
            continue
        try:
            if is_alert_item(change["Keys"]):
                records.append(_feed_record(record["eventID"], change))
            elif is_action_item(change["Keys"]):
                records.append(_feed_action(record["eventID"], change))
        except DamagedError as error:
            damaged.append(FeedDamage(change["SequenceNumber"], str(error)))
    return FeedBatch(tuple(records), tuple(damaged))


def _feed_record(event_id: str, change: Mapping[str, Any]) -> FeedRecord:
    transition = transition_of(change.get("NewImage", {}))
    return FeedRecord(change["SequenceNumber"], event_id, _arrival_ms(change, transition.at_ms), transition)


def _feed_action(event_id: str, change: Mapping[str, Any]) -> FeedAction:
    action = action_of(change.get("NewImage", {}))
    return FeedAction(change["SequenceNumber"], event_id, _arrival_ms(change, action.at_ms), action)


def _arrival_ms(change: Mapping[str, Any], otherwise_ms: int) -> int:
    seconds = change.get("ApproximateCreationDateTime")
    return otherwise_ms if seconds is None else round(seconds * 1_000)


def stream_record(
    put: Transition | Action,
    *,
    sequence: str,
    arrival_ms: int,
    shard: str = "shard-0",
    region: str = "us-east-1",
    stream_arn: str = LOCAL_ARN,
) -> dict[str, Any]:
    """Return the record that the feed delivers once something was put; an event is a list of them.

    Args:
        put: What was put.
        sequence: Sequence number within the shard, decimal digits.
        arrival_ms: When it was put.
        shard: Name of the shard; with the sequence number it makes the event's id.
        region: Region of the table.
        stream_arn: Which stream it is.
    """
    image: Attributes = action_item(put) if isinstance(put, Action) else alert_item(put)
    name = ACTION if ACTION in image else WHOLE
    whole: bytes = image[name]["B"]
    image[name] = {"B": b64encode(whole).decode("ascii")}
    return {
        "eventID": f"{shard}:{sequence}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": EVENT_SOURCE,
        "awsRegion": region,
        "dynamodb": {
            "ApproximateCreationDateTime": arrival_ms / 1_000,
            "Keys": {"pk": image["pk"], "sk": image["sk"]},
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
