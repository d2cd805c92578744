"""``tocsin state``: what the pipeline keeps, groups that wait, and another number of groups."""

from dataclasses import asdict
from pathlib import Path

import click

from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.files import plan_or_default
from tocsin.cli.options import EXISTING, json_option, plan_option, read_file_option
from tocsin.cli.output import print_json, talk
from tocsin.core.clock import wall_now_ms
from tocsin.core.plan.book import PlanBook, plan_blob
from tocsin.core.plan.source import load_plan
from tocsin.runtime.gaps import gaps, skip_gaps
from tocsin.runtime.rescale import rescale


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


@state.command("rescale")
@read_file_option
@click.option(
    "--plan", "plan_path", type=EXISTING, required=True, help="As the running one, but for groups and generation."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def rescale_groups(path: Path, plan_path: Path, dry_run: bool, as_json: bool) -> None:
    """Move all that is known to another number of key groups: drain, divide anew, switch.

    In the plan, set `groups` to what is wanted and `generation` to one more than now, and change nothing else. Stop
    `tocsin run`, rescale, and run the new plan: the old one is refused from then on. Nothing is lost, told twice or
    counted twice; where it is interrupted before the switch, the old plan is still in force.
    """
    with open_embedded(path, now_ms=wall_now_ms, read_only=dry_run) as embedded:
        done = rescale(embedded, load_plan(plan_path), wall_now_ms, is_trial=dry_run)
    if as_json:
        print_json({**asdict(done), "dry_run": dry_run})
        return
    verb = "would move" if dry_run else "moved"
    click.echo(
        f"{sum(done.after):,} devices {verb} from {len(done.before)} groups of generation {done.former} to "
        f"{len(done.after)} of generation {done.generation}, at most {max(done.after):,} in one"
    )
