"""What ``aws kinesis get-records`` prints: JSON with records in base64, one document or several after another."""

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from tocsin.core.formats.foreign import Misread, checked_time_ms
from tocsin.core.formats.recording import Recorded

KEY_CHARACTERS_MAX: Final = 256
"""Longest partition key that Kinesis takes."""
DATA_CHARACTERS_MAX: Final = 14 * 1024 * 1024
"""Base64 of the largest record that Kinesis takes, 10 MiB."""

_decoder: Final = json.JSONDecoder()


def read_kinesis_dump(text: str, *, shard: str = "dump") -> Iterator[Recorded | Misread]:
    """Yield the records in the order of the dump, numbered from 1; one that is damaged is told, not guessed.

    Args:
        text: The documents, blanks between them.
        shard: What positions call the shard, which a dump does not name.
    """
    place = 0
    for document in _documents(text):
        records = document.get("Records") if isinstance(document, dict) else document
        if isinstance(document, Misread) or not isinstance(records, list):
            place += 1
            why = document.message if isinstance(document, Misread) else "document must have a list of Records"
            yield Misread(place, why)
            continue
        for record in records:
            place += 1
            yield _read(place, record, shard)


def _documents(text: str) -> Iterator[object]:
    at = 0
    while (at := _after_blanks(text, at)) < len(text):
        try:
            document, at = _decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            # What follows cannot be told apart from the rest of what is broken.
            yield Misread(0, f"the dump is no JSON from character {at + 1} on: {error}")
            return
        yield document


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _read(place: int, record: object, shard: str) -> Recorded | Misread:
    if not isinstance(record, dict):
        return Misread(place, f"record must be an object, got {type(record).__name__}")
    try:
        return Recorded(
            checked_time_ms(_arrival_ms(record.get("ApproximateArrivalTimestamp"))),
            _text(record, "PartitionKey", KEY_CHARACTERS_MAX),
            b64decode(_text(record, "Data", DATA_CHARACTERS_MAX), validate=True),
            f"{shard}:{_text(record, 'SequenceNumber', KEY_CHARACTERS_MAX)}",
        )
    except ValueError as error:
        return Misread(place, str(error))


def _text(record: dict[str, Any], key: str, longest: int) -> str:
    found = record.get(key)
    if not isinstance(found, str) or len(found) > longest:
        raise ValueError(f"{key} must be text of at most {longest} characters")
    return found


def _arrival_ms(stamp: object) -> float:
    """Return the arrival: the first version of the command prints seconds, the second ISO 8601."""
    if isinstance(stamp, int | float) and not isinstance(stamp, bool):
        return round(stamp * 1_000)
    if not isinstance(stamp, str):
        raise ValueError("ApproximateArrivalTimestamp must be seconds or ISO 8601")  # noqa: TRY004  bad data, no bug
    moment = datetime.fromisoformat(stamp)
    if moment.tzinfo is None:
        raise ValueError(f"ApproximateArrivalTimestamp must name its zone, got {stamp[:40]!r}")
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000)
