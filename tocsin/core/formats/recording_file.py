"""Recordings as files: written whole or not at all, read in memory that does not grow with them.

``.gz`` at the end of a path means gzip, ``.zst`` zstd.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import msgspec

from tocsin.core.errors import RecordingError
from tocsin.core.formats.compression import READ_ERRORS, compressor, open_read, stored
from tocsin.core.formats.recording import (
    Header,
    Recorded,
    decode_header,
    decode_record,
    encode_header,
    encode_record,
)

LINE_BYTES_MAX: Final = 8 * 1024 * 1024
"""Above any record of 1 MiB, whose escaping can take six bytes a byte."""
DIGEST_UNKNOWN: Final = "0" * 64
"""Holds the place of the digest until all is written."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A line that is no record.

    Attributes:
        file: Name of the file.
        line: 1-based number of the line.
        message: What is wrong, one line.
    """

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class RecordingWriter:
    """Writes a recording; the file appears whole, at the clean end of the ``with``, or not at all.

    Equal records make equal bytes, compressed or not. The header gets the digest of what follows it.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.records = 0
        self._path = path
        self._partial = path.with_name(f"{path.name}.partial")
        self._header = header
        self._digest = sha256()
        self._raw = self._partial.open("wb")
        self._raw.write(self._first_bytes(DIGEST_UNKNOWN))
        self._out = compressor(path, self._raw)

    def append(self, record: Recorded) -> None:
        """Write the record as the next line."""
        line = encode_record(record)
        self._out.write(line)
        self._digest.update(line)
        self.records += 1

    def _first_bytes(self, digest: str) -> bytes:
        """Return the header's bytes; as many of them whatever the digest, so that it can be filled in."""
        line = encode_header(msgspec.structs.replace(self._header, digest=digest))
        # Of its own, and stored as it is: what is compressed has another length with every digest.
        return stored(self._path, line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._out is not self._raw:
            self._out.close()
        if kind is None:
            self._raw.seek(0)
            self._raw.write(self._first_bytes(self._digest.hexdigest()))
            self._raw.flush()
            os.fsync(self._raw.fileno())
        self._raw.close()
        if kind is None:
            self._partial.replace(self._path)
        else:
            self._partial.unlink()


def refuse(damage: Damage) -> None:
    """Raise for a damaged line: what a reader does unless told otherwise.

    Raises:
        RecordingError: Always.
    """
    raise RecordingError(str(damage))


class RecordingReader:
    """Reads a recording, one record at a time, in memory that does not grow with its length.

    Attributes:
        header: The first line.
    """

    def __init__(
        self,
        path: Path,
        on_damage: Callable[[Damage], None] = refuse,
        on_line: Callable[[bytes], object] | None = None,
    ) -> None:
        """Open the file and read its header.

        Args:
            path: The recording.
            on_damage: Called with each line that is no record; where it returns, the line is skipped.
            on_line: Called with the bytes of every line after the first, damaged or not.

        Raises:
            RecordingError: The file cannot be read or is not a recording of this version.
        """
        self._name = str(path)
        self._on_damage = on_damage
        self._on_line = on_line
        self._line = 0
        try:
            self._file: IO[bytes] = open_read(path)
        except OSError as error:
            raise RecordingError(f"{path}: cannot be opened: {error.strerror or error}") from error
        self.header = self._read_header()

    def __iter__(self) -> Iterator[Recorded]:
        while line := self._read_line():
            if self._on_line:
                self._on_line(line)
            try:
                record = decode_record(line)
            except ValueError as error:  # msgspec's errors and base64's are value errors
                self._on_damage(Damage(self._name, self._line, _why(line, error)))
                continue
            yield record

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _read_header(self) -> Header:
        line = self._read_line()
        try:
            return decode_header(line)
        except ValueError as error:
            self._file.close()
            raise RecordingError(f"{self._name}:1: header cannot be read: {error}") from error

    def _read_line(self) -> bytes:
        self._line += 1
        try:
            line = self._file.readline(LINE_BYTES_MAX + 1)
        except READ_ERRORS as error:
            raise RecordingError(f"{self._name}:{self._line}: cannot be read: {error}") from error
        if len(line) > LINE_BYTES_MAX:
            raise RecordingError(f"{self._name}:{self._line}: line is longer than {LINE_BYTES_MAX} bytes")
        return line


def _why(line: bytes, error: Exception) -> str:
    whole = "" if line.endswith(b"\n") else "; the line has no end, so the file may be cut"
    return f"{error}{whole}"
