"""``tocsin iam``: whether each role of the template grants what its function calls, and nothing else."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import click

from simulator.scenario import load_scenario
from tocsin.cli.files import plan_for, scenario_file
from tocsin.cli.options import EXISTING, json_option
from tocsin.cli.output import print_json, talk
from tocsin.core.clock import MINUTE_MS
from tocsin.runtime.cloudformation.resolve import resolve
from tocsin.runtime.cloudformation.source import Template, load_template
from tocsin.runtime.iam.exercise import exercise
from tocsin.runtime.iam.report import Report, report_of
from tocsin.runtime.iam.settings import SETTINGS

PLAYED_MS: Final = 16 * MINUTE_MS
SCENARIO: Final = "small"


@click.group()
def iam() -> None:
    """Check what the roles of the template may do."""


@iam.command()
@click.option("--template", type=EXISTING, help="Another template of this pipeline.")
@click.option("--enforce", is_flag=True, help="Fail at the first call that is not granted, as AWS would.")
@json_option
def check(template: Path | None, enforce: bool, as_json: bool) -> None:
    """Run the pipeline with the rights of its roles, and compare what they grant with what is called.

    Exit code 1 where something is granted and not used, or used and not granted.
    """
    logging.disable(logging.ERROR)  # the run has bad input on purpose
    click.get_current_context().call_on_close(lambda: logging.disable(logging.NOTSET))
    loaded = load_template(template or _own_template())
    found = dict(_reports(loaded, enforces=enforce))
    if as_json:
        print_json({"ok": _is_fine(found), "settings": {name: _as_data(report) for name, report in found.items()}})
    else:
        _say(found)
    click.get_current_context().exit(0 if _is_fine(found) else 1)


def _own_template() -> Path:
    return Path(str(files("infra").joinpath("template.yaml")))


def _reports(template: Template, *, enforces: bool) -> Iterator[tuple[str, Report]]:
    """Yield a report for each of the settings."""
    file = scenario_file(SCENARIO)
    scenario = load_scenario(file)
    scenario = replace(scenario, end_ms=scenario.start_ms + PLAYED_MS)
    for name, parameters in SETTINGS.items():
        known = {key: value for key, value in parameters.items() if key in template.get("Parameters", {})}
        stack = resolve(template, known)
        yield name, report_of(exercise(stack, scenario, plan_for(file, None), enforces=enforces))


def _is_fine(found: dict[str, Report]) -> bool:
    return not any(report.unused or report.refused for report in found.values())


def _say(found: dict[str, Report]) -> None:
    for name, report in found.items():
        for finding in report.unused:
            click.echo(f"granted, not used: {finding}")
        for finding in report.refused:
            click.echo(f"used, not granted: {finding}")
        talk(
            f"{name}: {report.grants} grants, {report.calls} distinct calls; "
            f"{len(report.unused)} not used, {len(report.refused)} not granted"
        )


def _as_data(report: Report) -> dict[str, Any]:
    return {
        "grants": report.grants,
        "calls": report.calls,
        "granted_not_used": [str(finding) for finding in report.unused],
        "used_not_granted": [str(finding) for finding in report.refused],
    }
