"""``tocsin record``: recordings of a log, or of any CSV with a column of times."""

from pathlib import Path
from typing import Any

import click
import msgspec

from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.files import writing
from tocsin.cli.options import DEFAULT_FILE, EXISTING, INSTANT, TARGET, json_option
from tocsin.cli.output import print_json, talk
from tocsin.cli.table_options import table_of, table_options
from tocsin.core.clock import iso, wall_now_ms
from tocsin.core.errors import UsageError
from tocsin.runtime.csv_columns import CsvTable
from tocsin.runtime.csv_source import CsvReport, record_csv
from tocsin.runtime.record import record_log


@click.command()
@click.option("--to", type=TARGET, required=True, help="Recording to write: .jsonl, .jsonl.gz or .jsonl.zst.")
@click.option("--file", "path", type=EXISTING, help=f"File of `tocsin run`; {DEFAULT_FILE} unless --from-csv is given.")
@click.option("--from", "start_ms", type=INSTANT, help="Only what arrived since an instant, or in the last 2h.")
@click.option("--until", "end_ms", type=INSTANT, help="Only what arrived before an instant.")
@click.option("--with-actions", is_flag=True, help="With what people did about alerts, names and all.")
@click.option("--from-csv", "table", type=EXISTING, help="Record this table instead: CSV, plain, in gzip or in zstd.")
@table_options
@json_option
def record(  # noqa: PLR0917  click passes each option
    to: Path,
    path: Path | None,
    start_ms: int | None,
    end_ms: int | None,
    with_actions: bool,
    table: Path | None,
    as_json: bool,
    **layout: Any,  # noqa: ANN401  click's options
) -> None:
    """Write a recording, which `tocsin replay` plays again: of the log of readings, or of a table.

    The exit code is 1 where nothing was recorded.
    """
    if table is None:
        records = _record_log(
            path or Path(DEFAULT_FILE), to, start_ms, end_ms, with_actions=with_actions, as_json=as_json
        )
    elif path or start_ms is not None or end_ms is not None or with_actions:
        raise UsageError("--from-csv records a whole table: leave out --file, --from, --until and --with-actions")
    else:
        records = _record_table(table_of(table, layout), to, as_json=as_json)
    if not records:
        click.get_current_context().exit(1)


def _record_log(
    path: Path, to: Path, start_ms: int | None, end_ms: int | None, *, with_actions: bool, as_json: bool
) -> int:
    with writing(to), open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        taken = record_log(
            embedded.readings,
            to,
            source=f"log readings of {path.name}",
            actions=embedded.backend.alerts.feed if with_actions else None,
            start_ms=start_ms,
            end_ms=end_ms,
        )
    first = iso(taken.first_ms) if taken.first_ms is not None else None
    last = iso(taken.last_ms) if taken.last_ms is not None else None
    talk(f"{taken.records:,} records" + (f", {first} to {last}," if first else "") + f" written to {to}")
    if as_json:
        print_json({"to": str(to), "records": taken.records, "first": first, "last": last})
    return taken.records


def _record_table(table: CsvTable, to: Path, *, as_json: bool) -> int:
    report = record_csv(table, to)
    if as_json:
        print_json({"to": str(to), **msgspec.to_builtins(report)})
    else:
        _tell(report, to)
    return report.recorded


def _tell(report: CsvReport, to: Path) -> None:
    talk(f"{report.readings:,} readings of {report.recorded:,} rows written to {to}")
    talk(
        f"{report.rows:,} rows: {report.recorded:,} recorded ({report.earlier:,} of them out of order), "
        f"{report.empty:,} without a number, {report.refused:,} refused"
    )
    for metric, heading in report.metrics.items():
        talk(f"metric {metric}" + (f" from column {heading!r}" if heading != metric else ""))
    if report.ignored:
        talk(f"columns without numbers: {', '.join(report.ignored)}")
    for problem in report.problems:
        talk(problem)
