"""Options that say how a table is to be read, the same wherever one becomes a recording."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from tocsin.core.formats.compression import stem
from tocsin.runtime.csv_columns import CsvTable

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS: Final = (
    click.option(
        "--tenant", default="local", show_default=True, help="Owner of the devices, where the file does not say."
    ),
    click.option("--device", help="Of a table: the device, where no column names it; else the name of the file."),
    click.option("--device-column", help="Of a table: heading of the devices; else device or device_id, if there."),
    click.option(
        "--time-column",
        "time_columns",
        multiple=True,
        help="Of a table: heading of the times; else the first usual one. Again where date and time stand apart.",
    ),
    click.option("--time-format", help="Of a table: how times are written, e.g. '%d/%m/%Y %H:%M:%S'."),
    click.option("--metric-column", help="Of a long table, one reading a row: heading of the metrics' names."),
    click.option("--value-column", help="Of a long table: heading of the values."),
    click.option("--zone", default="UTC", show_default=True, help="Of a table: zone of times without an offset."),
)


def table_options(command: Command) -> Command:
    """Give a command the options of ``table_of``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def table_of(path: Path, options: dict[str, Any]) -> CsvTable:
    """Return the table that the options describe.

    Args:
        path: Its file.
        options: What the options of ``table_options`` are set to; others are let be.
    """
    return CsvTable(
        path,
        options["tenant"],
        options["device"] or _device_of(path),
        options["time_columns"],
        options["device_column"],
        options["metric_column"],
        options["value_column"],
        options["time_format"],
        options["zone"],
    )


def _device_of(table: Path) -> str:
    """Return the file's name as an id."""
    name = stem(table).removesuffix(".csv")
    return "".join(char if char.isascii() and (char.isalnum() or char in "_.-") else "-" for char in name)[:64]
