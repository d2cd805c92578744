"""What is in a recording, and what is wrong with it."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.core.keys import TICK_KEY
from tocsin.runtime.salvage import Damages, salvaged


@dataclass(slots=True)
class Contents:
    """What a recording holds.

    Attributes:
        header: Its first line.
        damages: Lines that are no records.
        keys: Partition key to the number of its records, ticks included.
        labels: Label to the number of records that have it.
        payload_bytes: Of all records.
        first_ms: Earliest arrival, or None where there is no record.
        last_ms: Latest arrival, or None.
        earlier: Records that arrived before one that stands above them.
        digest: SHA-256 of what follows the first line.
    """

    header: Header
    damages: Damages
    keys: Counter[str]
    labels: Counter[str]
    payload_bytes: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    earlier: int = 0
    digest: str = ""

    @property
    def ticks(self) -> int:
        """How many records are ticks."""
        return self.keys[TICK_KEY]

    @property
    def records(self) -> int:
        """How many records there are, without ticks."""
        return self.keys.total() - self.ticks

    @property
    def devices(self) -> list[str]:
        """Partition keys of all devices, sorted."""
        return sorted(self.keys.keys() - {TICK_KEY})

    @property
    def problems(self) -> Iterator[str]:
        """What is wrong, a line each."""
        yield from self.damages.told
        if self.damages.count > len(self.damages.told):
            yield f"and {self.damages.count - len(self.damages.told)} more damaged lines"
        if self.header.digest and self.digest != self.header.digest:
            yield f"content is not what was written: digest is {self.digest}, the header says {self.header.digest}"
        if bool(self.ticks) > self.header.ticks:
            yield f"header says that there are no ticks, there are {self.ticks}"


def contents_of(path: Path) -> Contents:
    """Return what the recording holds, in memory that grows with its devices only.

    Raises:
        RecordingError: It cannot be opened, or its first line is no header.
    """
    digest = hashlib.sha256()
    damages = Damages()
    with RecordingReader(path, damages.note, digest.update) as reader:
        contents = Contents(reader.header, damages, Counter(), Counter())
        _count(contents, salvaged(reader, damages))
    contents.digest = digest.hexdigest()
    return contents


def _count(contents: Contents, records: Iterator[Recorded]) -> None:
    keys: dict[str, int] = {}
    size = earlier = 0
    newest_ms = -1
    oldest_ms: int | None = None
    for record in records:
        keys[record.partition_key] = keys.get(record.partition_key, 0) + 1
        size += len(record.data)
        if record.label:
            contents.labels[record.label] += 1
        arrival_ms = record.arrival_ms
        if arrival_ms < newest_ms:
            earlier += 1
            oldest_ms = min(arrival_ms, newest_ms if oldest_ms is None else oldest_ms)
        else:
            newest_ms = arrival_ms
            oldest_ms = arrival_ms if oldest_ms is None else oldest_ms
    contents.keys.update(keys)
    contents.payload_bytes, contents.earlier = size, earlier
    contents.first_ms, contents.last_ms = oldest_ms, None if oldest_ms is None else newest_ms
