"""The envelope of stored bytes: magic, header with schema, version and plain data, then what the header tells of.

``codec`` puts arrays behind it. A stage that keeps no arrays uses this alone, and needs no numpy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from tocsin.core.errors import DamagedError

MAGIC: Final = b"TCS1"
ALIGNMENT_BYTES: Final = 8

ArrayHeader = tuple[str, str, Sequence[int]]
"""Name, type and shape of an array behind the header."""


class Header(msgspec.Struct, array_like=True):
    """What stands at the front.

    Attributes:
        schema: What the bytes are.
        version: Version of the schema, from 1.
        meta: MessagePack of the plain data; its type is the schema's business.
        arrays: MessagePack of what stands behind, in order: ``encode_forms``. It repeats from blob to blob, so it is
            not read each time.
    """

    schema: str
    version: int
    meta: msgspec.Raw
    arrays: msgspec.Raw


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Header)
_forms_decoder: Final = msgspec.msgpack.Decoder(list[ArrayHeader])


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope that was read.

    Attributes:
        header: What stands at the front.
        offset: Where the first array begins.
    """

    header: Header
    offset: int


def encode_forms(arrays: Sequence[ArrayHeader]) -> bytes:
    """Return the MessagePack of what arrays stand behind a header."""
    return _encoder.encode(arrays)


def decode_forms(schema: str, forms: bytes) -> list[ArrayHeader]:
    """Return what ``encode_forms`` was given.

    Raises:
        DamagedError: The bytes tell of no arrays.
    """
    try:
        return _forms_decoder.decode(forms)
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedError(f"{schema} has an unreadable header: {error}") from error


NO_ARRAYS: Final = encode_forms([])


def encode_header(schema: str, version: int, meta: object, forms: bytes) -> bytes:
    """Return magic and header, padded so that what follows begins at a multiple of ``ALIGNMENT_BYTES``.

    Args:
        schema: What the bytes are.
        version: Version of the schema, from 1.
        meta: Anything msgspec can encode.
        forms: What ``encode_forms`` returned for the arrays that follow.
    """
    header = _encoder.encode(Header(schema, version, msgspec.Raw(_encoder.encode(meta)), msgspec.Raw(forms)))
    return b"".join((MAGIC, len(header).to_bytes(4, "little"), header, b"\0" * padding(8 + len(header))))


def decode_header(schema: str, blob: bytes, *, version_max: int) -> Opened:
    """Return what stands at the front of the bytes.

    Raises:
        DamagedError: The bytes are cut, foreign, of another schema or of a newer version.
    """
    if blob[:4] != MAGIC or len(blob) < 8:
        raise DamagedError(f"{schema} must begin with {MAGIC!r}, got {bytes(blob[:8])!r}")
    length = int.from_bytes(blob[4:8], "little")
    try:
        header = _decoder.decode(blob[8 : 8 + length])
    except (msgspec.MsgspecError, ValueError) as error:
        raise DamagedError(f"{schema} has an unreadable header: {error}") from error
    if header.schema != schema:
        raise DamagedError(f"expected {schema}, got {header.schema}")
    if not 1 <= header.version <= version_max:
        raise DamagedError(
            f"{schema} must be of version 1 to {version_max}, got {header.version}, maybe of a newer release"
        )
    return Opened(header, 8 + length + padding(8 + length))


def encode_plain(schema: str, version: int, meta: object) -> bytes:
    """Return the bytes of plain data alone: those of ``codec.encode`` without arrays."""
    return encode_header(schema, version, meta, NO_ARRAYS)


def decode_plain(schema: str, blob: bytes, *, version_max: int) -> Header:
    """Return the header of what ``encode_plain`` wrote.

    Raises:
        DamagedError: The bytes are damaged in any way, or hold more than plain data.
    """
    opened = decode_header(schema, blob, version_max=version_max)
    if bytes(opened.header.arrays) != NO_ARRAYS:
        forms = decode_forms(schema, bytes(opened.header.arrays))
        raise DamagedError(f"{schema} must hold no arrays, got {forms[0][0] if forms else forms!r}")
    check_length(schema, blob, opened.offset)
    return opened.header


def check_length(schema: str, blob: bytes, length: int) -> None:
    """Raise unless the bytes have the length that the header tells of."""
    if length != len(blob):
        raise DamagedError(f"{schema} must have {length} bytes, got {len(blob)}")


def padding(length: int) -> int:
    """Return how many bytes are missing to a multiple of ``ALIGNMENT_BYTES``."""
    return -length % ALIGNMENT_BYTES
