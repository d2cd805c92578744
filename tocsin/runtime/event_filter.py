"""Filters of event source mappings: what of a record a pattern sees.

Source: AWS Lambda Developer Guide, "Using event filtering with a Kinesis event source", "... with a DynamoDB event
source", "... with an Amazon SQS event source", and "Properly filtering ..." in each.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from tocsin.core.errors import ConfigError
from tocsin.runtime.event_pattern import matches, parse_pattern

Record = Mapping[str, Any]
Accepts = Callable[[Record], bool]
"""Tells whether a record of an event passes."""

NOT_JSON: Final = object()
KAFKA_PARTS: Final = ("key", "value")


def any_of(patterns: Sequence[str], passes: Callable[[Mapping[str, Any], Record], bool]) -> Accepts:
    """Return a filter that lets through what one of the patterns does.

    Args:
        patterns: JSON texts; none lets everything through.
        passes: How a pattern sees a record of this source.

    Raises:
        ConfigError: A text is no pattern.
    """
    parsed = [parse_pattern(text) for text in patterns]
    return lambda record: not parsed or any(passes(pattern, record) for pattern in parsed)


def kinesis_passes(pattern: Mapping[str, Any], record: Record) -> bool:
    """Tell whether the pattern lets the record of a Kinesis event through: ``data`` is its payload as JSON.

    Raises:
        ConfigError: The pattern sees ``data`` as anything but an object.
    """
    if isinstance(pattern.get("data"), list):
        raise ConfigError("filter pattern of a stream must see data as an object")
    seen = {**record["kinesis"], "eventID": record["eventID"], "eventSourceARN": record["eventSourceARN"]}
    if "data" in pattern:
        seen["data"] = _json(b64decode(record["kinesis"]["data"]))
    return matches(pattern, seen)  # what is not JSON is no object, so it does not match


def dynamodb_passes(pattern: Mapping[str, Any], record: Record) -> bool:
    """Tell whether the pattern lets the record of a DynamoDB stream through: it sees all of it."""
    return matches(pattern, dict(record))


def sqs_passes(pattern: Mapping[str, Any], record: Record) -> bool:
    """Tell whether the pattern lets the message through; ``body`` is JSON or plain text, as the pattern has it."""
    return matches(pattern, {**record, "body": _as_asked(pattern.get("body"), record["body"].encode())})


def kafka_passes(pattern: Mapping[str, Any], record: Record) -> bool:
    """Tell whether the pattern lets the record of a topic through; ``key`` and ``value`` are JSON or plain text."""
    seen = dict(record)
    for part in KAFKA_PARTS:
        if record.get(part) is not None:
            seen[part] = _as_asked(pattern.get(part), b64decode(record[part]))
    return matches(pattern, seen)


def _as_asked(wanted: object, data: bytes) -> object:
    """Return the data in the form of the pattern; where it has another form, something that never matches."""
    found = _json(data)
    is_json = isinstance(found, dict | list)
    if isinstance(wanted, dict):
        return found if is_json else NOT_JSON
    return NOT_JSON if is_json else data.decode(errors="replace")


def _json(data: bytes) -> object:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return NOT_JSON
