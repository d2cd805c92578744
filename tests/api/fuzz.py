"""Holds the API against its OpenAPI document: `make api-fuzz`.

Schemathesis, in an environment of its own, makes requests of the document and compares every answer with it. Rounds
take turns: one sends what the document allows and what it forbids; the next is told which devices, alerts and
silences there are, and sends what is valid of them, so that requests come further than a refusal. The server counts
and times what it answers; it ends with 1 where an answer was an error of the server, broke the document, or took more
than a second of a processor. On a machine that others use as well an answer may wait for its turn, so time on the
clock is printed, and judged only where it is hopeless. What the tool says is shown where a round failed.
"""

import logging
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import thread_time
from typing import Any

import click
import msgspec

from simulator.scenario import load_scenario
from tests.api.fuzz_names import narrowed
from tocsin.api.dispatch import Api, Reply, Request
from tocsin.api.ratelimit import Rate, Rates
from tocsin.cli.files import plan_for, scenario_file
from tocsin.core.clock import MINUTE_MS, elapsed_s
from tocsin.runtime.play import Play
from tocsin.runtime.serving import Serving, ServingSettings
from tocsin.runtime.simulating import Simulating

SLOW_S = 1.0
LEFT_MS = 10 * MINUTE_MS
HOPELESS_S = 10.0
FREE = Rate(1e9, 1e9)
CHECKS = ",".join(
    (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "ignored_auth",
        "unsupported_method",
        "negative_data_rejection",
    )
)


@dataclass
class Seen:
    """What the server answered."""

    cases: int = 0
    slowest_s: float = 0.0
    slowest: str = ""
    longest_s: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def note(self, request: Request, reply: Reply, took_s: float, clock_s: float) -> None:
        with self.lock:
            self.longest_s = max(self.longest_s, clock_s)
            self.cases += 1
            self.statuses[reply.status] += 1
            if took_s > self.slowest_s:
                self.slowest_s, self.slowest = took_s, f"{request.method} {request.path[:80]}"


def watched(seen: Seen, answer: Callable[[Api, Request], Reply]) -> Callable[[Api, Request], Reply]:
    def timed(api: Api, request: Request) -> Reply:
        begun_s, begun_cpu_s = elapsed_s(), thread_time()
        reply = answer(api, request)
        seen.note(request, reply, thread_time() - begun_cpu_s, elapsed_s() - begun_s)
        return reply

    return timed


@click.command()
@click.option("--cases", type=int, default=20_000, show_default=True, help="At least so many requests.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--tool", type=Path, required=True, help="The schemathesis to run.")
def fuzz(cases: int, seed: int, tool: Path) -> None:
    """Send requests made of the OpenAPI document until there were enough."""
    seen = Seen()
    logging.disable(logging.WARNING)  # every rejection would be a line
    Api.answer = watched(seen, Api.answer)  # type: ignore[method-assign]
    failed = False
    with ExitStack() as opened:
        serving = _served(opened, seen)
        names = Path(opened.enter_context(TemporaryDirectory())) / "names.json"
        _write_names(serving, names)
        rounds = 0
        while (seen.cases < cases or rounds < 2) and not failed:
            examples = max(10, min(400, (cases - seen.cases) // 40))
            failed = _round(tool, serving, seed + rounds, examples, names if rounds % 2 else None)
            rounds += 1
    answered = ", ".join(f"{count:,} of {status}" for status, count in sorted(seen.statuses.items()))
    click.echo(
        f"API: {seen.cases:,} requests in {rounds} rounds: {answered}; "
        f"slowest answer {1_000 * seen.slowest_s:.0f} ms of a processor: {seen.slowest}; "
        f"longest on the clock {1_000 * seen.longest_s:.0f} ms; {len(seen.errors)} errors logged"
    )
    for error in seen.errors[:20]:
        click.echo(error)
    has_faults = any(status >= 500 and status != 503 for status in seen.statuses)
    sys.exit(failed or has_faults or bool(seen.errors) or seen.slowest_s > SLOW_S)


def _served(opened: ExitStack, seen: Seen) -> Serving:
    """Play most of a small scenario, and serve what came of it; faults can still be put into the rest."""
    file = scenario_file("small")
    play = opened.enter_context(Play(load_scenario(file), plan_for(file, None), seed=1))
    for _ in play.frames():
        if play.now_ms() > play.fleet.scenario.end_ms - LEFT_MS:
            break
    simulating = Simulating(play.fleet, play.embedded.backend.alerts, play.now_ms, seed=1, speed=None)
    settings = ServingSettings("demo", simulating.tenant, rates=Rates(FREE, FREE, FREE), wait_s_max=0.02)

    def log_error(where: str, error: Exception) -> None:
        seen.errors.append(f"{where}: {type(error).__name__}: {error}")

    return opened.enter_context(
        Serving(play.embedded, play.pipeline, play.now_ms, settings, log_error=log_error, simulator=simulating)
    )


def _write_names(serving: Serving, path: Path) -> None:
    """Write the document with the names that exist; silences are made, so that there are some to be ended."""
    document, simulator, alerts = (
        _asked(serving, "GET", path) for path in ("openapi.json", "simulator", "alerts?phase=firing,resolved,expired")
    )
    wanted = {"device": simulator["devices"][0]["device"], "for_ms": 3_600_000}
    silences = [_asked(serving, "POST", "silences", wanted)["id"] for _ in range(5)]
    ids = [one["id"] for one in alerts["items"]]
    assert ids, "the scenario has no alert"
    path.write_bytes(msgspec.json.encode(narrowed(document, simulator, ids, silences)))


def _asked(serving: Serving, method: str, path: str, body: object = None) -> Any:
    headers = {"Authorization": f"Bearer {serving.token}", "Content-Type": "application/json"}
    data = None if body is None else msgspec.json.encode(body)
    request = urllib.request.Request(f"{serving.address}/v1/{path}", data, headers, method=method)  # noqa: S310  our own
    with urllib.request.urlopen(request) as answer:  # noqa: S310  our own
        return msgspec.json.decode(answer.read())


def _round(tool: Path, serving: Serving, seed: int, examples: int, names: Path | None) -> bool:
    """Send a round of requests; return whether it failed, and then print what the tool says of it."""
    command = [
        str(tool),
        "run",
        str(names or f"{serving.address}/v1/openapi.json"),
        "--url",
        serving.address,
        "--mode",
        "positive" if names else "all",
        "--header",
        f"Authorization: Bearer {serving.token}",
        "--checks",
        CHECKS,
        "--max-response-time",
        str(HOPELESS_S),
        "--max-examples",
        str(examples),
        "--seed",
        str(seed),
        "--phases",
        "coverage,fuzzing" if names else "examples,coverage,fuzzing",
        "--continue-on-failure",
        "--no-color",
    ]
    ran = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ran.returncode or (names and "WARNINGS" in ran.stdout):
        click.echo(ran.stdout, err=True)
    return ran.returncode != 0


if __name__ == "__main__":
    fuzz()
