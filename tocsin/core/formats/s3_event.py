"""The event with which S3 tells of new objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec

from tocsin.core.formats.iso_time import iso_ms

BUCKET: Final = "aws:s3"
CREATED: Final = "ObjectCreated"


@dataclass(frozen=True, slots=True)
class NewObject:
    """An object that was put.

    Attributes:
        bucket: Name of its bucket.
        key: As the object is called; events have it encoded.
        version: Tells apart what was put under one key: its entity tag and place in time.
        put_ms: When, UTC epoch milliseconds.
    """

    bucket: str
    key: str
    version: str
    put_ms: int


def is_s3_event(event: Mapping[str, Any]) -> bool:
    """Tell whether the event comes from a bucket."""
    records = event.get("Records")
    return isinstance(records, list) and bool(records) and records[0].get("eventSource") == BUCKET


def parse_s3_event(event: Mapping[str, Any]) -> list[NewObject]:
    """Return the new objects of the event; what was removed or restored is not among them.

    Raises:
        ValueError: The event is not one of a bucket.
    """
    try:
        return [
            NewObject(
                record["s3"]["bucket"]["name"],
                unquote_plus(record["s3"]["object"]["key"]),
                f"{record['s3']['object'].get('eTag', '')}-{record['s3']['object'].get('sequencer', '')}",
                max(0, iso_ms(record["eventTime"])),
            )
            for record in event["Records"]
            if str(record["eventName"]).removeprefix("s3:").startswith(CREATED)
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"event must be one of a bucket: {error!r}") from error


def s3_event_in(body: bytes) -> dict[str, Any] | None:
    """Return the event of a bucket that a queue's message holds, or None where it holds something else.

    A bucket sends a test message, too, when it is told of the queue: an event without records.
    """
    if b'"s3' not in body and b'"aws:s3"' not in body:
        return None
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    if said.get("Event") == "s3:TestEvent":
        return {"Records": []}
    return said if is_s3_event(said) else None
