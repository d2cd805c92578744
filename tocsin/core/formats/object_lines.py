"""What an object holds that was put into a bucket: a recording, lines of JSON messages, or a table with a heading.

Gzip is undone. A table has a column ``ts`` (or ``time``, ``timestamp``) with ISO 8601 or epoch milliseconds, may have
one called ``device``, and its other columns are metrics. Memory does not grow with the object.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, Final, cast

import msgspec

from tocsin.core.formats.recording import decode_header, decode_record
from tocsin.core.keys import TICK_KEY

GZIP_MAGIC: Final = b"\x1f\x8b"
LINE_BYTES_MAX: Final = 8 * 1024 * 1024
TIMES: Final = ("ts", "time", "timestamp")
DEVICE: Final = "device"
COUNTER: Final = "seq"


@dataclass(frozen=True, slots=True)
class ObjectPart:
    """A message, or a record of several, or what cannot be read.

    Attributes:
        line: 1-based number of its line.
        body: The bytes.
        partition_key: ``tenant#device`` of a recording; empty elsewhere.
        damage: Why it cannot be read, or empty.
    """

    line: int
    body: bytes
    partition_key: str = ""
    damage: str = ""


def object_parts(data: bytes, name: str) -> Iterator[ObjectPart]:
    """Yield what the object holds, in order; what is damaged is said, not guessed. Ticks are left out.

    Args:
        data: The object.
        name: Its key: ``.csv`` before ``.gz`` means a table; a table without a column of devices has the rest of the
            file's name for one.
    """
    plain = PurePosixPath(name.removesuffix(".gz"))
    raw: IO[bytes] = io.BytesIO(data)
    if data.startswith(GZIP_MAGIC):
        raw = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw)))
    line = 0
    try:
        parts = _rows(raw, plain.stem) if plain.suffix.lower() == ".csv" else _lines(raw)
        for part in parts:
            line = part.line
            yield part
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        yield ObjectPart(line + 1, b"", damage=f"object cannot be read on: {error}")


def _lines(raw: IO[bytes]) -> Iterator[ObjectPart]:
    first = raw.readline(LINE_BYTES_MAX + 1)
    try:
        decode_header(first)
    except ValueError:
        yield from _messages(first, raw)
        return
    for number, line in _numbered(raw, start=2):
        try:
            record = decode_record(line)
        except ValueError as error:
            yield ObjectPart(number, line, damage=str(error))
            continue
        if record.partition_key != TICK_KEY:
            yield ObjectPart(number, record.data, record.partition_key)


def _messages(first: bytes, raw: IO[bytes]) -> Iterator[ObjectPart]:
    if first.strip():
        yield ObjectPart(1, first.strip())
    for number, line in _numbered(raw, start=2):
        yield ObjectPart(number, line.strip())


def _numbered(raw: IO[bytes], start: int) -> Iterator[tuple[int, bytes]]:
    number = start
    while line := raw.readline(LINE_BYTES_MAX + 1):
        if line.strip():
            yield number, line
        number += 1


def _rows(raw: IO[bytes], stem: str) -> Iterator[ObjectPart]:
    text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
    reader = csv.reader(text)
    heading = [name.strip() for name in next(reader, [])]
    lower = [name.lower() for name in heading]
    time = next((lower.index(name) for name in TIMES if name in lower), None)
    if time is None:
        yield ObjectPart(1, ",".join(heading).encode(), damage=f"table must have a column {', '.join(TIMES)}")
        return
    device = lower.index(DEVICE) if DEVICE in lower else None
    counter = lower.index(COUNTER) if COUNTER in lower else None
    for row in reader:
        if any(cell.strip() for cell in row):
            named = dict(zip(heading, row, strict=False))
            body: dict[str, object] = {
                DEVICE: named[heading[device]].strip() if device is not None and device < len(row) else stem,
                "ts": _whole(row[time].strip()) if time < len(row) else "",
            }
            if counter is not None and counter < len(row):
                body[COUNTER] = _whole(row[counter].strip())
            kept = {place for place in (time, device, counter) if place is not None}
            metrics = {name: _number(row[place]) for place, name in enumerate(heading[: len(row)]) if place not in kept}
            body["metrics"] = {name: value for name, value in metrics.items() if value != ""}
            yield ObjectPart(reader.line_num, msgspec.json.encode(body))


def _whole(cell: str) -> int | str:
    return int(cell) if cell.isascii() and cell.isdecimal() else cell


def _number(cell: str) -> float | str:
    """Return the number; what is none stays text, so that the rules refuse it by name."""
    try:
        return float(cell)
    except ValueError:
        return cell.strip()
