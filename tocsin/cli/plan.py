"""``tocsin plan``: plans checked, compiled, and described for editors."""

from pathlib import Path
from typing import Any

import click
import msgspec

from tocsin.cli.files import plan_or_default, writing
from tocsin.cli.options import EXISTING, TARGET, json_option
from tocsin.cli.output import print_json, table_lines, talk
from tocsin.core.errors import PlanError
from tocsin.core.plan.explain import explain_plan
from tocsin.core.plan.model import encode_plan, plan_hash
from tocsin.core.plan.schema import plan_schema
from tocsin.core.plan.warnings import plan_warnings
from tocsin.core.routes import policy_of


@click.group()
def plan() -> None:
    """Check plans, compile them, and print their schema."""


@plan.command()
@click.argument("file", type=EXISTING, required=False)
@json_option
def check(file: Path | None, as_json: bool) -> None:
    """Say what a plan means, or what is wrong with it; without FILE, the default plan.

    Problems are printed as file:line: key: what is wrong, all of them, and the exit code is 1.
    """
    try:
        found = plan_or_default(file)
    except PlanError as error:
        _print_problems(error, as_json=as_json)
        click.get_current_context().exit(1)
    warnings = plan_warnings(found)
    if as_json:
        said = {"ok": True, "hash": plan_hash(found), "problems": [], "warnings": warnings}
        print_json({**said, "plan": msgspec.to_builtins(found)})
        return
    click.echo(explain_plan(found))
    for line in warnings:
        talk(f"warning: {line}")


def _print_problems(error: PlanError, *, as_json: bool) -> None:
    if as_json:
        problems: list[dict[str, Any]] = [msgspec.to_builtins(problem) for problem in error.problems]
        print_json({"ok": False, "hash": None, "problems": problems, "plan": None})
        return
    for problem in error.problems:
        click.echo(str(problem))


@plan.command("compile")
@click.argument("file", type=EXISTING)
@click.option("--to", type=TARGET, help="File to write; without it, standard output.")
def compile_plan(file: Path, to: Path | None) -> None:
    """Print the document that the stages load: canonical JSON, whose hash names the plan."""
    found = plan_or_default(file)
    document = encode_plan(found)
    if to is None:
        click.echo(document.decode())
        return
    with writing(to):
        to.write_bytes(document)
    talk(f"plan {plan_hash(found)} written to {to}")


@plan.command()
@click.argument("file", type=EXISTING, required=False)
@json_option
def routes(file: Path | None, as_json: bool) -> None:
    """Print who gets what: each route with its receiver and the filter policy that selects the same on SNS."""
    found = plan_or_default(file)
    channels = {one.name: one.channel for one in found.receivers}
    if as_json:
        print_json(
            [
                {"route": one.name, "receiver": one.to, "channel": channels[one.to], "filter_policy": policy_of(one)}
                for one in found.routes
            ]
        )
        return
    rows = [
        (one.name, f"{one.to} {channels[one.to]}", msgspec.json.encode(policy_of(one)).decode()) for one in found.routes
    ]
    for line in table_lines(("route", "receiver", "filter policy"), rows):
        click.echo(line)


@plan.command()
def schema() -> None:
    """Print the JSON Schema of plans in YAML, for editors."""
    click.echo(msgspec.json.format(msgspec.json.encode(plan_schema()), indent=2).decode())
