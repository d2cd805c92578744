"""``tocsin backfill``: the past, folded in a generation of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tocsin.adapters.aws.settings import PARTS
from tocsin.cli.backends import backend_option, opened_store
from tocsin.cli.options import DEFAULT_FILE, EXISTING, INSTANT, TARGET, json_option
from tocsin.cli.output import print_json
from tocsin.core.clock import wall_now_ms
from tocsin.core.errors import UsageError
from tocsin.core.formats.recording import Recorded
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.core.keys import is_id
from tocsin.core.plan.source import load_plan
from tocsin.runtime.archived import archived_records
from tocsin.runtime.backfill import Backfilled
from tocsin.runtime.backfill import backfill as fold_past
from tocsin.runtime.csv_columns import CsvTable
from tocsin.runtime.csv_source import record_csv

TABLES = (".csv", ".csv.gz", ".csv.zst")


@click.command()
@click.argument("source", type=EXISTING, required=False)
@backend_option
@click.option("--file", "path", type=TARGET, default=DEFAULT_FILE, show_default=True, help="Where it is folded into.")
@click.option("--plan", "plan_path", type=EXISTING, required=True, help="As the running one, with the next generation.")
@click.option("--tenant", default="local", show_default=True, help="Owner of the devices of a table.")
@click.option("--device", default="device", show_default=True, help="Device of a table's rows that name none.")
@click.option("--archived", help="Instead of a file: what the archive has of this tenant.")
@click.option("--since", type=INSTANT, help="Of the archive: arrivals from this instant on.")
@click.option("--until", type=INSTANT, default="now", show_default=True, help="Of the archive: and before this.")
@click.option("--dry-run", is_flag=True, help="Fold it in memory, say what came of it, and change nothing.")
@json_option
def backfill(  # noqa: PLR0917  click passes each option
    source: Path | None,
    backend: str,
    path: Path,
    plan_path: Path,
    tenant: str,
    device: str,
    archived: str | None,
    since: int | None,
    until: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fold a recording, a table or archived hours of the past, so that nothing of it comes late.

    Windows are filled, and what is learned of devices that nobody knew stays; alerts of the past are counted, and
    nobody is told. Raise `generation` in the plan by one, stop `tocsin run`, backfill, and run the raised plan: the
    former one is refused from then on. On a file that was never run the plan stays as it is.
    """
    if (source is None) == (archived is None):
        raise UsageError("give either a file or --archived TENANT")
    if archived is not None and since is None:
        raise UsageError("--archived needs --since")
    if not (is_id(tenant) and is_id(device)):
        raise UsageError("--tenant and --device must be 1 to 64 of A-Z a-z 0-9 _ . -")
    plan = load_plan(plan_path)
    with (
        opened_store(backend, path, PARTS, may_be_new=True) as host,
        _past(source, tenant, device) as recorded,
    ):
        records = recorded or archived_records(host.backend.blobs, str(archived), since or 0, until)
        done = fold_past(host, plan, records, wall_now_ms, is_trial=dry_run)
    if as_json:
        print_json({**asdict(done), "dry_run": dry_run})
    else:
        click.echo(_words(done, dry_run=dry_run))


@contextmanager
def _past(source: Path | None, tenant: str, device: str) -> Iterator[Iterator[Recorded] | None]:
    """Yield the records of the file; a table becomes a recording first."""
    if source is None:
        yield None
        return
    with TemporaryDirectory() as folder:
        if source.name.endswith(TABLES):
            recording = Path(folder) / "table.jsonl"
            record_csv(CsvTable(source, tenant, device), recording)
            source = recording
        with RecordingReader(source) as reader:
            yield iter(reader)


def _words(done: Backfilled, *, dry_run: bool) -> str:
    lines = [
        f"{done.records:,} records {'would be folded' if dry_run else 'folded'} into {done.panes:,} windows: "
        f"{done.readings:,} readings, {done.rejected:,} messages rejected",
        f"left out: {done.overlapping:,} of a time in which their device is known, {done.left_out:,} without a time",
        f"{done.devices:,} devices, {done.new_devices:,} of them new; {done.alerts:,} alerts of the past, nobody told",
    ]
    return "\n".join(lines if dry_run else [*lines, f"generation {done.generation} is in force: run this plan"])
