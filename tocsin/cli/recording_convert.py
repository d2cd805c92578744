"""``tocsin recording convert``: recordings in another compression, and files of others as recordings."""

from pathlib import Path
from typing import Any, Final

import click
import msgspec

from tocsin.cli.files import writing
from tocsin.cli.options import EXISTING, INSTANT, TARGET, json_option
from tocsin.cli.recording_edit import Made, make, tell
from tocsin.cli.table_options import table_of, table_options
from tocsin.core.clock import wall_now_ms
from tocsin.core.formats.line_protocol import PRECISIONS
from tocsin.runtime.csv_source import record_csv
from tocsin.runtime.imports import FORMATS, Import, import_file
from tocsin.runtime.salvage import Damages

READ: Final = ("recording", "csv", *FORMATS)


@click.command()
@click.argument("file", type=EXISTING)
@click.option("--to", type=TARGET, required=True, help="Recording to write: .jsonl, .jsonl.gz or .jsonl.zst.")
@click.option("--format", "file_format", type=click.Choice(READ), default=READ[0], help="What FILE is. [recording]")
@click.option("--arrived", "arrival_ms", type=INSTANT, help="When it arrived, for what has no time of its own. [now]")
@click.option("--device-tag", default="device", show_default=True, help="Of influx: tag that names the device.")
@click.option("--precision", type=click.Choice(tuple(PRECISIONS)), default="ns", show_default=True, help="Of influx.")
@table_options
@json_option
def convert(file: Path, to: Path, file_format: str, as_json: bool, **how: Any) -> None:  # noqa: ANN401  click's options
    """Write FILE as a recording: plain, gzip or zstd by the name; the format is said, never guessed.

    kinesis is what `aws kinesis get-records` prints, senml JSON packs (RFC 8428), influx line protocol. What
    cannot be read is told by number and left out, and the exit code is 1 then.
    """
    if file_format == "recording":
        made = make(
            [file], to, lambda headers: msgspec.structs.replace(headers[0], digest=""), lambda read: iter(read[0])
        )
    elif file_format == "csv":
        made = _of_table(file, to, **how)
    else:
        source = Import(
            file, file_format, how["tenant"], how["arrival_ms"] or wall_now_ms(), how["device_tag"], how["precision"]
        )
        with writing(to):
            found = import_file(source, to)
        made = Made(to, found.records, found.damages)
    tell(made, as_json=as_json)


def _of_table(file: Path, to: Path, **how: Any) -> Made:  # noqa: ANN401  click's options
    with writing(to):
        report = record_csv(table_of(file, how), to)
    return Made(to, report.recorded, Damages(report.refused, report.problems))
