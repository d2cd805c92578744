"""``tocsin alerts``: which alerts there are, and why."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.act import ack, action_json, action_line, assign, close, note
from tocsin.cli.alert_list import list_alerts, listed
from tocsin.cli.alert_view import alert_lines, muting_lines
from tocsin.cli.chosen_alert import chosen_episode
from tocsin.cli.options import json_option, read_file_option
from tocsin.cli.output import print_json
from tocsin.cli.preview import explain, preview
from tocsin.cli.reproduce import reproduce
from tocsin.cli.shadow import shadow
from tocsin.cli.silence import silence, silences, unsilence
from tocsin.core.actions import Action
from tocsin.core.clock import wall_now_ms
from tocsin.core.messages import DecisionRecord
from tocsin.core.ports import Decisions
from tocsin.runtime.episodes import Episode, episodes
from tocsin.runtime.handled import by_episode, handled
from tocsin.runtime.play import FeedReader

DECISIONS_MAX: Final = 10_000


@click.group()
def alerts() -> None:
    """List alerts, show what led to one, say what is done about it, silence, and have one judged again."""


for _command in (
    *(list_alerts, reproduce, ack, assign, note, close, silence, silences, unsilence, shadow),
    *(preview, explain),
):
    alerts.add_command(_command)


@alerts.command()
@click.argument("fingerprint")
@read_file_option
@click.option("--episode", type=click.IntRange(1), help="Which episode; without it the newest.")
@json_option
def show(fingerprint: str, path: Path, episode: int | None, as_json: bool) -> None:
    """Show why an alert moved, what was expected, and what was told of it.

    FINGERPRINT as `tocsin alerts list` shows it; its beginning is enough where only one alert has it.
    """
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        found = episodes(FeedReader(embedded.backend.alerts.feed).new_transitions())
        chosen, count = chosen_episode(found, fingerprint, episode)
        decisions = _decisions(embedded.backend.decisions, chosen)
        muted = _muted_by(embedded.backend.decisions, decisions, chosen)
        actions = FeedReader(embedded.backend.alerts.feed).all_actions()
    done, stands = _done_about(actions, chosen), handled(chosen, by_episode(actions), wall_now_ms())
    if as_json:
        told = {
            "decisions": [msgspec.to_builtins(one) for one in decisions],
            "muted": [msgspec.to_builtins(one) for one in muted],
            "actions": list(map(action_json, done)),
        }
        print_json({**listed(chosen, stands), **told})
        return
    for line in (*alert_lines(chosen, count, decisions), *muting_lines(muted)):
        click.echo(line)
    for line in ["", "done", *(f"  {action_line(one)}" for one in done)] if done else []:
        click.echo(line)


def _done_about(actions: Sequence[Action], episode: Episode) -> list[Action]:
    newest = episode.newest
    about = (newest.tenant, newest.fingerprint, newest.episode)
    return [one for one in actions if (one.tenant, one.fingerprint, one.episode) == about]


def _decisions(decisions: Decisions, episode: Episode) -> list[DecisionRecord]:
    newest = episode.newest
    found = decisions.query(newest.tenant, fingerprint=newest.fingerprint, limit=DECISIONS_MAX)
    return [one for one in found if one.alert.episode == newest.episode]


def _muted_by(decisions: Decisions, own: Sequence[DecisionRecord], episode: Episode) -> list[DecisionRecord]:
    """Return the decisions by which the outage muted that the episode is part of, or that it is by itself."""
    by = next((one.outage_alert for one in own if one.outage_alert and one.notification_id), None)
    name = (by.fingerprint, by.episode) if by else (episode.newest.fingerprint, episode.newest.episode)
    found = decisions.query(episode.newest.tenant, limit=DECISIONS_MAX)
    return [
        one
        for one in found
        if one.outage_alert
        and not one.notification_id
        and (one.outage_alert.fingerprint, one.outage_alert.episode) == name
    ]
