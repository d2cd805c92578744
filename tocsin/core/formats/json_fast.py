"""The fast way from JSON records to messages, and a proof by counting that nothing in them was passed over.

msgspec keeps the last of two equal keys, and skips unknown fields without looking into their text. Both
leave quotation marks behind that the decoded message does not explain: JSON that means k strings holds
at least 2k quotation marks, and exactly 2k only if no string is there that was not decoded. So one sum
over a whole batch vouches for each of its messages.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np

from tocsin.core.columns import Int64s
from tocsin.core.formats.json_message import Message

UNREADABLE: Final = (ValueError, RecursionError)  # msgspec's errors and UnicodeDecodeError are ValueErrors
_QUOTE: Final = ord('"')
_TOO_MANY: Final = 1 << 40

_decode_one: Final = msgspec.json.Decoder(Message).decode
_decode_array: Final = msgspec.json.Decoder(list[Message]).decode
_decode_any: Final = msgspec.json.Decoder(Any).decode


def decode_all(datas: Sequence[bytes]) -> tuple[list[Message], dict[int, int]]:
    """Return the messages of all records, and record to number of messages where that is not one.

    A record with anything unreadable in it has none.
    """
    messages: list[Message] = []
    several: dict[int, int] = {}
    surplus = 0
    records = iter(datas)
    while True:
        try:
            messages.extend(map(_decode_one, records))
        except UNREADABLE:
            record = len(messages) - surplus
            found = _decode_several(datas[record])
            messages += found
            several[record] = len(found)
            surplus += len(found) - 1
        else:
            return messages, several


def _decode_several(data: bytes) -> list[Message]:
    stripped = data.strip()
    try:
        if stripped[:1] == b"[":
            return _decode_array(stripped)
        return list(map(_decode_one, stripped.split(b"\n")))
    except UNREADABLE:
        return []


def quotes_of_all(datas: Sequence[bytes]) -> int:
    """Return how many quotation marks there are in all."""
    return int(np.count_nonzero(np.frombuffer(b"".join(datas), np.uint8) == _QUOTE))


def quotes_of_each(datas: Sequence[bytes]) -> Int64s:
    """Return how many quotation marks each holds: shape (n,)."""
    return np.fromiter([data.count(b'"') for data in datas], np.int64, len(datas))


def holds_only_more_fields(data: bytes, depth_max: int) -> bool:
    """Tell whether the record's surplus quotation marks come from unknown fields, all of them sound.

    False also where that cannot be told cheaply.
    """
    stripped = data.strip()
    try:
        if stripped[:1] == b"[":
            strings = _strings(_decode_any(stripped), depth_max + 1)
        else:
            strings = sum(_strings(value, depth_max) for value in _decode_documents(stripped))
    except UNREADABLE:
        return False
    return 2 * strings == data.count(b'"')


def _decode_documents(data: bytes) -> list[Any]:
    try:
        return [_decode_any(data)]
    except msgspec.MsgspecError:
        return list(map(_decode_any, data.split(b"\n")))


def _strings(value: object, room: int) -> int:
    """Return how many strings the value holds, names included; too many where it is deeper than ``room``."""
    if isinstance(value, str):
        return 1
    if not isinstance(value, dict | list):
        return 0
    if not room:
        return _TOO_MANY
    if isinstance(value, dict):
        return len(value) + sum([_strings(inner, room - 1) for inner in value.values()])
    return sum([_strings(inner, room - 1) for inner in value])
