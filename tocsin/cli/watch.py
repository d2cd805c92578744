"""``tocsin watch``: what a running pipeline does, read beside it."""

from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Final, Protocol

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.cli.feed import feed_line, is_told
from tocsin.cli.options import DURATION, json_option, read_file_option
from tocsin.cli.output import print_json, talk, transition_json
from tocsin.cli.stopping import Stop
from tocsin.cli.words import time_of_day
from tocsin.core.clock import MINUTE_MS, pause, wall_now_ms
from tocsin.core.messages import Transition
from tocsin.runtime.play import FeedReader
from tocsin.runtime.standing import Firing, Standing, standing

LOOK_EVERY_S: Final = 1.0
STOP_EVERY_S: Final = 0.1
SHOWN_MAX: Final = 15


@click.command()
@read_file_option
@click.option("--once", is_flag=True, help="Say how it stands, and leave.")
@click.option("--for", "length_ms", type=DURATION, help="Stop after this long; without it, watch until Ctrl-C.")
@json_option
def watch(path: Path, once: bool, length_ms: int | None, as_json: bool) -> None:
    """Watch alerts as they come, beside the `tocsin run` that writes to the file.

    With --json a line for each alert that fires already, then one for each move; with --once one object.
    """
    with Stop() as stop, open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        feed, firing = FeedReader(embedded.backend.alerts.feed), Firing()
        firing.observe(feed.new_transitions())
        if once:
            _print_once(embedded, firing, as_json=as_json)
            return
        console = Console()
        if console.is_terminal and not as_json:
            with Live(console=console, auto_refresh=False) as live:
                _follow(embedded, feed, firing, _LiveView(live, path), stop, length_ms)
        else:
            _follow(embedded, feed, firing, _JsonView() if as_json else _LineView(), stop, length_ms)


class _View(Protocol):
    def show(self, stands: Standing, firing: Firing, moves: list[Transition]) -> None: ...


def _follow(
    embedded: Embedded, feed: FeedReader, firing: Firing, view: _View, stop: Stop, length_ms: int | None
) -> None:
    """Look every second until someone says stop; what fires already is shown first."""
    until_ms = None if length_ms is None else wall_now_ms() + length_ms
    moves = list(reversed(firing.newest_first()))
    while True:
        view.show(standing(embedded), firing, moves)
        for _ in range(round(LOOK_EVERY_S / STOP_EVERY_S)):
            if stop() or (until_ms is not None and wall_now_ms() >= until_ms):
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


class _LiveView:
    def __init__(self, live: Live, path: Path) -> None:
        self._live = live
        self._path = path
        self._moves: deque[Transition] = deque(maxlen=SHOWN_MAX)

    def show(self, stands: Standing, firing: Firing, moves: list[Transition]) -> None:
        self._moves.extend(filter(is_told, moves))
        lines = [Text.from_ansi(feed_line(move)) for move in reversed(self._moves)]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"
        head = Text(f"{self._path}: {_words(stands, firing)}", "bold")
        self._live.update(Group(head, *lines), refresh=True)
