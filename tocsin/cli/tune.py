"""``tocsin tune``: the trade between faults found and false alerts, as a table and as a curve."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from simulator.truth import read_truth
from tocsin.cli.files import plan_or_default, truth_path, writing
from tocsin.cli.options import DURATION, EXISTING, TARGET, json_option, plan_option
from tocsin.cli.output import print_json, table_lines, talk
from tocsin.cli.progress import shown_progress
from tocsin.cli.tune_svg import trade_svg
from tocsin.cli.words import date_and_time, span
from tocsin.core.clock import MINUTE_MS
from tocsin.core.durations import format_duration, parse_duration_ms
from tocsin.core.errors import UsageError
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.core.plan.field import Field
from tocsin.core.plan.model import Plan
from tocsin.runtime.replay import Replayed, ReplayRun, ReplaySettings
from tocsin.runtime.score_kinds import Seen
from tocsin.runtime.tune import VALUES_MAX, Trial, best, default_values, key_of, rule_of, trial_plan, trials

HEADINGS: Final = (
    "",
    "value",
    "alerts",
    "false",
    "found",
    "recall",
    "precision",
    "event F1",
    "a device and day",
    "delay",
)
BAR_CELLS: Final = 24


@click.command()
@click.argument("recording", type=EXISTING)
@click.option("--truth", "truth_file", type=EXISTING, help="What went wrong; by default the file beside the recording.")
@plan_option
@click.option("--rule", "rule_name", default="adaptive", show_default=True, help="Rule of the plan to tune.")
@click.option("--key", "key_name", default="threshold", show_default=True, help="Its key: a number or a duration.")
@click.option("--values", help="What to try, e.g. 3,3.5,4 or 5m,10m; without it, around the plan's value.")
@click.option("--false-max", type=float, help="Most false alerts per device and day that you would live with.")
@click.option("--svg", "svg_path", type=TARGET, help="Draw the trade as a curve.")
@click.option("--settle", "settle_ms", type=DURATION, default=4 * MINUTE_MS, help="Time after the last record. [4m]")
@json_option
def tune(  # noqa: PLR0917  click passes each option
    recording: Path,
    truth_file: Path | None,
    plan_path: Path | None,
    rule_name: str,
    key_name: str,
    values: str | None,
    false_max: float | None,
    svg_path: Path | None,
    settle_ms: int,
    as_json: bool,
) -> None:
    """Try other values of one key of a rule on RECORDING, and show what each finds and how often it cries wolf.

    All are tried in one replay, in the shadow of the rule. A value that is chosen on a recording flatters itself
    there: judge it on another one.
    """
    beside = truth_path(recording)
    if truth_file is None and not beside.is_file():
        raise UsageError(f"there is no {beside}; say with --truth where the truth about {recording} is")
    truth = read_truth(truth_file or beside)
    plan = plan_or_default(plan_path)
    rule = rule_of(plan, rule_name)
    key = key_of(rule, key_name)
    tried = _values(values, key) if values else default_values(rule, key)
    seen = Seen()
    replayed = _replayed(recording, trial_plan(plan, rule, key, tried), settle_ms, seen)
    found = list(trials(replayed.all_transitions, truth, rule, tried, seen.exposure(replayed)))
    chosen = best(found, float(getattr(rule, key.attribute)), false_max=false_max)
    if svg_path:
        with writing(svg_path):
            svg_path.write_text(
                trade_svg(found, chosen, f"{rule.name}: {key.key}", lambda one: _shown(one, key)), "utf-8"
            )
    if as_json:
        print_json({"rule": rule.name, "key": key.key, "trials": [_json(one, chosen) for one in found]})
    else:
        _print(found, chosen, key, rule.name)


def _values(text: str, key: Field) -> tuple[float, ...]:
    try:
        found = tuple(
            float(parse_duration_ms(one.strip()) if key.kind == "duration" else float(one)) for one in text.split(",")
        )
    except ValueError as error:
        raise UsageError(
            f"--values must be {key.kind}s with commas between them, got {text[:80]!r}: {error}"
        ) from error
    outside = [value for value in found if not key.low <= value <= key.high]
    if outside or len(found) > VALUES_MAX:
        raise UsageError(
            f"--values must be at most {VALUES_MAX}, each in {key.low:g} to {key.high:g}, got {text[:80]!r}"
        )
    return tuple(sorted(set(found)))


def _replayed(path: Path, plan: Plan, settle_ms: int, seen: Seen) -> Replayed:
    settings = ReplaySettings(settle_ms=settle_ms)
    with RecordingReader(path) as reader, ReplayRun(reader.header, plan, settings) as run:
        with shown_progress(f"replay {path.name}") as show:
            for instant_ms in run.steps(seen.each(reader)):
                run.new_notifications()
                show(None, f"{date_and_time(instant_ms)} UTC")
        return run.result(())


def _shown(value: float, key: Field) -> str:
    return format_duration(round(value)) if key.kind == "duration" else f"{value:g}"


def _print(found: list[Trial], chosen: Trial | None, key: Field, rule: str) -> None:
    for line in table_lines(HEADINGS, [_row(one, chosen, key) for one in found]):
        click.echo(line)
    click.echo()
    most = max((one.false_per_device_day for one in found), default=0.0) or 1.0
    click.echo(f"{'':>10}  {'found':{BAR_CELLS}}  false alerts")
    for one in found:
        recall = "█" * round(one.recall * BAR_CELLS)
        false = "░" * round(one.false_per_device_day / most * BAR_CELLS)
        click.echo(f"{_shown(one.value, key):>10}  {recall:{BAR_CELLS}}  {false}")
    if chosen is None:
        talk("no value keeps within the false alerts that you allow")
    else:
        talk(f"{rule}: {key.key} {_shown(chosen.value, key)} is best here; judge it on another recording")


def _row(one: Trial, chosen: Trial | None, key: Field) -> tuple[str, ...]:
    return (
        "→" if one is chosen else "",
        _shown(one.value, key),
        str(one.alerts),
        str(one.false),
        f"{one.found}/{one.wanted}",
        f"{one.recall:.0%}",
        f"{one.precision:.0%}",
        f"{one.f1:.2f}",
        f"{one.false_per_device_day:.3g}",
        "" if one.delay_ms_median is None else span(one.delay_ms_median),
    )


def _json(one: Trial, chosen: Trial | None) -> dict[str, Any]:
    return {**asdict(one), "recall": one.recall, "precision": one.precision, "best": one is chosen}
