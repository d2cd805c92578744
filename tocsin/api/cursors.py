"""Cursors: where a page ended, as text that goes back as it came."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import TypeVar

import msgspec

from tocsin.api.problems import invalid

T = TypeVar("T")


def encode_cursor(place: object) -> str:
    """Return the place as text.

    >>> encode_cursor({"after": "pump-7"})
    'eyJhZnRlciI6InB1bXAtNyJ9'
    """
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def decode_cursor(text: str, kind: type[T], *, where: str = "query cursor") -> T:
    """Return the place of the text.

    Raises:
        ProblemError: No page gave it.
    """
    try:
        return msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (Base64Error, ValueError, RecursionError) as error:
        raise invalid(where, "must be a cursor that an answer gave") from error
