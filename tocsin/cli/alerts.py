"""``tocsin alerts``: which alerts there are, and why."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.act import ack, action_json, action_line, assign, close, note
from tocsin.cli.alert_view import alert_lines
from tocsin.cli.chosen_alert import chosen_episode
from tocsin.cli.options import INSTANT, json_option, read_file_option
from tocsin.cli.output import print_json, table_lines, transition_json
from tocsin.cli.reproduce import reproduce
from tocsin.cli.shadow import shadow
from tocsin.cli.silence import silence, silences, unsilence
from tocsin.cli.words import date_and_time
from tocsin.core.actions import Action
from tocsin.core.clock import iso, wall_now_ms
from tocsin.core.messages import DecisionRecord, Phase, Severity
from tocsin.core.ports import Decisions
from tocsin.runtime.episodes import Episode, episodes
from tocsin.runtime.play import FeedReader

DECISIONS_MAX: Final = 10_000
HEADINGS: Final = ("state", "severity", "since (UTC)", "device", "rule", "fingerprint", "what")


@click.group()
def alerts() -> None:
    """List alerts, show what led to one, say what is done about it, silence, and have one judged again."""


for _command in (reproduce, ack, assign, note, close, silence, silences, unsilence, shadow):
    alerts.add_command(_command)


@alerts.command("list")
@read_file_option
@click.option("--state", type=click.Choice([phase.value for phase in Phase]), help="Only those that stand there now.")
@click.option("--severity", type=click.Choice([severity.value for severity in Severity]), help="Only this severity.")
@click.option("--tenant", default="*", help="Only this tenant; a pattern such as plant-*.")
@click.option("--site", default="*", help="Only this site; a pattern.")
@click.option("--device", default="*", help="Only this device; a pattern.")
@click.option("--since", "since_ms", type=INSTANT, help="Only what moved since an instant, or in the last 2h.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most alerts shown.")
@json_option
def list_alerts(  # noqa: PLR0917  click passes each option
    path: Path,
    state: str | None,
    severity: str | None,
    tenant: str,
    site: str,
    device: str,
    since_ms: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """List alerts, those that moved last first.

    What was suspected and never fired is shown only with --state inactive.
    """

    def fits(episode: Episode) -> bool:
        newest = episode.newest
        right_state = newest.phase.value == state if state else newest.phase is not Phase.INACTIVE
        patterns = ((newest.tenant, tenant), (newest.site, site), (newest.device, device))
        return (
            right_state
            and severity in {None, newest.severity.value}
            and (since_ms is None or newest.at_ms >= since_ms)
            and all(fnmatchcase(text, pattern) for text, pattern in patterns)
        )

    found = [episode for episode in _all(path) if fits(episode)]
    if as_json:
        print_json([_listed(episode) for episode in found[:limit]])
        return
    for line in table_lines(HEADINGS, [_row(episode) for episode in found[:limit]]):
        click.echo(line)
    left = f", the newest {limit:,} shown; --limit shows more" if len(found) > limit else ""
    click.echo(f"{len(found):,} alerts{left}", err=True)


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
        done = _done_about(FeedReader(embedded.backend.alerts.feed).all_actions(), chosen)
    if as_json:
        told = {"decisions": [msgspec.to_builtins(one) for one in decisions], "actions": list(map(action_json, done))}
        print_json({**_listed(chosen), **told})
        return
    for line in alert_lines(chosen, count, decisions):
        click.echo(line)
    for line in ["", "done", *(f"  {action_line(one)}" for one in done)] if done else []:
        click.echo(line)


def _all(path: Path) -> list[Episode]:
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        return episodes(FeedReader(embedded.backend.alerts.feed).new_transitions())


def _done_about(actions: Sequence[Action], episode: Episode) -> list[Action]:
    newest = episode.newest
    about = (newest.tenant, newest.fingerprint, newest.episode)
    return [one for one in actions if (one.tenant, one.fingerprint, one.episode) == about]


def _decisions(decisions: Decisions, episode: Episode) -> list[DecisionRecord]:
    newest = episode.newest
    found = decisions.query(newest.tenant, fingerprint=newest.fingerprint, limit=DECISIONS_MAX)
    return [one for one in found if one.alert.episode == newest.episode]


def _row(episode: Episode) -> tuple[str, ...]:
    newest = episode.newest
    since = date_and_time(episode.told.at_ms)
    what = episode.told.summary
    return (newest.phase.value, newest.severity.value, since, newest.device, newest.rule, newest.fingerprint, what)


def _listed(episode: Episode) -> dict[str, Any]:
    newest = episode.newest
    return {
        "tenant": newest.tenant,
        "device": newest.device,
        "metric": newest.metric,
        "site": newest.site,
        "rule": newest.rule,
        "kind": newest.kind,
        "severity": newest.severity.value,
        "state": newest.phase.value,
        "fingerprint": newest.fingerprint,
        "episode": newest.episode,
        "since": iso(newest.since_ms),
        "fired": iso(episode.fired.at_ms) if episode.fired else None,
        "summary": episode.told.summary,
        "moves": [transition_json(move) for move in episode.moves],
    }
