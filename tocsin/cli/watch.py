"""``tocsin watch``: what a running pipeline does, read beside it or over its API."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from getpass import getuser
from pathlib import Path
from typing import Final, Protocol

import click
from rich.console import Console

from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.cli.api_client import TOKEN_VARIABLE
from tocsin.cli.feed import feed_line, is_told
from tocsin.cli.options import DEFAULT_FILE, DURATION, EXISTING, json_option
from tocsin.cli.output import print_json, talk, transition_json
from tocsin.cli.stopping import Stop
from tocsin.cli.watching import watch_file, watch_remote
from tocsin.cli.words import time_of_day
from tocsin.core.clock import MINUTE_MS, pause, wall_now_ms
from tocsin.core.errors import UsageError
from tocsin.core.messages import Transition
from tocsin.runtime.play import FeedReader
from tocsin.runtime.standing import Firing, Standing, standing

LOOK_EVERY_S: Final = 1.0
STOP_EVERY_S: Final = 0.1


@click.command()
@click.option("--file", "path", type=EXISTING, help=f"The file that `tocsin run` or `serve` keeps; {DEFAULT_FILE}.")
@click.option(
    "--url", help=f"Watch over the API at this address; the token is in ${TOKEN_VARIABLE}, or in the address."
)
@click.option("--tenant", help="Whose devices, of a file that has several tenants.")
@click.option("--by", default=getuser, show_default="your login", help="Who acknowledges, with --file.")
@click.option("--once", is_flag=True, help="Say how it stands, and leave.")
@click.option("--for", "length_ms", type=DURATION, help="Stop after this long; without it, watch until Ctrl-C.")
@json_option
def watch(  # noqa: PLR0917  click passes each option
    path: Path | None,
    url: str | None,
    tenant: str | None,
    by: str,
    once: bool,
    length_ms: int | None,
    as_json: bool,
) -> None:
    """Watch devices and alerts: in a terminal all of them, with keys to acknowledge; elsewhere alerts as lines.

    Beside the `tocsin run` or `serve` that writes to the file, or over the API from anywhere. With --json a
    line for each alert that fires already, then one for each move; with --once one object.
    """
    if path and url:
        raise UsageError("either --file or --url says what is watched")
    until_ms = None if length_ms is None else wall_now_ms() + length_ms
    is_screen = not (once or as_json) and sys.stdin.isatty() and Console().is_terminal
    with Stop() as stop:

        def over() -> bool:
            return stop() or (until_ms is not None and wall_now_ms() >= until_ms)

        if url:
            watch_remote(url, over, once=once, as_json=as_json, is_screen=is_screen)
            return
        file = path or Path(DEFAULT_FILE)
        with open_embedded(file, now_ms=wall_now_ms, read_only=True) as embedded:
            if is_screen:
                watch_file(embedded, file, tenant, by, over)
                return
            _watch_lines(embedded, over, once=once, as_json=as_json)


def _watch_lines(embedded: Embedded, over: Callable[[], bool], *, once: bool, as_json: bool) -> None:
    feed, firing = FeedReader(embedded.backend.alerts.feed), Firing()
    firing.observe(feed.new_transitions())
    if once:
        _print_once(embedded, firing, as_json=as_json)
        return
    _follow(embedded, feed, firing, _JsonView() if as_json else _LineView(), over)


class _View(Protocol):
    def show(self, stands: Standing, firing: Firing, moves: list[Transition]) -> None: ...


def _follow(embedded: Embedded, feed: FeedReader, firing: Firing, view: _View, over: Callable[[], bool]) -> None:
    """Look every second until it is over; what fires already is shown first."""
    moves = list(reversed(firing.newest_first()))
    while True:
        view.show(standing(embedded), firing, moves)
        for _ in range(round(LOOK_EVERY_S / STOP_EVERY_S)):
            if over():
                return
            pause(STOP_EVERY_S)
        moves = feed.new_transitions()
        firing.observe(moves)


def _print_once(embedded: Embedded, firing: Firing, *, as_json: bool) -> None:
    stands = standing(embedded)
    if as_json:
        print_json({**asdict(stands), "firing": [transition_json(one) for one in firing.newest_first()]})
        return
    for transition in firing.newest_first():
        click.echo(feed_line(transition))
    talk(_words(stands, firing))


def _words(stands: Standing, firing: Firing) -> str:
    return (
        f"{time_of_day(wall_now_ms())} {len(firing):,} alerts firing; {stands.folded:,} records folded, "
        f"{stands.waiting:,} waiting; {stands.panes_waiting:,} batches of panes waiting; "
        f"{stands.rejected:,} batches of rejections"
    )


class _JsonView:
    def show(self, stands: Standing, firing: Firing, moves: list[Transition]) -> None:  # noqa: ARG002  a view's shape
        for transition in moves:
            print_json(transition_json(transition))


class _LineView:
    def __init__(self) -> None:
        self._next_ms = wall_now_ms()

    def show(self, stands: Standing, firing: Firing, moves: list[Transition]) -> None:
        for transition in filter(is_told, moves):
            click.echo(feed_line(transition))
        if wall_now_ms() >= self._next_ms:
            self._next_ms += MINUTE_MS
            talk(_words(stands, firing))
