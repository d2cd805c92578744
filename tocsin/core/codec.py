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
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tocsin.core.envelope import check_length, decode_forms, decode_header, encode_forms, encode_header, padding
from tocsin.core.errors import DamagedError

DTYPE_PATTERN: Final = re.compile(r"[<>|][biufcSU][1-9]\d{0,5}")
"""Types of fixed size, as numpy names them."""

BYTES_MAX: Final = 1 << 48
"""More than any array has; a header that tells of more is damaged."""

DIMENSIONS_MAX: Final = 32
"""As many as every numpy takes."""

REMEMBERED_MAX: Final = 256
"""How many lists of arrays are remembered, each way."""

COPIED_BYTES: Final = 512
"""Arrays of fewer bytes are copied in less time than is needed to see that they need not be."""

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
    return b"".join(encode_pieces(schema, version, meta, arrays))  # copies each array once


def encode_pieces(schema: str, version: int, meta: object, arrays: Arrays) -> list[bytes | memoryview]:
    """Return what ``encode`` returns in pieces, which copies no array that is of one piece; arguments as there."""
    forms, gaps = _forms(tuple([(name, array.dtype, array.shape) for name, array in arrays.items()]))
    parts: list[bytes | memoryview] = [encode_header(schema, version, meta, forms)]
    for array, gap in zip(arrays.values(), gaps, strict=True):
        parts += (array.tobytes() if array.nbytes < COPIED_BYTES or not array.flags.c_contiguous else array.data, gap)
    return parts


@lru_cache(maxsize=REMEMBERED_MAX)
def _forms(arrays: tuple[tuple[str, np.dtype[Any], tuple[int, ...]], ...]) -> tuple[bytes, list[bytes]]:
    """Return what the header says of the arrays, and what stands behind each of them."""
    told = [(name, dtype.str, shape) for name, dtype, shape in arrays]
    assert all(DTYPE_PATTERN.fullmatch(dtype) for _, dtype, _ in told), told
    sizes = [math.prod(shape) * dtype.itemsize for _, dtype, shape in arrays]
    return encode_forms(told), [b"\0" * padding(size) for size in sizes]


def decode(schema: str, blob: bytes, *, version_max: int) -> Packed:
    """Return what ``encode`` was given, the arrays as read-only views.

    Raises:
        DamagedError: The bytes are cut, foreign, of another schema or of a newer version, or too many.
    """
    opened = decode_header(schema, blob, version_max=version_max)
    header, offset = opened.header, opened.offset
    layout = _layout(schema, bytes(header.arrays))
    if offset + layout.length > len(blob):
        name = next(place.name for place in layout.places if offset + place.end > len(blob))
        raise DamagedError(f"{schema} is cut within array {name!r}: {len(blob)} bytes are too few")
    check_length(schema, blob, offset + layout.length)
    arrays: dict[str, NDArray[Any]] = {}
    for name, dtype, items, begin, _, shape in layout.places:
        array = np.frombuffer(blob, dtype, items, offset + begin)
        arrays[name] = array if shape is None else array.reshape(shape)
    return Packed(header.version, header.meta, arrays)


class _Place(NamedTuple):
    """Where an array stands, from the first one's beginning; shape None: as long as it has items."""

    name: str
    dtype: np.dtype[Any]
    items: int
    begin: int
    end: int
    shape: tuple[int, ...] | None


class _Layout(NamedTuple):
    places: list[_Place]
    length: int


@lru_cache(maxsize=REMEMBERED_MAX)
def _layout(schema: str, forms: bytes) -> _Layout:
    """Return where the arrays stand that a header tells of; it is that of most blobs before, too."""
    places: list[_Place] = []
    begin = 0
    for name, dtype_text, shape in decode_forms(schema, forms):
        dtype, items = _dtype(schema, name, dtype_text), math.prod(shape)
        end = begin + items * dtype.itemsize
        if min(shape, default=0) < 0 or max((end, *shape)) > BYTES_MAX or len(shape) > DIMENSIONS_MAX:
            raise DamagedError(f"{schema} has array {name!r} of shape {shape}")  # numpy takes -1 for whatever fits
        places.append(_Place(name, dtype, items, begin, end, None if len(shape) == 1 else tuple(shape)))
        begin = end + padding(end)
    return _Layout(places, begin)


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
