"""Recordings made of files in other formats; entries that cannot be read are told by number and left out."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from tocsin.core.errors import UsageError
from tocsin.core.formats.compression import READ_ERRORS, open_read
from tocsin.core.formats.foreign import Measured, Misread
from tocsin.core.formats.kinesis_dump import read_kinesis_dump
from tocsin.core.formats.line_protocol import read_line_protocol
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingWriter
from tocsin.core.formats.senml import read_senml
from tocsin.core.keys import is_id, partition_key
from tocsin.runtime.salvage import Damages

FILE_BYTES_MAX: Final = 1 << 30
METRICS_PER_MESSAGE_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Import:
    """Which file, and how it is to be read.

    Attributes:
        path: The file; ``.gz`` means gzip, ``.zst`` zstd.
        format: One of ``FORMATS``.
        tenant: Owner of the devices, where the format does not say.
        arrival_ms: When what has no time of its own was measured.
        device_tag: Of line protocol: tag whose value is the device.
        precision: Of line protocol: unit of times.
    """

    path: Path
    format: str
    tenant: str
    arrival_ms: int
    device_tag: str = "device"
    precision: str = "ns"


@dataclass(slots=True)
class Imported:
    """What became of the entries.

    Attributes:
        records: Written.
        readings: In these, where the format tells them apart.
        damages: Entries left out.
    """

    records: int = 0
    readings: int = 0
    damages: Damages = field(default_factory=Damages)


Entries = Iterator[Recorded | Measured | Misread]


def import_file(source: Import, to: Path) -> Imported:
    """Write the file's measurements, or records, to a recording, by arrival.

    Raises:
        UsageError: The file cannot be read in that format at all.
    """
    if not is_id(source.tenant):
        raise UsageError(f"tenant must be 1 to 64 of A-Z a-z 0-9 _ . -, got {source.tenant!r}")
    found = Imported()
    clock = "wall" if source.format == "kinesis" else "event"
    header = Header(source=f"{source.format} {source.path.name}", clock=clock)
    try:
        # All in memory: files of others need not be in order, and recordings are.
        records = sorted(_records(source, found), key=lambda record: record.arrival_ms)
    except ValueError as error:
        raise UsageError(f"{source.path}: cannot be read as {source.format}: {error}") from error
    with RecordingWriter(to, header) as writer:
        for record in records:
            writer.append(record)
    found.records = len(records)
    return found


def _records(source: Import, found: Imported) -> Iterator[Recorded]:
    counts: dict[str, int] = {}
    for entry in FORMATS[source.format](source, _text(source.path)):
        if isinstance(entry, Misread):
            found.damages.note(f"{source.path}:{entry.place}: {entry.message}")
        elif isinstance(entry, Recorded):
            yield entry
        else:
            found.readings += len(entry.metrics)
            yield from _of_measured(entry, source, counts)


def _of_measured(entry: Measured, source: Import, counts: dict[str, int]) -> Iterator[Recorded]:
    """Yield a record, or several; each message has a number, so that equal entries are all kept."""
    metrics = iter(entry.metrics.items())
    while part := dict(islice(metrics, METRICS_PER_MESSAGE_MAX)):
        seq = counts[entry.device] = counts.get(entry.device, 0) + 1
        message = {"device": entry.device, "ts": entry.time_ms, "seq": seq, "metrics": part}
        key = partition_key(source.tenant, entry.device)
        yield Recorded(entry.time_ms, key, msgspec.json.encode(message), f"{source.path.name}:{entry.place}")


def _text(path: Path) -> str:
    try:
        with open_read(path) as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except READ_ERRORS as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    if len(data) > FILE_BYTES_MAX:
        raise UsageError(f"{path}: must be at most {FILE_BYTES_MAX} bytes, cut it first")
    return data.decode("utf-8-sig", "replace")


def _from_senml(source: Import, text: str) -> Entries:
    """Yield one pack that is the whole file, or a pack a line."""
    if "\n[" not in text.strip():
        yield from read_senml(text.encode(), arrival_ms=source.arrival_ms)
        return
    for place, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield from _at_line(place, partial(read_senml, line.encode(), arrival_ms=source.arrival_ms))


def _at_line(place: int, read: Callable[[], Iterable[Measured | Misread]]) -> Entries:
    """Yield the entries under the number of their line; a pack that must not be read is one misread."""
    try:
        for entry in read():
            yield replace(entry, place=place)
    except ValueError as error:
        yield Misread(place, str(error))


def _from_lines(source: Import, text: str) -> Entries:
    return read_line_protocol(
        text.splitlines(), device_tag=source.device_tag, precision=source.precision, arrival_ms=source.arrival_ms
    )


def _from_kinesis(source: Import, text: str) -> Entries:
    return read_kinesis_dump(text, shard=source.path.name.partition(".")[0])


FORMATS: Final[Mapping[str, Callable[[Import, str], Entries]]] = {
    "kinesis": _from_kinesis,
    "senml": _from_senml,
    "influx": _from_lines,
}
"""Name of each format to what reads it."""
