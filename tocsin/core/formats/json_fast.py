"""The fast way from JSON records to messages, and a proof by counting that nothing in them was passed over.

msgspec keeps the last of two equal keys, and skips unknown fields without looking into their text. Both
leave quotation marks behind that the decoded message does not explain: JSON that means k strings holds
at least 2k quotation marks, and exactly 2k only if no string is there that was not decoded. So one sum
over a whole batch vouches for each of its messages.
"""

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Any, Final

import msgspec
import numpy as np

from tocsin.core.columns import Int64s
from tocsin.core.formats.arrays import int64s
from tocsin.core.formats.json_message import Message

UNREADABLE: Final = (ValueError, RecursionError)  # msgspec's errors and UnicodeDecodeError are ValueErrors
_QUOTE: Final = ord('"')
_PIECE_BYTES: Final = 48 << 10
_DEPTH_OF_MESSAGE: Final = 2  # the object and its metrics
_NO_BRACKETS: Final = bytes(sorted(set(range(256)) - set(b"[]{}")))
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}

decode_message: Final = msgspec.json.Decoder(Message).decode
_decode_array: Final = msgspec.json.Decoder(list[Message]).decode
_decode_any: Final = msgspec.json.Decoder(Any).decode
_encode: Final = msgspec.json.Encoder().encode


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
            messages.extend(map(decode_message, records))
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
        return list(map(decode_message, stripped.split(b"\n")))
    except UNREADABLE:
        return []


def bytes_and_quotes(datas: Sequence[bytes]) -> tuple[int, int]:
    """Return how many bytes there are in all, and how many of them are quotation marks.

    Piece by piece: memory for a whole batch would come fresh from the system, which costs four times the copy.
    """
    size = quotes = 0
    records = 1 + _PIECE_BYTES // max(1, len(datas[0])) if datas else 1  # the others are of its size, most often
    for begin in range(0, len(datas), records):
        piece = np.frombuffer(b"".join(datas[begin : begin + records]), np.uint8)
        size += len(piece)
        quotes += int(np.count_nonzero(piece == _QUOTE))
    return size, quotes


def quotes_of_each(datas: Sequence[bytes]) -> Int64s:
    """Return how many quotation marks each holds: shape (n,)."""
    return int64s([data.count(b'"') for data in datas])


def hold_only_more_fields(datas: Sequence[bytes], depth_max: int) -> bool:
    """Tell whether the surplus quotation marks come from unknown fields alone, and all of these are sound.

    False also where that cannot be told cheaply: text with escapes may hide quotation marks.

    Args:
        datas: Records that msgspec decodes as messages.
        depth_max: Deepest nesting that is accepted.
    """
    joined = b"".join(datas)
    if b"\\" in joined or not _all_nest_at_most(depth_max, datas, joined):
        return False
    try:
        decoded = _encode(_decode_documents(datas))
    except UNREADABLE:
        return False
    return decoded.count(b'"') == joined.count(b'"')


def _all_nest_at_most(room: int, datas: Sequence[bytes], joined: bytes) -> bool:
    opening = joined.count(b"{") + joined.count(b"[")
    if opening <= len(datas) * _DEPTH_OF_MESSAGE and room >= _DEPTH_OF_MESSAGE:
        return True  # none has less, so none has more
    return all(_nests_at_most(room, data) for data in datas)


def _nests_at_most(room: int, data: bytes) -> bool:
    """Tell whether JSON without escapes nests no deeper than ``room``."""
    if data.count(b"{") + data.count(b"[") <= room:
        return True
    brackets = b"".join(data.split(b'"')[::2]).translate(None, delete=_NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets))) <= room


def _decode_documents(datas: Sequence[bytes]) -> list[Any]:
    """Return what the records hold; those of lines as well."""
    try:
        return list(map(_decode_any, datas))
    except msgspec.MsgspecError:
        lines = chain.from_iterable([data.strip().split(b"\n") for data in datas])
        return list(map(_decode_any, lines))
