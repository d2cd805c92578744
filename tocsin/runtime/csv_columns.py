"""How a table is laid out: which of its columns hold times, devices, metrics and values."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tocsin.core.errors import UsageError
from tocsin.runtime.csv_values import metric_name, metric_names, number

DEVICE_HEADINGS: Final = ("device", "device_id", "deviceid")
TIME_HEADINGS: Final = ("timestamp", "time", "ts", "datetime", "date", "date_time", "event_time")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """Which table, and how it is to be read.

    Attributes:
        path: The file; ``.gz`` means gzip, ``.zst`` zstd.
        tenant: Owner of the devices.
        device: The device that measured, in rows that name none.
        time_columns: Headings of the times; several are read as one text, e.g. a date's and a time's; none for the
            first of the usual headings.
        device_column: Heading of the column of device ids, or None for the first of the usual headings, if any.
        metric_column: Of a long table: heading of the names of metrics.
        value_column: Of a long table: heading of the values.
        time_format: How times are written, as ``strptime`` has it; None where ISO 8601 or epoch numbers.
        zone: IANA name of the zone of times without an offset.
    """

    path: Path
    tenant: str
    device: str
    time_columns: tuple[str, ...] = ()
    device_column: str | None = None
    metric_column: str | None = None
    value_column: str | None = None
    time_format: str | None = None
    zone: str = "UTC"


class Wide:
    """Every column of numbers is a metric."""

    def __init__(self, headings: Sequence[str], taken: Container[int | None]) -> None:
        self._headings = headings
        self._names = metric_names(list(headings))
        self._places = [place for place in range(len(headings)) if place not in taken]
        self._held: set[int] = set()

    def of(self, row: Sequence[str], decimal: str) -> list[tuple[str, float]]:
        """Return the row's metrics with their values."""
        found = []
        for place in self._places:
            value = number(row[place], decimal=decimal) if place < len(row) else None
            if value is not None:
                self._held.add(place)
                found.append((self._names[place], value))
        return found

    def found(self) -> tuple[dict[str, str], list[str]]:
        """Return metric to heading of the columns that held numbers, and the headings of those that held none."""
        metrics = {self._names[place]: self._headings[place] for place in self._places if place in self._held}
        return metrics, [self._headings[place] for place in self._places if place not in self._held]


class Long:
    """A row is one reading."""

    def __init__(self, metric: int, value: int) -> None:
        self._metric = metric
        self._value = value
        self._metrics: dict[str, str] = {}

    def of(self, row: Sequence[str], decimal: str) -> list[tuple[str, float]]:
        """Return the row's metric with its value; nothing where it has no number.

        Raises:
            ValueError: The row names no metric.
        """
        value = number(row[self._value], decimal=decimal) if self._value < len(row) else None
        if value is None:
            return []
        said = row[self._metric].strip() if self._metric < len(row) else ""
        name = metric_name(said)
        if not name:
            raise ValueError(f"metric must have a letter or digit, got {said[:40]!r}")
        if self._metrics.setdefault(name, said) != said:
            raise ValueError(f"metric {said[:40]!r} would be {name}, as {self._metrics[name][:40]!r} is")
        return [(name, value)]

    def found(self) -> tuple[dict[str, str], list[str]]:
        """Return metric to its name in the table; no column is left out for want of numbers."""
        return self._metrics, []


def time_places(table: CsvTable, headings: Sequence[str]) -> list[int]:
    """Return the columns whose texts, joined by blanks, are the time.

    Raises:
        UsageError: A column that is named is not there, or none is named and none has a usual heading.
    """
    if table.time_columns:
        return [_place(table, headings, wanted) for wanted in table.time_columns]
    usual = _usual(headings, TIME_HEADINGS)
    if usual is None:
        raise UsageError(
            f"{table.path}: name the column of times, none is called {', '.join(TIME_HEADINGS)}; "
            f"columns are {', '.join(headings)[:400] or 'none'}"
        )
    return [usual]


def device_place(table: CsvTable, headings: Sequence[str]) -> int | None:
    """Return the column of the devices, or None where there is none.

    Raises:
        UsageError: The column that is named is not there.
    """
    if table.device_column:
        return _place(table, headings, table.device_column)
    return _usual(headings, DEVICE_HEADINGS)


def value_columns(table: CsvTable, headings: Sequence[str], taken: Container[int | None]) -> Wide | Long:
    """Return what reads the values of a row.

    Args:
        table: How the table is laid out.
        headings: Its headings.
        taken: Columns that hold no values.

    Raises:
        UsageError: A column that is named is not there, or only one of the two of a long table is named.
    """
    if (table.metric_column is None) != (table.value_column is None):
        raise UsageError("a long table needs both the column of metrics and the column of values")
    if table.metric_column is None or table.value_column is None:
        return Wide(headings, taken)
    return Long(_place(table, headings, table.metric_column), _place(table, headings, table.value_column))


def _usual(headings: Sequence[str], wanted: Sequence[str]) -> int | None:
    lowered = [heading.lower().replace(" ", "_") for heading in headings]
    return next((lowered.index(usual) for usual in wanted if usual in lowered), None)


def _place(table: CsvTable, headings: Sequence[str], wanted: str) -> int:
    if wanted not in headings:
        raise UsageError(f"{table.path}: has no column {wanted!r}; columns are {', '.join(headings)[:400] or 'none'}")
    return headings.index(wanted)
