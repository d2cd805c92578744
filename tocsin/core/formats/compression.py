"""Files that are compressed, by the end of their names: ``.gz`` is gzip, ``.zst`` and ``.zstd`` are zstd."""

import gzip
import io
import struct
import sys
import zlib
from pathlib import Path
from typing import IO, Final, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP_LEVEL: Final = 4
ZSTD_LEVEL: Final = 3
BUFFER_BYTES: Final = 1 << 18
SUFFIXES: Final = (".gz", ".zst", ".zstd")
READ_ERRORS: Final = (OSError, EOFError, zlib.error, zstd.ZstdError)
"""What reading a file raises that is cut, damaged or not compressed at all."""

_ZSTD_SUFFIXES: Final = (".zst", ".zstd")
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_SIZE_IN_4_BYTES: Final = b"\xa0"
_ZSTD_LAST_BLOCK_STORED: Final = 1


def open_read(path: Path) -> IO[bytes]:
    """Open a file for reading what is in it, uncompressed.

    Raises:
        OSError: The file cannot be opened.
    """
    if path.suffix == ".gz":
        return _buffered_reader(gzip.open(path, "rb"))
    if path.suffix in _ZSTD_SUFFIXES:
        return _buffered_reader(zstd.open(path, "rb"))
    return path.open("rb", BUFFER_BYTES)


def compressor(path: Path, raw: IO[bytes]) -> IO[bytes]:
    """Return what compresses into ``raw`` as the path's name asks; ``raw`` itself where it asks for nothing.

    Equal bytes in make equal bytes out. Closing it leaves ``raw`` open.
    """
    if path.suffix == ".gz":
        return _buffered_writer(gzip.GzipFile("", "wb", GZIP_LEVEL, raw, mtime=0))
    if path.suffix in _ZSTD_SUFFIXES:
        return _buffered_writer(zstd.ZstdFile(raw, "wb", level=ZSTD_LEVEL))
    return raw


def stored(path: Path, data: bytes) -> bytes:
    """Return the bytes as a member of the path's format that stands alone and has one length for equal lengths.

    So they can be written first, and others of the same length in their place later.
    """
    if path.suffix == ".gz":
        return gzip.compress(data, 0, mtime=0)
    if path.suffix in _ZSTD_SUFFIXES:
        return _zstd_stored(data)
    return data


def stem(path: Path) -> str:
    """Return the name without the end that says how it is compressed.

    >>> stem(Path("day.jsonl.gz")), stem(Path("table.csv"))
    ('day.jsonl', 'table.csv')
    """
    return path.name.removesuffix(path.suffix) if path.suffix in SUFFIXES else path.name


def _zstd_stored(data: bytes) -> bytes:
    """Return a frame of one block that is stored as it is (RFC 8878, 3.1.1): no compressor promises a length."""
    block = struct.pack("<I", len(data) << 3 | _ZSTD_LAST_BLOCK_STORED)[:3]
    return _ZSTD_MAGIC + _ZSTD_SIZE_IN_4_BYTES + struct.pack("<I", len(data)) + block + data


def _buffered_reader(opened: object) -> IO[bytes]:
    return io.BufferedReader(cast(io.RawIOBase, opened), BUFFER_BYTES)


def _buffered_writer(opened: object) -> IO[bytes]:
    # Without the buffer every line pays for a call of the compressor.
    return io.BufferedWriter(cast(io.RawIOBase, opened), BUFFER_BYTES)
