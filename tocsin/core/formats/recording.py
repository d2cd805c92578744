"""Recordings: what a log held, as JSON Lines, in log order, to the byte.

A header line, then one line a record: arrival, partition key, position, encoding, payload, and an
optional label of the truth. A payload that is JSON on one line stands in its line as it is; other text
is a JSON string; anything else is base64. Ticks are records like all others (key ``!tick``). Whole files:
``recording_file``.
"""

from base64 import b64decode, b64encode
from typing import Annotated, Final

import msgspec

RECORDING_VERSION: Final = 1
ARRIVAL_MS_MAX: Final = 2**53
JSON_BRACKETS_MAX: Final = 600
"""Payloads with more of them are kept as text, so that no nesting exhausts a reader's stack."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line.

    Attributes:
        tocsin: Always ``recording``: what kind of file this is.
        version: Version of the format.
        source: Where the records come from, e.g. ``log readings`` or ``csv pump.csv``.
        clock: What arrival times mean: ``wall``, ``virtual``, or ``event`` where the arrival was not known.
        plan: Hash of the plan in force at the beginning; may be empty.
        shards: Number of shards of the log that it was taken from.
        ticks: Whether ticks are among the records; if not, a replay makes its own.
        digest: SHA-256 of all that follows the first line, uncompressed, 64 hexadecimal digits; empty where it
            is not known, as in files of older versions.
    """

    tocsin: str = "recording"
    version: int = RECORDING_VERSION
    source: str = ""
    clock: str = "wall"
    plan: str = ""
    shards: int = 1
    ticks: bool = False
    digest: str = ""


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """One record of a recording.

    Attributes:
        arrival_ms: When the log took it, UTC epoch milliseconds.
        partition_key: ``tenant#device`` or ``!tick``.
        data: Payload, the very bytes.
        position: ``shard:sequence`` on the log, or where in another source it stood; may be empty.
        label: What is true of it, as far as a simulator or a person knows; may be empty.
    """

    arrival_ms: int
    partition_key: str
    data: bytes
    position: str = ""
    label: str = ""


class _Mark(msgspec.Struct):
    """What every version of the header has."""

    tocsin: str
    version: int


class _Line(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A record's line; the order of the fields is the order in the file."""

    arrival_ms: Annotated[int, msgspec.Meta(ge=0, le=ARRIVAL_MS_MAX)]
    key: str
    position: str
    encoding: str
    payload: msgspec.Raw
    label: str = ""


_encoder: Final = msgspec.json.Encoder()
_mark_decoder: Final = msgspec.json.Decoder(_Mark)
_header_decoder: Final = msgspec.json.Decoder(Header)
_line_decoder: Final = msgspec.json.Decoder(_Line)
_raw_decoder: Final = msgspec.json.Decoder(msgspec.Raw)
_text_decoder: Final = msgspec.json.Decoder(str)


def encode_header(header: Header) -> bytes:
    """Return the header's line with its end."""
    return _encoder.encode(header) + b"\n"


def encode_record(record: Recorded) -> bytes:
    """Return the record's line with its end."""
    encoding, payload = _payload(record.data)
    line = _Line(record.arrival_ms, record.partition_key, record.position, encoding, payload, record.label)
    return _encoder.encode(line) + b"\n"


def _payload(data: bytes) -> tuple[str, msgspec.Raw]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "base64", msgspec.Raw(_encoder.encode(b64encode(data).decode("ascii")))
    if _stands_as_it_is(data):
        return "json", msgspec.Raw(data)
    return "text", msgspec.Raw(_encoder.encode(text))


def _stands_as_it_is(data: bytes) -> bool:
    """Tell whether the bytes are one JSON value on one line, without blanks around it."""
    if b"\n" in data or b"\r" in data or data.count(b"[") + data.count(b"{") > JSON_BRACKETS_MAX:
        return False
    try:
        return len(memoryview(_raw_decoder.decode(data))) == len(data)
    except msgspec.MsgspecError:
        return False


def decode_header(line: bytes) -> Header:
    """Return the header of a first line.

    Raises:
        ValueError: The line is not the header of a recording of this version.
    """
    mark = _mark_decoder.decode(line)
    if mark.tocsin != "recording" or mark.version != RECORDING_VERSION:
        raise ValueError(
            f"must be a recording of version {RECORDING_VERSION}, got {mark.tocsin[:40]!r} of version {mark.version}"
        )
    return _header_decoder.decode(line)


def decode_record(line: bytes) -> Recorded:
    """Return the record of a line, with or without its end.

    Raises:
        ValueError: The line is not a record.
    """
    try:
        found = _line_decoder.decode(line)
        return Recorded(found.arrival_ms, found.key, _data(found.encoding, found.payload), found.position, found.label)
    except RecursionError as error:
        raise ValueError("line is nested too deeply") from error


def _data(encoding: str, payload: msgspec.Raw) -> bytes:
    if encoding == "json":
        return bytes(payload)
    if encoding == "text":
        return _text_decoder.decode(payload).encode()
    if encoding == "base64":
        return b64decode(_text_decoder.decode(payload), validate=True)
    raise ValueError(f"encoding must be json, text or base64, got {encoding[:40]!r}")
