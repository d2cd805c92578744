"""``tocsin alerts ack``, ``assign``, ``note`` and ``close``: what people do about one alert."""

from getpass import getuser
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import click
import msgspec

from tocsin.adapters.embedded.open import open_embedded, open_for_acting
from tocsin.cli.chosen_alert import chosen_episode
from tocsin.cli.options import DURATION, json_option, read_file_option
from tocsin.cli.output import print_json
from tocsin.core.actions import Action, ActionKind
from tocsin.core.clock import iso, wall_now_ms
from tocsin.core.errors import UsageError
from tocsin.core.messages import Phase
from tocsin.runtime.episodes import Episode, episodes
from tocsin.runtime.play import FeedReader

ID_BYTES: Final = 8

by_option = click.option("--by", default=getuser, show_default="your login", help="Who does it.")
text_option = click.option("--message", "text", default="", help="Why, for the others.")


@click.command()
@click.argument("fingerprint")
@click.option("--for", "length_ms", type=DURATION, help="Until then; without it as long as the problem lasts.")
@text_option
@by_option
@read_file_option
@json_option
def ack(fingerprint: str, length_ms: int | None, text: str, by: str, path: Path, as_json: bool) -> None:
    """Acknowledge an alert that fires: it is not told again until it is over, or until --for has passed.

    FINGERPRINT as `tocsin alerts list` shows it; its beginning is enough where only one alert has it.
    """
    until_ms = None if length_ms is None else wall_now_ms() + length_ms
    _act(path, fingerprint, as_json, kind=ActionKind.ACKNOWLEDGE, by=by, text=text, until_ms=until_ms)


@click.command()
@click.argument("fingerprint")
@click.argument("assignee")
@text_option
@by_option
@read_file_option
@json_option
def assign(fingerprint: str, assignee: str, text: str, by: str, path: Path, as_json: bool) -> None:
    """Say who takes care of an alert that fires."""
    _act(path, fingerprint, as_json, kind=ActionKind.ASSIGN, by=by, text=text, assignee=assignee)


@click.command()
@click.argument("fingerprint")
@click.argument("text")
@by_option
@read_file_option
@json_option
def note(fingerprint: str, text: str, by: str, path: Path, as_json: bool) -> None:
    """Write something down beside an alert, which may be over."""
    _act(path, fingerprint, as_json, kind=ActionKind.NOTE, by=by, text=text)


@click.command()
@click.argument("fingerprint")
@text_option
@by_option
@read_file_option
@json_option
def close(fingerprint: str, text: str, by: str, path: Path, as_json: bool) -> None:
    """Close an alert that fires: nothing more is told of this episode, also not its end."""
    _act(path, fingerprint, as_json, kind=ActionKind.CLOSE, by=by, text=text)


def _act(path: Path, fingerprint: str, as_json: bool, *, kind: ActionKind, **values: Any) -> None:  # noqa: ANN401
    """Record what a person does about the newest episode of an alert.

    Raises:
        UsageError: There is no such alert, or it does not fire and the action is about what fires.
    """
    newest = _episode(path, fingerprint).newest
    if kind is not ActionKind.NOTE and newest.phase is not Phase.FIRING:
        raise UsageError(f"alert {newest.fingerprint} must fire, it is {newest.phase}")
    now_ms = wall_now_ms()
    action = Action(
        newest.tenant,
        token_hex(ID_BYTES),
        now_ms,
        kind=kind,
        fingerprint=newest.fingerprint,
        episode=newest.episode,
        **values,
    )
    put_action(path, action)
    if as_json:
        print_json(action_json(action))
    else:
        click.echo(f"{action_line(action)}, of {newest.device}: {newest.summary}")


def _episode(path: Path, fingerprint: str) -> Episode:
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        found = episodes(FeedReader(embedded.backend.alerts.feed).new_transitions())
    return chosen_episode(found, fingerprint, None)[0]


def put_action(path: Path, action: Action) -> None:
    """Write the action, also beside a running `tocsin run`."""
    with open_for_acting(path, now_ms=wall_now_ms) as embedded:
        embedded.backend.alerts.put_action(action)


def action_json(action: Action) -> dict[str, Any]:
    """Return the action for machines, with its instant as people write it beside the number."""
    return {"at": iso(action.at_ms), **msgspec.to_builtins(action)}


def action_line(action: Action) -> str:
    """Return what was done, by whom and when, on one line.

    >>> action_line(Action("acme", "a1", 1_795_428_000_000, "anna", ActionKind.ASSIGN, "9ac3", assignee="ben"))
    '2026-11-23T10:00:00Z anna assigned 9ac3 to ben'
    """
    done = {
        ActionKind.ACKNOWLEDGE: f"acknowledged {action.fingerprint}",
        ActionKind.ASSIGN: f"assigned {action.fingerprint} to {action.assignee}",
        ActionKind.NOTE: f"noted at {action.fingerprint}",
        ActionKind.CLOSE: f"closed {action.fingerprint}",
        ActionKind.SILENCE: f"made silence {action.id}",
        ActionKind.UNSILENCE: f"ended silence {action.silence_id}",
    }[action.kind]
    until = "" if action.until_ms is None else f" until {iso(action.until_ms)}"
    said = f": {_one_line(action.text)}" if action.text else ""
    return f"{iso(action.at_ms)} {_one_line(action.by)} {_one_line(done)}{until}{said}"


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
