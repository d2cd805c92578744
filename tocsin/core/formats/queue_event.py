"""The event with which Lambda delivers messages of an SQS queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as delivered.

    Attributes:
        id: Names it in a partial failure; the same in every delivery.
        queue: Name of the queue.
        body: As sent, UTF-8; half a surrogate pair stays the three bytes that are not UTF-8.
        sent_ms: When it was sent, UTC epoch milliseconds.
    """

    id: str
    queue: str
    body: bytes
    sent_ms: int


def parse_queue_event(event: Mapping[str, Any]) -> list[Delivery]:
    """Return the messages of the event, in order.

    Raises:
        ValueError: The event is not one of a queue.
    """
    try:
        return [
            Delivery(
                id=record["messageId"],
                queue=record["eventSourceARN"].rpartition(":")[2],
                body=record["body"].encode(errors="surrogatepass"),
                sent_ms=int(record["attributes"]["SentTimestamp"]),
            )
            for record in event["Records"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"event must be one of a queue: {error!r}") from error
