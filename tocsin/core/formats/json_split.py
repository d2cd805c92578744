"""Where one message of a record ends and the next begins: one object, an array of them, or lines.

Works on the brackets alone, without recursion and in linear time, so it also splits what is not JSON.
"""

import re
from typing import Final

_TOKEN: Final = re.compile(rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|[][{},"]')
_OPENING: Final = frozenset({b"[", b"{"})
_CLOSING: Final = frozenset({b"]", b"}"})
_OBJECT_LINE: Final = re.compile(rb"^\{", re.MULTILINE)


def split_messages(data: bytes) -> list[bytes]:
    """Return the bytes of each message of the record, without the blanks around them.

    An array gives its members; several lines give one message each, where more than one of them begins
    with ``{``; anything else, however broken, is one message. An array whose brackets do not match is one
    message, which is not JSON.
    """
    data = data.strip()
    if data[:1] == b"[":
        return _members(data)
    if len(_OBJECT_LINE.findall(data)) > 1 and not _is_one_value(data):
        return [line.strip() for line in data.split(b"\n") if line.strip()]
    return [data]


def depth(data: bytes, *, limit: int) -> int:
    """Return how deep objects and arrays nest; ``limit + 1`` where it is deeper than ``limit``."""
    if data.count(b"{") + data.count(b"[") <= 1:
        return data.count(b"{") + data.count(b"[")
    deepest = level = 0
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token in _OPENING:
            level += 1
            deepest = max(deepest, level)
            if deepest > limit:
                return limit + 1
        elif token in _CLOSING:
            level -= 1
    return deepest


def _members(data: bytes) -> list[bytes]:
    level, start = 0, 1
    parts: list[bytes] = []
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token in _OPENING:
            level += 1
        elif token == b"," and level == 1:
            parts.append(data[start : match.start()].strip())
            start = match.end()
        elif token in _CLOSING:
            level -= 1
            if level == 0:
                parts.append(data[start : match.start()].strip())
                if match.end() < len(data):
                    return [data]
                return [] if parts == [b""] else parts
        elif token == b'"':
            return [data]
    return [data]


def _is_one_value(data: bytes) -> bool:
    """Tell whether the brackets close exactly at the end."""
    level = 0
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token in _OPENING:
            level += 1
        elif token in _CLOSING:
            level -= 1
            if level == 0:
                return match.end() == len(data)
        elif token == b'"':
            return False
    return False
