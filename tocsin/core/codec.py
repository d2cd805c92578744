"""The codec: named numpy arrays and plain data as one byte string, with schema and version.

Layout: magic, header length (uint32, little end first), header (MessagePack), then each array's
bytes in C order, little end first, each starting at a multiple of 8. Decoding copies nothing:
arrays are read-only views of the byte string.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tocsin.core.envelope import check_length, decode_header, encode_header, padding
from tocsin.core.errors import DamagedError

DTYPE_PATTERN: Final = re.compile(r"[<>|][biufcSU][1-9]\d{0,5}")
"""Types of fixed size, as numpy names them."""

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Packed:
    """What ``decode`` found.

    Attributes:
        version: Version of the schema that wrote the bytes.
        meta: MessagePack of the plain data; its type is the schema's business.
        arrays: Name to array, read-only.
    """

    version: int
    meta: msgspec.Raw
    arrays: dict[str, NDArray[Any]]


def encode(schema: str, version: int, meta: object, arrays: Arrays) -> bytes:
    """Return the bytes of the arrays and the plain data.

    Args:
        schema: What this is, e.g. ``"processors.state"``; ``decode`` insists on it.
        version: Version of the schema, from 1.
        meta: Anything msgspec can encode.
        arrays: Name to array of any shape; dtypes of fixed size.
    """
    shapes = [(name, array.dtype.str, list(array.shape)) for name, array in arrays.items()]
    assert all(DTYPE_PATTERN.fullmatch(dtype) for _, dtype, _ in shapes), shapes
    parts = [encode_header(schema, version, meta, shapes)]
    for array in arrays.values():
        parts += [array.tobytes(), b"\0" * padding(array.nbytes)]
    return b"".join(parts)


def decode(schema: str, blob: bytes, *, version_max: int) -> Packed:
    """Return what ``encode`` was given, the arrays as read-only views.

    Raises:
        DamagedError: The bytes are cut, foreign, of another schema or of a newer version, or too many.
    """
    opened = decode_header(schema, blob, version_max=version_max)
    header, offset = opened.header, opened.offset
    arrays: dict[str, NDArray[Any]] = {}
    for name, dtype_text, shape in header.arrays:
        dtype, count = _dtype(schema, name, dtype_text), math.prod(shape)
        end = offset + count * dtype.itemsize
        if end > len(blob):
            raise DamagedError(f"{schema} is cut within array {name!r}: {len(blob)} bytes are too few")
        if count < 0 or (len(shape) > 1 and min(shape) < 0):  # numpy would take -1 for whatever fits
            raise DamagedError(f"{schema} has array {name!r} of shape {shape}")
        try:
            array = np.frombuffer(blob, dtype, count, offset)
            arrays[name] = array if len(shape) == 1 else array.reshape(shape)
        except (ValueError, OverflowError) as error:
            raise DamagedError(f"{schema} has array {name!r} of shape {shape}") from error
        offset = end + padding(end)
    check_length(schema, blob, offset)
    return Packed(header.version, header.meta, arrays)


def _dtype(schema: str, name: str, text: str) -> np.dtype[Any]:
    """Return the type that ``encode`` wrote; of whatever else numpy would make a type, none."""
    try:
        return _written_dtype(text)
    except (TypeError, ValueError) as error:
        raise DamagedError(f"{schema} has array {name!r} of unknown type {text!r}") from error


@lru_cache(maxsize=64)
def _written_dtype(text: str) -> np.dtype[Any]:
    if not DTYPE_PATTERN.fullmatch(text):
        raise ValueError(text)
    return np.dtype(text)
