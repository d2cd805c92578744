"""``tocsin archive``: what the log took, kept by tenant and hour, and exported as recordings."""

from pathlib import Path

import click

from tocsin.cli.backends import backend_option, opened_store, store_option
from tocsin.cli.options import INSTANT, TARGET, json_option
from tocsin.cli.output import print_json, talk
from tocsin.core.clock import wall_now_ms
from tocsin.core.plan.source import default_plan
from tocsin.runtime.archived import archive as archive_log
from tocsin.runtime.archived import archived_hours, export, waiting


@click.group()
def archive() -> None:
    """What the log of readings took, by tenant and hour: longer than the log itself keeps it."""


@archive.command()
@backend_option
@store_option
@click.option("--dry-run", is_flag=True, help="Say how many records wait, and do nothing.")
@json_option
def write(backend: str, path: Path, dry_run: bool, as_json: bool) -> None:
    """Archive what the log holds and the archive does not. On AWS a function does so all the time."""
    with opened_store(backend, path, ("readings", "state", "blobs"), read_only=dry_run) as host:
        if dry_run:
            count = waiting(host.backend.readings, host.checkpoints)
        else:
            count = archive_log(host, default_plan(), wall_now_ms)
    if as_json:
        print_json({"records": count, "dry_run": dry_run})
    else:
        click.echo(f"{count:,} records {'would be archived' if dry_run else 'archived'}")


@archive.command("list")
@backend_option
@store_option
@click.argument("tenant")
@json_option
def list_hours(backend: str, path: Path, tenant: str, as_json: bool) -> None:
    """List the hours that the archive has of the tenant."""
    with opened_store(backend, path, ("blobs",), read_only=True) as host:
        hours = archived_hours(host.backend.blobs, tenant)
    for hour in hours:
        if as_json:
            print_json({"hour": f"{hour}:00:00Z"})
        else:
            click.echo(f"{hour}:00Z")
    if not hours:
        talk(f"the archive has nothing of {tenant}")


@archive.command("export")
@backend_option
@store_option
@click.argument("tenant")
@click.argument("target", type=TARGET)
@click.option("--since", type=INSTANT, required=True, help="Arrivals from this instant on.")
@click.option("--until", type=INSTANT, default="now", show_default=True, help="And before this.")
@json_option
def export_hours(  # noqa: PLR0917  click passes each option
    backend: str, path: Path, tenant: str, target: Path, since: int, until: int, as_json: bool
) -> None:
    """Write what the archive has of the tenant, and the ticks between, to a recording: `tocsin replay` reads it."""
    with opened_store(backend, path, ("blobs",), read_only=True) as host:
        count = export(host.backend.blobs, tenant, target, start_ms=since, end_ms=until)
    if as_json:
        print_json({"records": count, "file": str(target)})
    else:
        click.echo(f"{count:,} records in {target}")
