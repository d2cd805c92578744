"""``tocsin run``: the whole pipeline in one process and one file, on the real clock."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from alerts.delivery.handler import secret_of_environment
from simulator.scenario import load_scenario
from simulator.shift import shifted
from tocsin.adapters.web.outlet import WebOutlet
from tocsin.cli.backends import backend_option, opened_host
from tocsin.cli.feed import feed_line, is_told
from tocsin.cli.files import plan_of_run, scenario_file
from tocsin.cli.options import (
    DURATION,
    EXISTING,
    json_option,
    kept_file_option,
    lines_option,
    plan_option,
    seed_option,
    shards_option,
)
from tocsin.cli.output import print_json, talk, transition_json
from tocsin.cli.run_template import run_template
from tocsin.cli.stopping import Stop
from tocsin.cli.words import time_of_day
from tocsin.core.clock import MINUTE_MS, wall_now_ms
from tocsin.core.errors import UsageError
from tocsin.core.keys import is_id
from tocsin.core.messages import Phase
from tocsin.runtime.deliveries import Deliveries
from tocsin.runtime.generations import insist_on_generation
from tocsin.runtime.inputs import FleetInput, LinesInput
from tocsin.runtime.local import run_local
from tocsin.runtime.pipeline import DEFAULT_SETTINGS, Pipeline
from tocsin.runtime.play import FeedReader
from tocsin.runtime.sam.own import is_own, pipeline_settings
from tocsin.runtime.sam.reader import read_topology

STDIN: Final = "-"
STDIN_HANDLE: Final = 0


@click.command()
@kept_file_option
@backend_option
@plan_option
@lines_option
@click.option("--tenant", default="local", show_default=True, help="Owner of the devices of --from.")
@click.option("--simulate", "scenario", help="Play a scenario, beginning now.")
@seed_option
@shards_option
@click.option("--for", "length_ms", type=DURATION, help="Stop after this long; without it, run until Ctrl-C.")
@click.option("--template", "template", type=EXISTING, help="Template of SAM: its mappings, or its functions.")
@click.option("--parameter", "parameters", multiple=True, help="Of the template, as Name=value; may be repeated.")
@json_option
def run(  # noqa: PLR0917  click passes each option
    path: Path,
    backend: str,
    plan_path: Path | None,
    lines_from: str | None,
    tenant: str,
    scenario: str | None,
    seed: int,
    shards: int,
    length_ms: int | None,
    template: Path | None,
    parameters: tuple[str, ...],
    as_json: bool,
) -> int:
    """Run the pipeline until Ctrl-C: alerts on standard output, what is going on on standard error.

    Whatever was taken is kept in the file, also when the process is killed; the next run goes on from
    there. Only one process may write to the file, `tocsin watch` reads beside it.

    \b
    mosquitto_sub -t 'plant/#' | tocsin run --from - --tenant plant

    With --backend aws the streams, tables, buckets, queue and topic are those that the environment names
    (docs/aws.md), and the handlers run here instead of in functions.

    With the template of another project its functions are called instead, by the rules of their event sources and
    in virtual time: --from then has lines such as {"to": "Queue", "data": "..."}; docs/mappings.md says more.
    """  # noqa: D301  the escape is click's mark for lines that stay as they are
    if not is_id(tenant):
        raise UsageError(f"--tenant must be 1 to 64 of A-Z a-z 0-9 _ . -, got {tenant[:80]!r}")
    settings = DEFAULT_SETTINGS
    if template:
        stack, topology = read_topology(template, _values(parameters))
        if not is_own(topology):
            return run_template(stack, topology, lines_from, length_ms=length_ms, as_json=as_json)
        settings = pipeline_settings(stack, topology)
    plan, plan_name = plan_of_run(scenario, plan_path)
    with Stop() as stop, opened_host(backend, path, wall_now_ms, shards) as (host, place):
        insist_on_generation(host.backend.blobs, plan)
        pipeline = Pipeline(host, plan, wall_now_ms, settings=settings)
        shown = _Shown(pipeline, FeedReader(host.backend.alerts.feed), as_json=as_json)
        talk(f"running on {place} with {plan_name} ({pipeline.plan_hash}); Ctrl-C ends")
        with inputs_of(pipeline, lines_from, tenant, scenario, seed) as inputs:
            shown.inputs = inputs
            deliveries = Deliveries(host, plan, wall_now_ms, WebOutlet(), secret_of_environment)
            ended = _until(stop, length_ms)
            run_local(pipeline, [*inputs.values(), deliveries], wall_now_ms, stop=ended, after_round=shown.after_round)
            deliveries.poll()  # what the last records led to
        shown.say_end(place)
    return 0


def _until(stop: Stop, length_ms: int | None) -> Callable[[], bool]:
    """Return what tells whether the run is over: somebody said so, or it has lasted long enough."""
    until_ms = None if length_ms is None else wall_now_ms() + length_ms
    return lambda: stop() or (until_ms is not None and wall_now_ms() >= until_ms)


def _values(parameters: Sequence[str]) -> dict[str, str]:
    """Return name to value of each ``Name=value``."""
    pairs = [parameter.partition("=") for parameter in parameters]
    if wrong := [name for name, mark, _ in pairs if not (name and mark)]:
        raise UsageError(f"--parameter must be Name=value, got {wrong[0][:80]!r}")
    return {name: value for name, _, value in pairs}


@contextmanager
def inputs_of(
    pipeline: Pipeline, lines_from: str | None, tenant: str, scenario: str | None, seed: int
) -> Iterator[dict[str, LinesInput | FleetInput]]:
    """Yield the inputs by what they are called."""
    inputs: dict[str, LinesInput | FleetInput] = {}
    if scenario:
        played = shifted(load_scenario(scenario_file(scenario)), wall_now_ms())
        inputs[f"scenario {played.name}"] = FleetInput(played, seed, pipeline.backend, wall_now_ms)
    if not lines_from:
        yield inputs
        return
    handle = STDIN_HANDLE if lines_from == STDIN else os.open(lines_from, os.O_RDONLY)
    inputs[f"input {lines_from}"] = LinesInput(handle, tenant, pipeline.plan.bounds, pipeline.backend, wall_now_ms)
    try:
        yield inputs
    finally:
        if handle != STDIN_HANDLE:
            os.close(handle)


class _Shown:
    """Prints alerts as they come, and every minute what is going on."""

    def __init__(self, pipeline: Pipeline, feed: FeedReader, *, as_json: bool) -> None:
        self.inputs: dict[str, LinesInput | FleetInput] = {}
        self._pipeline = pipeline
        self._feed = feed
        self._as_json = as_json
        self._ended: set[str] = set()
        self._firing = {one.fingerprint: one.phase is Phase.FIRING for one in feed.new_transitions()}
        self._next_ms = wall_now_ms() + MINUTE_MS
        if firing := sum(self._firing.values()):
            talk(f"{firing:,} alerts of earlier are still firing")

    def after_round(self) -> None:
        """Show what is new."""
        for transition in self._feed.new_transitions():
            self._firing[transition.fingerprint] = transition.phase is Phase.FIRING
            if self._as_json:
                print_json(transition_json(transition))
            elif is_told(transition):
                click.echo(feed_line(transition))
        for name, source in self.inputs.items():
            if source.is_done and name not in self._ended:
                self._ended.add(name)
                talk(f"{name} has ended; still running, so that windows close; Ctrl-C ends, and so does --for")
        if wall_now_ms() >= self._next_ms:
            self._next_ms += MINUTE_MS
            talk(self._state())

    def say_end(self, place: str) -> None:
        """Say what the run came to, and that nothing is left to do."""
        talk(f"stopped: {self._state()}; all of it is in {place}")

    def _state(self) -> str:
        counts = self._pipeline.counts()
        words = (
            f"{time_of_day(wall_now_ms())} {counts.records:,} records taken, {_rejected(counts.reasons)}, "
            f"{counts.panes:,} panes, {sum(self._firing.values()):,} alerts firing, "
            f"{counts.notifications:,} notifications; "
            f"in the file so far: {counts.duplicates:,} duplicates, {counts.late:,} readings late"
        )
        waiting = self._pipeline.waiting_for()
        return f"{words}; trying again: {waiting}" if waiting else words


def _rejected(reasons: Mapping[str, Mapping[str, int]]) -> str:
    """Return how many messages were rejected, and why; ``reasons`` are counts by stage and reason."""
    together: Counter[str] = Counter()
    for of_stage in reasons.values():
        together.update(of_stage)
    words = f"{together.total():,} messages rejected"
    why = ", ".join(f"{count:,} {reason}" for reason, count in sorted(together.items()))
    return f"{words} ({why})" if why else words
