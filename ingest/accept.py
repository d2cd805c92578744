"""What a body holds for the log: valid messages by device, packed into records; and what is rejected."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from tocsin.core.formats.json_message import Broken, Message
from tocsin.core.formats.json_readings import decode_records
from tocsin.core.formats.json_record import split_record
from tocsin.core.formats.json_strict import examine
from tocsin.core.keys import is_id, partition_key
from tocsin.core.messages import Rejection
from tocsin.core.plan.bounds import Bounds
from tocsin.core.ports import LogRecord


@dataclass(frozen=True, slots=True)
class Credential:
    """For whom a sender may speak.

    Attributes:
        tenant: Owner of all that it sends.
        device: The one device that it is, or None: a gateway, which may speak for every device of the tenant.
    """

    tenant: str
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a body.

    Attributes:
        records: What to put to the log, a device's records in the order of its messages.
        messages: How many messages these hold.
        rejections: What is refused, in the body's order.
    """

    records: tuple[LogRecord, ...]
    messages: int
    rejections: tuple[Rejection, ...]


def accept(credential: Credential, body: bytes, arrival_ms: int, bounds: Bounds) -> Accepted:
    """Return what the body holds: one message, an array of messages, or several as lines.

    Messages travel on as they came, byte for byte; those of one device share records, one message a line.
    The rules are those of the processors, so what is accepted here is accepted there.

    Args:
        credential: Who sent it.
        body: What was sent.
        arrival_ms: When it was sent, UTC epoch milliseconds.
        bounds: What is accepted.
    """
    parts, broken = split_record(body, bounds)
    if broken:
        return refused(credential, body, broken)
    verdicts = _verdicts(credential, parts, arrival_ms, bounds)
    by_device: dict[str, list[bytes]] = {}
    rejections = []
    for part, verdict in zip(parts, verdicts, strict=True):
        if isinstance(verdict, Broken):
            rejections.append(_rejection(credential, part, verdict))
        else:
            by_device.setdefault(verdict, []).append(part)
    records = [
        LogRecord(partition_key(credential.tenant, device), data)
        for device, messages in by_device.items()
        for data in packed(messages, bounds)
    ]
    return Accepted(tuple(records), len(parts) - len(rejections), tuple(rejections))


def refused(credential: Credential, body: bytes, broken: Broken) -> Accepted:
    """Return what becomes of a body that is rejected as a whole."""
    return Accepted((), 0, (_rejection(credential, body, broken),))


def packed(messages: Sequence[bytes], bounds: Bounds) -> Iterator[bytes]:
    """Yield records that hold the messages as lines, in order, none above the bounds.

    A message with a line feed in it has a record of its own.
    """
    lines: list[bytes] = []
    length = 0
    for message in messages:
        is_full = len(lines) >= bounds.messages_max or length + len(message) > bounds.record_bytes_max
        if lines and (is_full or b"\n" in message or b"\n" in lines[-1]):
            yield b"\n".join(lines)
            lines, length = [], 0
        lines.append(message)
        length += len(message) + 1
    if lines:
        yield b"\n".join(lines)


def _verdicts(credential: Credential, parts: Sequence[bytes], arrival_ms: int, bounds: Bounds) -> list[str | Broken]:
    """Return the device of each message, or the rule that it breaks."""
    verdicts: list[str | Broken | None] = [None] * len(parts)
    named: list[tuple[int, str]] = []
    for place, part in enumerate(parts):
        device = _device_of(part)
        if device is None:
            verdicts[place] = _close_look(credential, part, arrival_ms, bounds)
        else:
            named.append((place, credential.device or device))
    keys = [partition_key(credential.tenant, device) for _, device in named]
    datas = [parts[place] for place, _ in named]
    columns, refused = decode_records(keys, datas, np.full(len(keys), arrival_ms, np.int64), bounds)
    for record in columns.record.tolist():
        place, device = named[record]
        verdicts[place] = device
    for one in refused:
        verdicts[named[one.record][0]] = Broken(one.reason, one.detail)
    return [verdict for verdict in verdicts if verdict is not None]


class _Named(msgspec.Struct):
    """The one field that decides where a message goes."""

    device: str


_decode_named: Final = msgspec.json.Decoder(_Named).decode


def _device_of(part: bytes) -> str | None:
    """Return the device that the message names, or None where it is no object or the name is no id."""
    try:
        device = _decode_named(part).device
    except (ValueError, RecursionError):
        return None
    return device if is_id(device) else None


def _close_look(credential: Credential, part: bytes, arrival_ms: int, bounds: Bounds) -> str | Broken:
    verdict = examine(part, tenant=credential.tenant, device=credential.device, arrival_ms=arrival_ms, bounds=bounds)
    return verdict.device if isinstance(verdict, Message) else verdict


def _rejection(credential: Credential, data: bytes, broken: Broken) -> Rejection:
    key = partition_key(credential.tenant, credential.device or "")
    return Rejection(broken.reason, broken.detail, data, key)
