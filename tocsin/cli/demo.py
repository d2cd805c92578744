"""``tocsin demo``: a simulated fleet through the real stages, and the alerts as they arrive."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import click
import msgspec
from rich.console import Console

from simulator.scenario import load_scenario
from simulator.scenario_model import Scenario
from simulator.truth import truth_of
from tocsin.cli.account import Account
from tocsin.cli.backends import backend_option, endpoint_option, opened_backend
from tocsin.cli.demo_view import opened_view
from tocsin.cli.files import plan_for, scenario_file
from tocsin.cli.stopping import Stop
from tocsin.core.clock import elapsed_s, pause
from tocsin.core.errors import UsageError
from tocsin.core.messages import Transition
from tocsin.runtime.play import STEP_MS, Frame, Play
from tocsin.runtime.serving import Serving, ServingSettings
from tocsin.runtime.simulating import Simulating

SPEED = 240.0
STAY_PAUSE_S = 0.2
# A file or a pipe has no width; at 80 columns names of devices would be cut.
PLAIN_COLUMNS = 120


@click.command()
@click.option("--scenario", "scenario_name", default="demo", show_default=True, help="Name or file of a scenario.")
@click.option("--plan", "plan_path", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Plan to use.")
@click.option("--seed", type=int, default=1, show_default=True, help="Which day: the same seed, the same alerts.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=SPEED,
    show_default=True,
    help="Simulated seconds per second.",
)
@click.option("--as-fast-as-possible", "fast", is_flag=True, help="Do not hold the pace.")
@click.option("--file", "path", type=click.Path(path_type=Path, dir_okay=False), help="Keep everything in this file.")
@backend_option
@endpoint_option
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Write the live view as SVG, once.")
@click.option("--page/--no-page", default=True, show_default=True, help="Show it in a browser, at a free local port.")
@click.option("--stay", is_flag=True, help="Keep the page after the end, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print the account as one JSON object.")
def demo(  # noqa: PLR0917  click passes each option
    scenario_name: str,
    plan_path: Path | None,
    seed: int,
    speed: float,
    fast: bool,
    path: Path | None,
    backend: str,
    endpoint: str | None,
    picture: Path | None,
    page: bool,
    stay: bool,
    as_json: bool,
) -> None:
    """Play a simulated fleet through the real pipeline; watch alerts arrive, and read the account."""
    if path is not None and path.exists():
        raise UsageError(f"--file must name a file that is not there yet, got {path}")
    file = scenario_file(scenario_name)
    scenario, plan = load_scenario(file), plan_for(file, plan_path)
    talk = Console(stderr=True)
    _introduce(talk, scenario, seed)
    pace = None if fast else speed
    with (
        opened_backend(backend, endpoint=endpoint, path=path, tell=talk.print) as open_host,
        Play(scenario, plan, seed=seed, path=path, open_host=open_host) as play,
        _opened_page(talk, play, seed, pace, page) as observe,
    ):
        account = _play(talk, scenario, play, seed=seed, speed=pace, picture=picture, observe=observe)
        _print_account(account, seed, path, as_json=as_json)
        if page and stay:
            _stay(talk, observe)


def _print_account(account: Account, seed: int, path: Path | None, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(account.as_json()).decode())
        return
    out = Console() if sys.stdout.isatty() else Console(width=PLAIN_COLUMNS)
    for table in account.tables():
        out.print()
        out.print(table)
    _say_where_next(out, account, seed, path)


@contextmanager
def _opened_page(
    talk: Console, play: Play, seed: int, speed: float | None, wanted: bool
) -> Iterator[Callable[[], None]]:
    """Serve the page while the demo is played, and say where; yield what lets it see how the play goes on."""
    if not wanted:
        yield lambda: None
        return
    simulating = Simulating(play.fleet, play.embedded.backend.alerts, play.now_ms, seed=seed, speed=speed)
    settings = ServingSettings(mode="demo", tenant=simulating.tenant, speed=speed or 1.0)
    with Serving(
        play.embedded,
        play.pipeline,
        play.now_ms,
        settings,
        log_error=lambda where, error: talk.print(f"{where}: {error}", markup=False),
        simulator=simulating,
        takes_readings=False,
    ) as serving:
        talk.print(f"in a browser: {serving.page}", highlight=False, markup=False, soft_wrap=True)
        yield serving.observe


def _stay(talk: Console, observe: Callable[[], None]) -> None:
    talk.print("the page stays until Ctrl-C")
    with Stop() as stop:
        while not stop():
            observe()
            pause(STAY_PAUSE_S)


def _introduce(talk: Console, scenario: Scenario, seed: int) -> None:
    hours = (scenario.end_ms - scenario.start_ms) / 3_600_000
    gateways = len(scenario.gateways)
    behind = sum(bool(device.gateway) for device in scenario.devices.values())
    talk.print(
        f"{scenario.name}: {len(scenario.devices)} devices, {behind} of them behind {gateways} gateways; "
        f"{hours:g} simulated hours, seed {seed}"
    )


def _play(
    talk: Console,
    scenario: Scenario,
    play: Play,
    *,
    seed: int,
    speed: float | None,
    picture: Path | None,
    observe: Callable[[], None],
) -> Account:
    transitions: list[Transition] = []
    title = f"{scenario.name}, seed {seed}" + (f", {speed:g} times as fast" if speed else "")
    begun_s = elapsed_s()
    with opened_view(talk, scenario, play, title=title, picture=picture) as view:
        for frame in _paced(play.frames(STEP_MS), scenario.start_ms, speed):
            view.show(frame)
            observe()
            transitions += frame.transitions
    took_s = elapsed_s() - begun_s
    return Account(frame.wire, frame.counts, transitions, truth_of(play.fleet.scenario), elapsed_s=took_s)


def _paced(frames: Iterator[Frame], start_ms: int, speed: float | None) -> Iterator[Frame]:
    """Yield each frame no earlier than the speed allows."""
    begun_s = elapsed_s()
    for frame in frames:
        if speed is not None:
            pause((frame.now_ms - start_ms) / 1_000 / speed - (elapsed_s() - begun_s))
        yield frame


def _say_where_next(out: Console, account: Account, seed: int, path: Path | None) -> None:
    rate = account.counts.readings / max(account.elapsed_s, 1e-9)
    out.print(f"\n{account.counts.readings:,} readings in {account.elapsed_s:.0f} s ({rate:,.0f} a second)")
    out.print("Where to look next:", style="bold")
    tocsin = _own_name()
    steps = [
        (f"{tocsin} demo --seed {seed + 1}", "another day"),
        (f"{tocsin} demo --file demo.db", f"keep everything; then {tocsin} alerts list --file demo.db"),
        (f"{tocsin} simulate demo --to day.jsonl.gz", f"record a day; then {tocsin} replay day.jsonl.gz"),
        (f"{tocsin} plan check scenarios/demo.plan.yaml", "what the plan says, in words"),
    ]
    if path is not None:
        steps[1] = (f"{tocsin} alerts list --file {path}", "what was kept")
    width = max(len(command) for command, _ in steps)
    for command, words in steps:
        out.print(f"  {command:<{width}}  {words}", highlight=False, soft_wrap=True)


def _own_name() -> str:
    """Return how this command can be called again from here."""
    return "tocsin" if which("tocsin") else os.path.relpath(sys.argv[0])
