"""Values as DynamoDB's low-level API takes them, by hand: a float stays a float on the way there and back.

Numbers travel as decimal text of at most 38 digits and sizes from 1e-130 to 1e126; Python's shortest text of a
float has at most 17 digits and reads back to the same float. What lies outside, and what is no number, goes as text.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

Value = dict[str, Any]
"""A type letter and the value: ``{"S": "text"}``, ``{"N": "12.5"}``, ``{"B": b"bytes"}``, ``{"M": {...}}``.
A list is ``{"L": [...]}``."""

SMALLEST: Final = 1e-129
LARGEST: Final = 1e125


def text(value: str) -> Value:
    """Return a text."""
    return {"S": value}


def binary(value: bytes) -> Value:
    """Return bytes."""
    return {"B": value}


def number(value: float) -> Value:
    """Return a number; as text where DynamoDB would not take it or would not give back the same.

    >>> number(3), number(0.1), number(5e-324), number(float("nan"))
    ({'N': '3'}, {'N': '0.1'}, {'S': '5e-324'}, {'S': 'nan'})
    """
    if isinstance(value, int):
        return {"N": str(value)}
    fits = isfinite(value) and (value == 0 or SMALLEST <= abs(value) <= LARGEST)
    return {"N" if fits else "S": repr(float(value))}


def whole_number_of(value: Mapping[str, Any]) -> int:
    """Return the whole number of a value."""
    return int(value["N"])


def number_of(value: Mapping[str, Any]) -> float:
    """Return the number of a value.

    >>> number_of(number(1e300))
    1e+300
    """
    return float(value["N"] if "N" in value else value["S"])


def size_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return about how many bytes DynamoDB counts for an item, never fewer than it does.

    Source: DynamoDB Developer Guide, item sizes and formats: names and texts in UTF-8, a number at most
    a byte for two digits and one or two more, a map or list three bytes and one for each entry.
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    (letter, inner), *_ = value.items()
    if letter == "M":
        return 3 + len(inner) + size_bytes(inner)
    if letter == "L":
        return 3 + len(inner) + sum(map(_value_bytes, inner))
    if letter == "N":
        return len(inner) // 2 + 2
    return len(inner.encode() if isinstance(inner, str) else inner)
