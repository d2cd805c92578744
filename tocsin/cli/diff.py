"""``tocsin diff``: what two plans, or two detectors, tell differently of the same recording."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import click

from anomaly.contract import Detector
from anomaly.handler import make_handler as make_anomaly
from tocsin.cli.diff_rows import HEADINGS, counted, pair_json, row
from tocsin.cli.diff_svg import timeline_svg
from tocsin.cli.files import writing
from tocsin.cli.options import DURATION, EXISTING, TARGET, json_option
from tocsin.cli.output import print_json, table_lines, talk
from tocsin.cli.progress import shown_progress
from tocsin.cli.words import date_and_time
from tocsin.core.clock import MINUTE_MS
from tocsin.core.errors import UsageError
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.core.messages import Transition
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Plan, plan_hash
from tocsin.core.plan.source import load_plan
from tocsin.core.ports import Backend
from tocsin.runtime.plan_diff import RunDiff, Told, diff_of
from tocsin.runtime.replay import ReplayRun, ReplaySettings
from tocsin.runtime.stages import MakeStages, Stages, make_stages


@click.command()
@click.argument("plan_a", type=EXISTING)
@click.argument("plan_b", type=EXISTING)
@click.argument("recording", type=EXISTING)
@click.option("--settle", "settle_ms", type=DURATION, default=4 * MINUTE_MS, help="Time after the last record. [4m]")
@click.option("--detector", help="What adaptive rules of B score with: MODULE:NAME of a detector without arguments.")
@click.option("--svg", "svg_path", type=TARGET, help="Draw the alerts of both as a timeline.")
@json_option
def diff(  # noqa: PLR0917  click passes each option
    plan_a: Path,
    plan_b: Path,
    recording: Path,
    settle_ms: int,
    detector: str | None,
    svg_path: Path | None,
    as_json: bool,
) -> None:
    """Replay RECORDING under PLAN_A and under PLAN_B, and say which alerts and notifications differ.

    The exit code is 1 where any do.
    """
    first, second = load_plan(plan_a), load_plan(plan_b)
    settings = ReplaySettings(settle_ms=settle_ms)
    candidate = replace(settings, stages=_stages_with(detector)) if detector else settings
    before = _replayed(recording, first, settings, "A")
    found = diff_of(before, _replayed(recording, second, candidate, "B"))
    if svg_path:
        with writing(svg_path):
            svg_path.write_text(
                timeline_svg(found, title=f"{plan_a.name} and {plan_b.name} on {recording.name}"), "utf-8"
            )
    if as_json:
        print_json({"plan_a": plan_hash(first), "plan_b": plan_hash(second), **_json(found)})
    else:
        _print(found)
    if found:
        click.get_current_context().exit(1)


def _stages_with(named: str) -> MakeStages:
    """Return what builds the stages with the detector of that name.

    Raises:
        UsageError: There is no such detector.
    """
    module, _, name = named.partition(":")
    try:
        detector = cast("Detector", getattr(import_module(module), name)())
        detector.initial(0)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"--detector must name a detector as MODULE:NAME, got {named[:80]!r}: {error}") from error

    def make(backend: Backend, plans: PlanBook) -> Stages:
        return replace(make_stages(backend, plans), anomaly=make_anomaly(backend, plans, detector))

    return make


def _replayed(path: Path, plan: Plan, settings: ReplaySettings, name: str) -> tuple[tuple[Transition, ...], list[Told]]:
    """Return the moves of alerts, and what was told when."""
    told: list[Told] = []
    with RecordingReader(path) as reader, ReplayRun(reader.header, plan, settings) as run:
        with shown_progress(f"replay under {name}") as show:
            for instant_ms in run.steps(reader):
                told += [(instant_ms, one) for one in run.new_notifications()]
                show(None, f"{date_and_time(instant_ms)} UTC")
        return run.result(()).transitions, told


def _print(found: RunDiff) -> None:
    for name, pairs in (("alerts", found.alerts), ("notifications", found.notifications)):
        changed = [pair for pair in pairs if pair.kinds]
        if changed:
            click.echo(f"{name}: {counted(pairs)}")
            for line in table_lines(HEADINGS, [row(pair) for pair in changed]):
                click.echo(line)
            click.echo()
        else:
            talk(f"{name}: no difference in {len(pairs):,}")


def _json(found: RunDiff) -> dict[str, Any]:
    named = {"alerts": found.alerts, "notifications": found.notifications}
    return {
        name: {
            "same": sum(not pair.kinds for pair in pairs),
            "changes": [pair_json(pair) for pair in pairs if pair.kinds],
        }
        for name, pairs in named.items()
    }
