"""Opens what ``tocsin watch`` watches: a file, or an API at an address; and prints the latter as lines."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console

from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.api.alert_answers import Alert, AlertPage, ChangedAlert, Changes
from tocsin.api.answers import Fleet
from tocsin.cli.api_client import Client, LocalClient, RemoteClient, token_of_environment
from tocsin.cli.feed import COLOURS
from tocsin.cli.keyboard import keyboard
from tocsin.cli.output import print_json, talk
from tocsin.cli.watch_live import run_screen
from tocsin.cli.watch_screen import clean
from tocsin.cli.words import date_and_time, time_of_day
from tocsin.core.clock import elapsed_s, pause, wall_now_ms
from tocsin.core.errors import UnavailableError, UsageError
from tocsin.core.keys import TICK_KEY
from tocsin.core.messages import Severity
from tocsin.core.plan.book import plan_blob
from tocsin.core.plan.model import Plan, decode_plan
from tocsin.core.plan.source import default_plan
from tocsin.runtime.play import FeedReader

PLANS_PREFIX: Final = "plans/"
FIRING_MAX: Final = 1_000
POLL_S: Final = 1.0
RETRY_S: Final = 2.0
LOG_LOOK: Final = 1_000


def watch_file(embedded: Embedded, path: Path, tenant: str | None, by: str, over: Callable[[], bool]) -> None:
    """Draw what a file holds until the watcher leaves.

    Args:
        embedded: The file, opened for reading.
        path: The file.
        tenant: Whose devices; None where the file has those of one tenant.
        by: Who acts.
        over: Tells when to stop.
    """
    owner, plan = tenant or _only_tenant(embedded), _plan_of(embedded)
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as beside, keyboard() as keys:
        asking, acting = (LocalClient(one, path, owner, plan, by) for one in (embedded, beside))
        run_screen(Console(), asking, acting, keys, over)


def _only_tenant(embedded: Embedded) -> str:
    """Return the one tenant that the logs of the file speak of."""
    owners = {one.tenant for one in FeedReader(embedded.backend.alerts.feed).new_transitions()}
    for shard in embedded.readings.shards():
        records = embedded.readings.read(shard.id, after=None, limit=LOG_LOOK)
        owners |= {one.partition_key.partition("#")[0] for one in records if one.partition_key != TICK_KEY}
    if len(owners) != 1:
        raise UsageError(f"--tenant must say whose devices, the file has those of {len(owners)} tenants")
    return owners.pop()


def _plan_of(embedded: Embedded) -> Plan:
    """Return the plan that judged last, else the only one that the file has, else the default one."""
    blobs = embedded.backend.blobs
    moves = FeedReader(embedded.backend.alerts.feed).new_transitions()
    names = [plan_blob(moves[-1].evidence.plan_hash)] if moves else blobs.names(PLANS_PREFIX, limit=1)
    document = blobs.get(names[0]) if names else None
    return decode_plan(document) if document else default_plan()


def watch_remote(url: str, over: Callable[[], bool], *, once: bool, as_json: bool, is_screen: bool) -> None:
    """Watch over the API, drawn or as lines, until it is over."""
    token = token_of_environment()
    with RemoteClient(url, token) as client, RemoteClient(url, token) as acting:
        if is_screen:
            client.get("/v1/fleet", Fleet)  # what is wrong with address or token shows before the screen does
            with keyboard() as keys:
                run_screen(Console(), client, acting, keys, over)
        elif once:
            _print_once(client, as_json=as_json)
        else:
            _print_lines(client, over, as_json=as_json)


def _print_once(client: Client, *, as_json: bool) -> None:
    fleet = client.get("/v1/fleet", Fleet)
    firing = client.get("/v1/alerts", AlertPage, phase="firing", limit=FIRING_MAX).items
    if as_json:
        print_json({"fleet": msgspec.to_builtins(fleet), "firing": [msgspec.to_builtins(one) for one in firing]})
        return
    for one in firing:
        click.echo(_line(one))
    talk(_words(fleet))


def _words(fleet: Fleet) -> str:
    devices, alerts = fleet.devices, fleet.alerts
    return (
        f"{time_of_day(fleet.now_ms)} {alerts.firing:,} alerts firing, {alerts.acknowledged:,} acknowledged; "
        f"{devices.total:,} devices, {devices.quiet:,} quiet"
    )


def _print_lines(client: Client, over: Callable[[], bool], *, as_json: bool) -> None:
    """Print what fires already, then each move; a server that is away for a while is asked again."""
    cursor: str | None = client.get("/v1/changes", Changes).cursor
    firing = client.get("/v1/alerts", AlertPage, phase="firing", limit=FIRING_MAX).items
    for alert in reversed(firing):
        _print(alert, as_json=as_json)
    if not as_json:
        talk(_words(client.get("/v1/fleet", Fleet)))
    while not over():
        begun_s = elapsed_s()
        try:
            changes = client.get("/v1/changes", Changes, since=cursor, wait_s=POLL_S)
        except UnavailableError as error:
            talk(f"{error}; trying again")
            pause(RETRY_S)
            continue
        cursor = changes.cursor
        for move in changes.alerts:
            if as_json or move.phase in {"firing", "resolved"}:
                _print(move, as_json=as_json)
        if not changes.truncated:  # a server that does not wait is not asked more than once a second
            pause(POLL_S - (elapsed_s() - begun_s))


def _print(one: Alert | ChangedAlert, *, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.to_builtins(one))
    else:
        click.echo(_line(one))


def _line(one: Alert | ChangedAlert) -> str:
    is_firing = one.phase == "firing"
    colour = COLOURS[Severity(one.severity)] if is_firing else "green"
    state = one.severity if is_firing else one.phase
    head = f"{date_and_time(one.at_ms)} {click.style(f'{state:<8}', colour)} {clean(one.device)}"
    return f"{head}  {clean(one.summary)}  [{one.id}]"
