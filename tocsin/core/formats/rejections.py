"""Rejections and late readings as they are stored: JSON Lines under a name of stage, shard and position.

The name is made of what was rejected, not of when: a record that is delivered again before the
commit gets the same name, and afterwards the fence skips it.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from tocsin.core.errors import DamagedError
from tocsin.core.messages import Position, Rejection
from tocsin.core.reasons import Reason

REJECTED_PREFIX: Final = "rejected/"
LATE_PREFIX: Final = "late/"
_SEQUENCE_DIGITS: Final = 56
"""Longest sequence number of Kinesis; padded, so that names sort by position."""


@dataclass(frozen=True, slots=True)
class LateReading:
    """A reading whose slice was closed when it came.

    Attributes:
        partition_key: ``tenant#device``.
        metric: Which metric.
        event_time_ms: When the device measured.
        value: What.
        position: Where its message stands on the log.
    """

    partition_key: str
    metric: str
    event_time_ms: int
    value: float
    position: Position


class _Line(msgspec.Struct, omit_defaults=True):
    reason: Reason
    detail: str
    data: str
    partition_key: str = ""
    position: Position | None = None


_encoder: Final = msgspec.json.Encoder()
_line_decoder: Final = msgspec.json.Decoder(_Line)
_late_decoder: Final = msgspec.json.Decoder(LateReading)


def rejected_name(stage: str, source: str, sequence: str, part: int = 0) -> str:
    """Return the name of the blob of rejections that begins at the position.

    Args:
        stage: Which stage rejected.
        source: Shard, queue or other ordered source.
        sequence: Sequence number or message id of the first.
        part: Tells apart what several key groups rejected of one record.
    """
    return f"{REJECTED_PREFIX}{stage}/{source}/{sequence.zfill(_SEQUENCE_DIGITS)}.{part}.jsonl"


def late_name(stage: str, source: str, sequence: str, part: int = 0) -> str:
    """Return the name of the blob of late readings that begins at the position."""
    return f"{LATE_PREFIX}{stage}/{source}/{sequence.zfill(_SEQUENCE_DIGITS)}.{part}.jsonl"


def encode_rejections(rejections: Iterable[Rejection]) -> bytes:
    """Return a line a rejection; the bytes as they came are in base64."""
    lines = [
        _Line(one.reason, one.detail, b64encode(one.data).decode(), one.partition_key, one.position)
        for one in rejections
    ]
    return _encoder.encode_lines(lines)


def decode_rejections(blob: bytes) -> list[Rejection]:
    """Return what ``encode_rejections`` was given.

    Raises:
        DamagedError: A line is no rejection.
    """
    try:
        lines = [_line_decoder.decode(line) for line in blob.splitlines()]
        return [
            Rejection(
                line.reason,
                line.detail,
                b64decode(line.data, validate=True),
                line.partition_key,
                line.position,
            )
            for line in lines
        ]
    except ValueError as error:
        raise DamagedError(f"rejections cannot be read: {error}") from error


def encode_late(readings: Sequence[LateReading]) -> bytes:
    """Return a line a reading."""
    return _encoder.encode_lines(readings)


def decode_late(blob: bytes) -> list[LateReading]:
    """Return what ``encode_late`` was given.

    Raises:
        DamagedError: A line is no late reading.
    """
    try:
        return [_late_decoder.decode(line) for line in blob.splitlines()]
    except ValueError as error:
        raise DamagedError(f"late readings cannot be read: {error}") from error
