"""Events with which Lambda delivers messages of others: of queues, topics, streams and Kafka."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tocsin.core.errors import DamagedError
from tocsin.core.formats.iso_time import iso_ms
from tocsin.core.formats.kpl import deaggregated

QUEUE: Final = "aws:sqs"
TOPIC: Final = "aws:sns"
STREAM: Final = "aws:kinesis"
KAFKA: Final = frozenset({"aws:kafka", "SelfManagedKafka"})


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as delivered.

    Attributes:
        id: Names it within its source; the same in every delivery.
        source: Name of the queue, topic, stream or topic of Kafka.
        body: As sent, UTF-8; half a surrogate pair stays the three bytes that are not UTF-8.
        sent_ms: When it was sent, UTC epoch milliseconds.
        item: Names it in an answer with partial failures; empty where there are none.
        group: Whose order counts: message group of a FIFO queue; empty elsewhere.
        damage: Why the body cannot be what its form says, or empty.
    """

    id: str
    source: str
    body: bytes
    sent_ms: int
    item: str = ""
    group: str = ""
    damage: str = ""


def is_delivery_event(event: Mapping[str, Any]) -> bool:
    """Tell whether the event is one of those that ``parse_deliveries`` reads."""
    return event.get("eventSource") in KAFKA or _origin(event) in _READERS


def names_failures(event: Mapping[str, Any]) -> bool:
    """Tell whether the answer to the event may name the items that failed."""
    return _origin(event) in {QUEUE, STREAM}


def parse_deliveries(event: Mapping[str, Any]) -> list[Delivery]:
    """Return the messages of the event, in order.

    Raises:
        ValueError: The event is none of these.
    """
    try:
        if event.get("eventSource") in KAFKA:
            return list(_kafka(event))
        read = _READERS[_origin(event)]
        return [delivery for record in event["Records"] for delivery in read(record)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"event must be one of a queue, topic, stream or Kafka: {error!r}") from error


def _origin(event: Mapping[str, Any]) -> str:
    """Return where the records come from; of an event without records, a queue."""
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else {"eventSource": QUEUE} if records == [] else {}
    return str(first.get("eventSource") or first.get("EventSource") or "") if isinstance(first, dict) else ""


def _queue(record: Mapping[str, Any]) -> Iterator[Delivery]:
    yield Delivery(
        id=record["messageId"],
        source=record["eventSourceARN"].rpartition(":")[2],
        body=_unwrapped(record["body"]),
        sent_ms=int(record["attributes"]["SentTimestamp"]),
        item=record["messageId"],
        group=record["attributes"].get("MessageGroupId", ""),
    )


def _unwrapped(body: str) -> bytes:
    """Return the body; of what a topic put into a queue, the message within."""
    if body.startswith("{") and '"TopicArn"' in body:
        try:
            return msgspec.json.decode(body.encode(), type=_Notification).Message.encode(errors="surrogatepass")
        except (msgspec.MsgspecError, UnicodeEncodeError):
            pass
    return body.encode(errors="surrogatepass")


class _Notification(msgspec.Struct):
    """What a topic wraps a message in."""

    Type: str
    TopicArn: str
    Message: str


def _topic(record: Mapping[str, Any]) -> Iterator[Delivery]:
    said = record["Sns"]
    sent_ms = iso_ms(said["Timestamp"])
    body = said["Message"].encode(errors="surrogatepass")
    yield Delivery(said["MessageId"], said["TopicArn"].rpartition(":")[2], body, sent_ms)


def _stream(record: Mapping[str, Any]) -> Iterator[Delivery]:
    """Yield the record, or those that the Kinesis Producer Library packed into it."""
    kinesis = record["kinesis"]
    source = record["eventSourceARN"].rpartition("/")[2]
    sent_ms = round(kinesis["approximateArrivalTimestamp"] * 1_000)
    sequence, data = kinesis["sequenceNumber"], b64decode(kinesis["data"])
    name = record["eventID"]
    try:
        packed = deaggregated(data)
    except DamagedError as error:
        yield Delivery(name, source, data, sent_ms, sequence, damage=str(error))
        return
    if packed is None:
        yield Delivery(name, source, data, sent_ms, sequence)
        return
    for place, one in enumerate(packed):
        yield Delivery(f"{name}.{place}", source, one.data, sent_ms, sequence)


def _kafka(event: Mapping[str, Any]) -> Iterator[Delivery]:
    for partition, records in event["records"].items():
        for record in records:
            value = record.get("value")
            body = b"" if value is None else b64decode(value)  # a tombstone has none
            yield Delivery(f"{partition}:{record['offset']}", record["topic"], body, int(record["timestamp"]))


_READERS: Final = {QUEUE: _queue, TOPIC: _topic, STREAM: _stream}
