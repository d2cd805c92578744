"""Recordings of tables: any CSV with a column of times becomes one device's readings, or several devices'.

Two layouts: wide, where each column of numbers is a metric, and long, where a row is one reading and two columns
say which metric and what value. Times stand in one column, or in a date's and a time's.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tocsin.core.errors import UsageError
from tocsin.core.formats.compression import READ_ERRORS, open_read
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingWriter
from tocsin.core.keys import is_id, partition_key
from tocsin.runtime.csv_columns import CsvTable, device_place, time_places, value_columns
from tocsin.runtime.csv_values import formatted_ms, instant_ms, is_empty

METRICS_PER_MESSAGE_MAX: Final = 64
PROBLEMS_KEPT_MAX: Final = 20
DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(slots=True)
class CsvReport:
    """What became of the rows: ``rows = recorded + empty + refused``.

    Attributes:
        rows: Rows below the heading.
        recorded: Rows that became readings.
        empty: Rows without any number.
        refused: Rows without a time or a device that can be read.
        earlier: Recorded rows whose time lies before that of an earlier row.
        readings: Numbers recorded.
        metrics: Metric to heading, of the columns that held numbers.
        ignored: Headings of the columns that held none.
        problems: The first refused and empty rows, in words, with their lines.
    """

    rows: int = 0
    recorded: int = 0
    empty: int = 0
    refused: int = 0
    earlier: int = 0
    readings: int = 0
    metrics: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def tell(self, problem: str) -> None:
        """Keep the problem, if there is room."""
        if len(self.problems) < PROBLEMS_KEPT_MAX:
            self.problems.append(problem)


def record_csv(table: CsvTable, path: Path) -> CsvReport:
    """Write the table's readings to a recording whose arrivals are the event times, never falling.

    Rows with equal times are all kept: each message carries its own number as the device's counter.

    Raises:
        UsageError: The table cannot be read as asked.
    """
    report = CsvReport()
    header = Header(source=f"csv {table.path.name}", clock="event")
    try:
        with _text(table.path) as text, RecordingWriter(path, header) as writer:
            for record in _Reader(table, text, report).records():
                writer.append(record)
    except (*READ_ERRORS, csv.Error) as error:
        raise UsageError(f"{table.path}: cannot be read: {error}") from error
    return report


def _text(path: Path) -> io.TextIOBase:
    return io.TextIOWrapper(open_read(path), encoding="utf-8-sig", errors="replace", newline="")


class _Reader:
    """Reads one table once."""

    def __init__(self, table: CsvTable, text: io.TextIOBase, report: CsvReport) -> None:
        self._table = table
        self._report = report
        self._zone = _zone(table.zone)
        first = text.readline()
        self._delimiter = max(DELIMITERS, key=first.count)
        self._decimal = "." if self._delimiter == "," else ","
        headings = [heading.strip() for heading in next(csv.reader([first], delimiter=self._delimiter), [])]
        self._rows = csv.reader(text, delimiter=self._delimiter)
        self._times = time_places(table, headings)
        self._device = device_place(table, headings)
        self._values = value_columns(table, headings, {*self._times, self._device})
        self._arrival_ms = 0
        self._seq = 0
        _check_ids(table)

    def records(self) -> Iterator[Recorded]:
        """Yield a record a row, or several where it has more metrics than a message takes."""
        for row in self._rows:
            if any(cell.strip() for cell in row):
                yield from self._records_of(row)
        self._report.metrics, self._report.ignored = self._values.found()

    def _records_of(self, row: Sequence[str]) -> Iterator[Recorded]:
        self._report.rows += 1
        # The reader has not counted the heading, which was read before it.
        where = f"{self._table.path}:{self._rows.line_num + 1}"
        try:
            time_ms, device = self._time_of(row), self._device_of(row)
            metrics = self._values.of(row, self._decimal)
        except ValueError as error:
            self._report.refused += 1
            self._report.tell(f"{where}: {error}")
            return
        if not metrics:
            self._report.empty += 1
            self._report.tell(f"{where}: row has no number")
            return
        self._report.recorded += 1
        self._report.readings += len(metrics)
        self._report.earlier += time_ms < self._arrival_ms
        self._arrival_ms = max(self._arrival_ms, time_ms)
        for first in range(0, len(metrics), METRICS_PER_MESSAGE_MAX):
            part = metrics[first : first + METRICS_PER_MESSAGE_MAX]
            yield self._record(device, time_ms, dict(part))

    def _record(self, device: str, time_ms: int, metrics: dict[str, float]) -> Recorded:
        self._seq += 1
        message = {"device": device, "ts": time_ms, "seq": self._seq, "metrics": metrics}
        key = partition_key(self._table.tenant, device)
        position = f"{self._table.path.name}:{self._rows.line_num + 1}"
        return Recorded(self._arrival_ms, key, msgspec.json.encode(message), position)

    def _time_of(self, row: Sequence[str]) -> int:
        cell = " ".join(row[place].strip() for place in self._times if place < len(row))
        if self._table.time_format:
            return formatted_ms(cell, self._table.time_format, self._zone)
        return instant_ms(cell, self._zone)

    def _device_of(self, row: Sequence[str]) -> str:
        if self._device is None or self._device >= len(row) or is_empty(row[self._device]):
            return self._table.device
        device = row[self._device].strip()
        if not is_id(device):
            raise ValueError(f"device must be 1 to 64 of A-Z a-z 0-9 _ . -, got {device[:80]!r}")
        return device


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)  # UTC also where no time zones are installed
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(f"zone must be an IANA name such as Europe/Berlin, got {name!r}") from error


def _check_ids(table: CsvTable) -> None:
    for what, name in (("tenant", table.tenant), ("device", table.device)):
        if not is_id(name):
            raise UsageError(f"{what} must be 1 to 64 of A-Z a-z 0-9 _ . -, got {name!r}")
