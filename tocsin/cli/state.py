"""``tocsin state``: what the pipeline keeps of a device, groups that wait, and another number of groups."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from tocsin.adapters.aws.settings import PARTS
from tocsin.cli.backends import backend_option, opened_store, store_option
from tocsin.cli.options import EXISTING, json_option, plan_option
from tocsin.cli.output import print_json, talk
from tocsin.core.clock import wall_now_ms
from tocsin.core.errors import UsageError
from tocsin.core.plan.book import PlanBook, plan_blob
from tocsin.core.plan.model import Plan
from tocsin.core.plan.source import default_plan, load_plan
from tocsin.core.ports import Blobs
from tocsin.runtime.device_state import device_state
from tocsin.runtime.gaps import gaps, skip_gaps
from tocsin.runtime.generations import stored_plan
from tocsin.runtime.rescale import rescale
from tocsin.runtime.under_way import panes_under_way

FINDING: Final = 1


@click.group()
def state() -> None:
    """What the pipeline keeps: of a device, of groups, of a generation."""


def plan_of(plan_path: Path | None, blobs: Blobs) -> Plan:
    """Return the plan of the file; without one, what was run on these blobs, or the default plan."""
    if plan_path is not None:
        return load_plan(plan_path)
    return stored_plan(blobs) or default_plan()


@state.command("show")
@backend_option
@store_option
@plan_option
@click.argument("device")
@json_option
def show_device(backend: str, path: Path, plan_path: Path | None, device: str, as_json: bool) -> int:
    """Show what the stages keep of DEVICE, which is tenant/device. Exit code 1 where nobody knows it."""
    key = device.replace("/", "#", 1)
    with opened_store(backend, path, ("state", "blobs"), read_only=True) as host:
        try:
            said = device_state(host.backend, plan_of(plan_path, host.backend.blobs), key)
        except ValueError as error:
            raise UsageError(f"DEVICE must be tenant/device, got {device[:140]!r}") from error
    if as_json:
        print_json(said)
    else:
        click.echo("\n".join(_lines(said)))
    return FINDING if said["processors"] is None and said["anomaly"] is None else 0


def _lines(said: dict[str, Any]) -> Iterator[str]:
    yield f"{said['tenant']}/{said['device']}, group {said['group']} of generation {said['generation']}"
    folded, judged = said["processors"], said["anomaly"]
    if folded is None:
        yield "processors do not know it"
    else:
        yield f"newest reading {folded['newest']}, watermark {folded['watermark']}, {folded['identities']} identities"
        for metric, slices in folded["metrics"].items():
            held = ", ".join(f"{one['start']} {one['count']} readings, mean {one['mean']:.6g}" for one in slices)
            yield f"  {metric}: {held or 'no open slice'}"
    if judged is None:
        yield "the anomaly stage does not know it"
    else:
        yield judged["health"].replace("_", " ")
        yield f"reports every {judged['reports_every_ms'] / 1_000:.6g} s, learned of {judged['gaps_learned']} gaps"
        for one in judged["series"]:
            health = one["health"].replace("_", " ")
            yield f"  {one['metric']}, windows of {one['size_ms'] // 1_000} s: {health}, newest {one['newest_window']}"
        for one in judged["alerts"]:
            about = f" {one['metric']}" if one["metric"] else ""
            yield f"  {one['rule']}{about}: {one['phase']} since {one['since']}, episode {one['episode']}"
    for one in said["alerts"]:
        yield f"  {one['rule']} is {one['stance']}" + (
            f", acknowledged by {one['acknowledged_by']}" * bool(one["acknowledged_by"])
        )


@state.command()
@backend_option
@store_option
@plan_option
@click.argument("groups", nargs=-1, type=int)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def skip(
    backend: str, path: Path, plan_path: Path | None, groups: tuple[int, ...], dry_run: bool, as_json: bool
) -> None:
    """Let groups that wait for panes which never come go on behind the gap: those named, or all that wait.

    A gap is left where a record of panes was damaged: the stage refuses what comes after it, as a judgement without it
    could be a wrong one. First try `tocsin dlq redrive`: what was given up whole can be put again. What is skipped is
    counted (`panes_skipped`) and kept in the account under skipped/.
    """
    with opened_store(backend, path, ("state", "blobs", "panes", "alerts"), read_only=dry_run) as host:
        ports = host.backend
        plan = plan_of(plan_path, ports.blobs)
        plans = PlanBook(plan, lambda named: ports.blobs.get(plan_blob(named)))
        found = [gap for gap in gaps(ports, plan, plans) if not groups or gap.group in groups]
        if found and not dry_run:
            skip_gaps(ports, plans, found, wall_now_ms())
    for gap in found:
        if as_json:
            print_json({**asdict(gap), "dry_run": dry_run})
        else:
            verb = "would be skipped" if dry_run else "skipped"
            click.echo(f"group {gap.generation}.{gap.group}: panes {gap.first:,} to {gap.last:,} {verb}")
    if not found:
        talk("no group waits for panes")


@state.command("panes")
@backend_option
@store_option
@plan_option
@json_option
def show_panes(backend: str, path: Path, plan_path: Path | None, as_json: bool) -> int:
    """Tell whether panes lie on their log that are not judged: look before `PanesShards` becomes 0.

    Disable the mapping of the readings first, so that none are added, and ask until nothing is left; exit code 1 while
    something is. What a group has in its outbox is handed on again with a log and without one, so it may stay.
    """
    with opened_store(backend, path, ("state", "blobs", "alerts"), read_only=True) as host:
        ports = host.backend
        plan = plan_of(plan_path, ports.blobs)
        found = panes_under_way(ports, plan, PlanBook(plan, lambda named: ports.blobs.get(plan_blob(named))))
    on_log = sum(one.on_log for one in found)
    if as_json:
        print_json({"may_switch": not on_log, "on_log": on_log, "groups": [asdict(one) for one in found]})
        return FINDING if on_log else 0
    for one in found:
        click.echo(f"group {one.generation}.{one.group}: {one.on_log:,} on the log, {one.in_outbox:,} in the outbox")
    talk(
        f"{on_log:,} batches of panes lie on the log: wait" if on_log else "no panes lie on the log: it may be left out"
    )
    return FINDING if on_log else 0


@state.command("rescale")
@backend_option
@store_option
@click.option(
    "--plan", "plan_path", type=EXISTING, required=True, help="As the running one, but for groups and generation."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def rescale_groups(backend: str, path: Path, plan_path: Path, dry_run: bool, as_json: bool) -> None:
    """Move all that is known to another number of key groups: drain, divide anew, switch.

    In the plan, set `groups` to what is wanted and `generation` to one more than now, and change nothing else. Stop
    `tocsin run`, rescale, and run the new plan: the old one is refused from then on. Nothing is lost, told twice or
    counted twice; where it is interrupted before the switch, the old plan is still in force. On AWS disable the
    mappings of the stages first, and deploy the new plan before they are enabled again.
    """
    with opened_store(backend, path, PARTS, read_only=dry_run) as host:
        done = rescale(host, load_plan(plan_path), wall_now_ms, is_trial=dry_run)
    if as_json:
        print_json({**asdict(done), "dry_run": dry_run})
        return
    verb = "would move" if dry_run else "moved"
    click.echo(
        f"{sum(done.after):,} devices {verb} from {len(done.before)} groups of generation {done.former} to "
        f"{len(done.after)} of generation {done.generation}, at most {max(done.after):,} in one"
    )
