"""``tocsin simulate``: the readings of a scenario as a recording, as lines, or in a file's log."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

from simulator.fleet import Batch, deliveries
from simulator.network import Counts
from simulator.scenario import load_scenario
from simulator.scenario_model import Scenario
from simulator.shift import shifted
from simulator.targets import paced
from simulator.truth import truth_of, write_truth
from tocsin.cli.describe import describe
from tocsin.cli.files import beside, scenario_file, shipped_scenarios, truth_path, writing
from tocsin.cli.options import INSTANT, SPEED, TARGET, json_option, seed_option
from tocsin.cli.output import print_json, table_lines, talk
from tocsin.cli.progress import shown_progress
from tocsin.cli.simulate_target import STDOUT, Put, is_url, opened
from tocsin.cli.words import date_and_time
from tocsin.core.clock import MINUTE_MS, pause, wall_now_ms
from tocsin.core.errors import UsageError

LOG_STEP_MS: Final = 20_000
PACED_STEP_MS: Final = 1_000


class _Simulate(click.Group):
    """A command that generates, unless the first word is that of another."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the word in that nobody needs to write."""
        is_told = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        words = args if is_told else ["generate", *args]
        return super().parse_args(ctx, words)


@click.group(cls=_Simulate)
def simulate() -> None:
    """Generate what the devices of a scenario send, or say what happens in one.

    The word generate can be left out: `tocsin simulate small --to day.jsonl`.
    """


@simulate.command("list")
@json_option
def list_scenarios(as_json: bool) -> None:
    """Say which scenarios come with the package."""
    found = {name: load_scenario(path) for name, path in shipped_scenarios().items()}
    if as_json:
        print_json([_listed(name, one) for name, one in found.items()])
        return
    rows = [
        (name, str(len(one.devices)), f"{(one.end_ms - one.start_ms) / 3_600_000:g} h", one.description)
        for name, one in found.items()
    ]
    for line in table_lines(("name", "devices", "length", "what"), rows):
        click.echo(line)


simulate.add_command(describe)


@simulate.command()
@click.argument("scenario", required=False)
@click.option(
    "--to",
    help="Recording (.jsonl, .gz, .zst), - for lines on standard output, or a URL: http(s), mqtt(s), kinesis, sqs.",
)
@click.option("--log", "log_path", type=TARGET, help="File of `tocsin run` whose log takes the readings.")
@click.option("--truth", "truth_file", type=TARGET, help="Where the faults are told; by default beside a recording.")
@click.option("--start", "start_ms", type=INSTANT, help="When the scenario begins: an instant, now, or 2h for 2 h ago.")
@click.option("--speed", type=SPEED, help="Simulated seconds per second; without it as fast as possible.")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="How many generate.")
@seed_option
@json_option
def generate(  # noqa: PLR0917  click passes each option
    scenario: str | None,
    to: str | None,
    log_path: Path | None,
    truth_file: Path | None,
    start_ms: int | None,
    speed: float | None,
    processes: int,
    seed: int,
    as_json: bool,
) -> None:
    """Generate what the devices of SCENARIO send: the name of one that comes with the package, or a file.

    The same seed makes the same bytes, whatever the speed and the number of processes. The faults, which is
    to say what ought to be found, are written beside a recording. `simulate list` says which scenarios there are,
    `simulate describe NAME` draws one.
    """
    played = _scenario(scenario, start_ms)
    _check(to, log_path, as_json)
    recording = Path(to) if to and to != STDOUT and not is_url(to) else None
    truth_file = truth_file or (truth_path(recording) if recording else None)
    step_ms = LOG_STEP_MS if log_path else MINUTE_MS if speed is None else PACED_STEP_MS
    batches = deliveries(played, seed, step_ms=step_ms, processes=processes)
    held = paced(batches, start_ms=played.start_ms, speed=speed, now_ms=wall_now_ms, pause=pause)
    with opened(to, log_path, f"simulator {played.name}, seed {seed}", played.start_ms) as put:
        counts = _play(played, held, put)
    if truth_file:
        with writing(truth_file):
            write_truth(truth_file, truth_of(played))
    _tell(played, counts, to or str(log_path), truth_file, as_json=as_json)
    if recording and scenario:
        plan = beside(scenario_file(scenario))
        talk(f"next: tocsin replay {to} --truth {truth_file}" + (f" --plan {plan}" if plan else ""))


def _scenario(name: str | None, start_ms: int | None) -> Scenario:
    if name is None:
        raise UsageError("name a scenario; `tocsin simulate list` says which there are")
    scenario = load_scenario(scenario_file(name))
    return scenario if start_ms is None else shifted(scenario, start_ms)


def _check(to: str | None, log_path: Path | None, as_json: bool) -> None:
    if (to is None) == (log_path is None):
        raise UsageError("say where to, with one of --to FILE, --to - and --log FILE")
    if to == STDOUT and as_json:
        raise UsageError("--to - and --json both want standard output, choose one")
    if to is not None and to != STDOUT and not is_url(to):
        TARGET.convert(to, None, None)


def _play(scenario: Scenario, batches: Iterator[Batch], put: Put) -> Counts:
    counts = Counts()
    length_ms = scenario.end_ms - scenario.start_ms
    with shown_progress(scenario.name) as show:
        for batch in batches:
            put(batch)
            counts += batch.counts
            share = min(1.0, (batch.until_ms - scenario.start_ms) / length_ms)
            show(share, f"{counts.delivered:,} messages, {date_and_time(batch.until_ms)} UTC")
    return counts


def _tell(scenario: Scenario, counts: Counts, to: str, truth_file: Path | None, *, as_json: bool) -> None:
    talk(
        f"{scenario.name}: {counts.generated:,} messages of {len(scenario.devices):,} devices, {counts.lost:,} lost "
        f"and {counts.duplicated:,} doubled on the wire, {counts.delivered:,} written to {to}"
    )
    if truth_file:
        talk(f"{len(truth_of(scenario)):,} faults of devices written to {truth_file}")
    if as_json:
        print_json(
            {
                "scenario": scenario.name,
                "to": to,
                "truth": str(truth_file) if truth_file else None,
                "devices": len(scenario.devices),
                "messages": {
                    "generated": counts.generated,
                    "lost_on_the_wire": counts.lost,
                    "duplicated_on_the_wire": counts.duplicated,
                    "delivered": counts.delivered,
                },
            }
        )


def _listed(name: str, scenario: Scenario) -> dict[str, Any]:
    return {
        "name": name,
        "description": scenario.description,
        "devices": len(scenario.devices),
        "duration_ms": scenario.end_ms - scenario.start_ms,
        "faults": len(scenario.faults),
    }
