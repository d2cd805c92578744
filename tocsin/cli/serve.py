"""``tocsin serve``: the pipeline, the query API over it, and the page that shows both in a browser."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click

from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.api.cors import checked_origin
from tocsin.api.ratelimit import Rate, Rates
from tocsin.api.tokens import ALGORITHMS, TokenRules
from tocsin.cli.files import plan_of_run
from tocsin.cli.options import (
    DURATION,
    EXISTING,
    kept_file_option,
    lines_option,
    plan_option,
    seed_option,
    shards_option,
)
from tocsin.cli.output import talk
from tocsin.cli.run import inputs_of
from tocsin.cli.stopping import Stop
from tocsin.core.clock import wall_now_ms
from tocsin.core.errors import ConfigError, UsageError
from tocsin.core.keys import is_id
from tocsin.runtime.inputs import FleetInput, LinesInput
from tocsin.runtime.local import run_local
from tocsin.runtime.pipeline import Pipeline
from tocsin.runtime.serving import HOST, Serving, ServingSettings
from tocsin.runtime.simulating import Simulating

PORT: Final = 8430
BURST_S: Final = 4


@click.command()
@kept_file_option
@plan_option
@lines_option
@click.option("--tenant", default="local", show_default=True, help="Owner of the devices of --from, and of the page.")
@click.option("--simulate", "scenario", help="Play a scenario, beginning now; the page is its owner's.")
@seed_option
@shards_option
@click.option("--host", default=HOST, show_default=True, help="Address to listen at; there is no encryption.")
@click.option("--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True, help="0 for a free one.")
@click.option("--key-file", type=EXISTING, help="Key of tokens: a secret for HS256, else a public key as PEM.")
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="HS256", show_default=True, help="Of --key-file.")
@click.option("--issuer", default="tocsin", show_default=True, help="Who must have issued a token.")
@click.option("--audience", default="tocsin-api", show_default=True, help="For whom a token must be.")
@click.option("--requests", type=click.IntRange(1), help="Requests a second that each caller may make.")
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    help="Origin of a page elsewhere that may ask; `tocsin page` writes one.",
)
@click.option("--for", "length_ms", type=DURATION, help="Stop after this long; without it, run until Ctrl-C.")
def serve(  # noqa: PLR0917  click passes each option
    path: Path,
    plan_path: Path | None,
    lines_from: str | None,
    tenant: str,
    scenario: str | None,
    seed: int,
    shards: int,
    host: str,
    port: int,
    key_file: Path | None,
    algorithm: str,
    issuer: str,
    audience: str,
    requests: int | None,
    origins: tuple[str, ...],
    length_ms: int | None,
) -> None:
    """Run the pipeline as `tocsin run` does, and serve it: a page for browsers, and the query API under /v1.

    The address that is printed holds a token for this page; without --key-file its key is of this process
    alone, and ends with it.
    """
    if not is_id(tenant):
        raise UsageError(f"--tenant must be 1 to 64 of A-Z a-z 0-9 _ . -, got {tenant[:80]!r}")
    plan, plan_name = plan_of_run(scenario, plan_path)
    rules = TokenRules(_key(key_file), algorithm, issuer, audience) if key_file else None
    with ExitStack() as opened:
        stop = opened.enter_context(Stop())
        embedded = opened.enter_context(open_embedded(path, now_ms=wall_now_ms, shards=shards))
        pipeline = Pipeline(embedded, plan, wall_now_ms)
        inputs = opened.enter_context(inputs_of(pipeline, lines_from, tenant, scenario, seed))
        simulating = _simulating(inputs, embedded, seed)
        settings = ServingSettings(
            mode="local",
            tenant=simulating.tenant if simulating else tenant,
            host=host,
            port=port,
            rules=rules,
            rates=_rates(requests),
            origins=frozenset(checked_origin(one) for one in origins),
        )
        serving = opened.enter_context(
            Serving(embedded, pipeline, wall_now_ms, settings, log_error=_log_error, file=path, simulator=simulating)
        )
        talk(f"running on {path} with {plan_name} ({pipeline.plan_hash}); Ctrl-C ends")
        click.echo(serving.page)
        _run(pipeline, inputs, serving, stop, length_ms)
        talk(f"stopped; all of it is in {path}")


def _key(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def _rates(requests: int | None) -> Rates | None:
    if requests is None:
        return None
    rate = Rate(requests, requests * BURST_S)
    return Rates(rate, rate, rate)


def _simulating(inputs: dict[str, LinesInput | FleetInput], embedded: Embedded, seed: int) -> Simulating | None:
    fleet = next((one.fleet for one in inputs.values() if isinstance(one, FleetInput)), None)
    return Simulating(fleet, embedded.backend.alerts, wall_now_ms, seed=seed, speed=1.0) if fleet else None


def _run(
    pipeline: Pipeline,
    inputs: dict[str, LinesInput | FleetInput],
    serving: Serving,
    stop: Callable[[], bool],
    length_ms: int | None,
) -> None:
    until_ms = None if length_ms is None else wall_now_ms() + length_ms
    run_local(
        pipeline,
        list(inputs.values()),
        wall_now_ms,
        stop=lambda: stop() or (until_ms is not None and wall_now_ms() >= until_ms),
        after_round=serving.observe,
    )


def _log_error(where: str, error: Exception) -> None:
    talk(f"{where}: {type(error).__name__}: {error}")
