"""State and outbox as they are stored: one MessagePack array of version, outbox and body.

The body is put together here and nowhere before. Of a state of many megabytes each copy counts: made into bytes first
and encoded then, it was copied twice.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from tocsin.core.errors import DamagedError

SEAL_VERSION: Final = 1

Encoded = bytes | Sequence[bytes | memoryview]
"""Bytes, or pieces of them; an array's piece counts all its bytes."""

Published = tuple[str, str, bytes]
"""Lane, name and data of an outbox's entry."""


class _Sealed(msgspec.Struct, array_like=True):
    version: int
    outbox: list[Published]
    body: bytes


_ARRAY_OF_THREE: Final = b"\x93"
_SHORT_MAX: Final = 0xFFFF
_LONG: Final = b"\xc6"
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Sealed)


def seal(outbox: list[Published], body: Encoded) -> bytes:
    """Return the bytes of both."""
    pieces = (body,) if isinstance(body, bytes) else body
    length = sum([piece.nbytes if isinstance(piece, memoryview) else len(piece) for piece in pieces])
    if length <= _SHORT_MAX:
        return _encoder.encode(_Sealed(SEAL_VERSION, outbox, b"".join(pieces)))
    front = (_ARRAY_OF_THREE, _encoder.encode(SEAL_VERSION), _encoder.encode(outbox))
    return b"".join((*front, _LONG, length.to_bytes(4), *pieces))


def unseal(blob: bytes) -> tuple[list[Published], bytes]:
    """Return the outbox and the body of what ``seal`` returned.

    Raises:
        DamagedError: The bytes are not that.
    """
    try:
        sealed = _decoder.decode(blob)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DamagedError(f"state cannot be read: {error}") from error
    if sealed.version != SEAL_VERSION:
        raise DamagedError(f"state must be sealed with version {SEAL_VERSION}, got {sealed.version}")
    return sealed.outbox, sealed.body
