"""``tocsin dlq``: what mappings gave up and gateways' queues set aside, and how it comes back."""

from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
import msgspec

from anomaly.handler import make_handler as make_anomaly
from tocsin.cli.backends import backend_option, opened_store, store_option
from tocsin.cli.options import json_option, plan_option
from tocsin.cli.output import print_json, table_lines, talk
from tocsin.cli.state import plan_of
from tocsin.core.clock import wall_now_ms
from tocsin.core.errors import UsageError
from tocsin.core.plan.book import PlanBook, plan_blob
from tocsin.runtime.given_up import GivenUp, Redriven, chosen, find, given_up, redrive

LETTERS_MAX: Final = 1_000
QUEUE: Final = "queue"
"""What stands for the dead letters of the gateways' queue in place of a name."""
FINDING: Final = 1
LOOKS_AT: Final = ("blobs", "gateway")
PUTS_BACK: Final = (*LOOKS_AT, "readings", "state", "alerts")
"""Without the log of panes, which not all deployments have; it is read where a report names it."""


@click.group()
def dlq() -> None:
    """What was given up: batches of the mappings, dead letters of the gateways' queue."""


@dlq.command("list")
@backend_option
@store_option
@click.option("--all", "with_redriven", is_flag=True, help="Also what was put again since.")
@json_option
def list_batches(backend: str, path: Path, with_redriven: bool, as_json: bool) -> int:
    """List what waits: one line a batch, and one for the dead letters. Exit code 1 if there is anything."""
    with opened_store(backend, path, LOOKS_AT, read_only=True) as host:
        found = [batch for batch in given_up(host.backend.blobs) if with_redriven or not batch.is_redriven]
        letters = len(host.backend.gateway.dead_letters(limit=LETTERS_MAX))
    if as_json:
        for batch in found:
            print_json({name: value for name, value in asdict(batch).items() if name != "event"})
        if letters:
            print_json({"name": QUEUE, "records": letters})
    elif found or letters:
        headings = ["given up", "stage", "records", "tried", "why", "name"]
        rows = [_row(batch) for batch in found]
        rows += [["", "ingest", f"{letters:,}", "", "received too often", QUEUE]] if letters else []
        click.echo("\n".join(table_lines(headings, rows)))
    waiting = sum(not batch.is_redriven for batch in found) + letters
    if not waiting:
        talk("nothing waits")
    return FINDING if waiting else 0


def _row(batch: GivenUp) -> list[str]:
    why = f"{batch.condition}, put again since" if batch.is_redriven else batch.condition
    return [batch.at, batch.function, f"{batch.records:,}", f"{batch.attempts:,}", why, batch.name]


@dlq.command()
@backend_option
@store_option
@click.argument("name")
@json_option
def show(backend: str, path: Path, name: str, as_json: bool) -> None:
    """Show a batch with its records, or the dead letters of the queue."""
    with opened_store(backend, path, LOOKS_AT, read_only=True) as host:
        if name == QUEUE:
            for letter in host.backend.gateway.dead_letters(limit=LETTERS_MAX):
                said = {"id": letter.id, "sent_ms": letter.sent_ms, "received": letter.receive_count}
                print_json({**said, "body": letter.body})
            return
        batch = find(host.backend.blobs, name)
    if batch is None:
        raise UsageError(f"nothing was given up under {name}")
    if as_json:
        print_json(asdict(batch))
        return
    for key, value in asdict(batch).items():
        if key != "event":
            click.echo(f"{key:<12} {value}")
    for record in (batch.event or {}).get("Records", []):
        click.echo(msgspec.json.encode(record).decode())


@dlq.command("redrive")
@backend_option
@store_option
@plan_option
@click.argument("names", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def redrive_batches(
    backend: str, path: Path, plan_path: Path | None, names: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Bring batches back: those named, or all that wait; `queue` stands for the dead letters.

    Readings get new sequence numbers at the end of their log: the next `tocsin run` folds them. What has become late
    by then is late; what was folded all the same is a duplicate. Panes are folded at once, as those behind them wait
    for them. Nothing else may write to the file meanwhile. On AWS the functions go on; what they fold is skipped here.
    """
    with opened_store(backend, path, PUTS_BACK, read_only=dry_run) as host:
        ports = host.backend
        plans = PlanBook(plan_of(plan_path, ports.blobs), lambda named: ports.blobs.get(plan_blob(named)))
        fold = make_anomaly(ports, plans)
        batches = chosen(ports.blobs, [name for name in names if name != QUEUE]) if set(names) != {QUEUE} else []
        for batch in batches:
            done = redrive(batch, ports, wall_now_ms(), fold_panes=fold, is_trial=dry_run)
            _say(done, dry_run=dry_run, as_json=as_json)
        if not names or QUEUE in names:
            letters = len(ports.gateway.dead_letters(limit=LETTERS_MAX)) if dry_run else ports.gateway.redrive()
            if letters:
                _say(Redriven(QUEUE, letters), dry_run=dry_run, as_json=as_json)
            elif not batches:
                talk("nothing waits")


def _say(done: Redriven, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(done), "dry_run": dry_run})
    elif done.left:
        click.echo(f"{done.name}: left, {done.left}")
    else:
        ticks = f", {done.ticks:,} ticks left out" if done.ticks else ""
        click.echo(f"{done.name}: {done.put:,} records {'would be put' if dry_run else 'put'} again{ticks}")
