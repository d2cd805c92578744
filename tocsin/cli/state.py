"""``tocsin state``: what the pipeline knows of a device, and what to do about groups that wait."""

from dataclasses import asdict
from pathlib import Path

import click

from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.files import plan_or_default
from tocsin.cli.options import json_option, plan_option, read_file_option
from tocsin.cli.output import print_json, talk
from tocsin.core.clock import wall_now_ms
from tocsin.core.plan.book import PlanBook, plan_blob
from tocsin.runtime.gaps import gaps, skip_gaps


@click.group()
def state() -> None:
    """What the pipeline keeps: of a device, of groups, of a generation."""


@state.command()
@read_file_option
@plan_option
@click.argument("groups", nargs=-1, type=int)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def skip(path: Path, plan_path: Path | None, groups: tuple[int, ...], dry_run: bool, as_json: bool) -> None:
    """Let groups that wait for panes which never come go on behind the gap: those named, or all that wait.

    A gap is left where a record of panes was damaged: the stage refuses what comes after it, as a judgement without it
    could be a wrong one. First try `tocsin dlq redrive`: what was given up whole can be put again. What is skipped is
    counted (`panes_skipped`) and kept in the account under skipped/.
    """
    plan = plan_or_default(plan_path)
    with open_embedded(path, now_ms=wall_now_ms, read_only=dry_run) as embedded:
        backend = embedded.backend
        plans = PlanBook(plan, lambda named: backend.blobs.get(plan_blob(named)))
        found = [gap for gap in gaps(backend, plan, plans) if not groups or gap.group in groups]
        if found and not dry_run:
            skip_gaps(backend, plans, found, wall_now_ms())
    for gap in found:
        if as_json:
            print_json({**asdict(gap), "dry_run": dry_run})
        else:
            verb = "would be skipped" if dry_run else "skipped"
            click.echo(f"group {gap.generation}.{gap.group}: panes {gap.first:,} to {gap.last:,} {verb}")
    if not found:
        talk("no group waits for panes")
