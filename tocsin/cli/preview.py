"""``tocsin alerts preview`` and ``tocsin alerts explain``: what receivers get of an alert, and why or why not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from alerts.change import change_of
from alerts.delivery.channels import preview as previewed
from alerts.escalating import concerns
from alerts.grouping import group_key, is_told
from alerts.message import Telling, notification
from alerts.people import is_silenced
from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.act import action_line
from tocsin.cli.chosen_alert import chosen_episode
from tocsin.cli.files import plan_or_default
from tocsin.cli.options import json_option, plan_option, read_file_option
from tocsin.cli.output import print_json
from tocsin.core.actions import Action, ActionKind
from tocsin.core.clock import iso, wall_now_ms
from tocsin.core.durations import format_duration
from tocsin.core.errors import UsageError
from tocsin.core.messages import Decision, DecisionRecord, Notification, Phase, Transition
from tocsin.core.plan.delivery import CHANNELS, Receiver
from tocsin.core.plan.model import Plan
from tocsin.core.routes import fits, routed_grouping
from tocsin.core.silences import Silence, covers, is_over
from tocsin.runtime.episodes import Episode, episodes
from tocsin.runtime.handled import by_episode, handled
from tocsin.runtime.play import FeedReader

DECISIONS_MAX: Final = 10_000


@click.command()
@click.argument("fingerprint")
@click.option("--channel", type=click.Choice(CHANNELS), default="email", show_default=True, help="As which channel.")
@click.option("--receiver", help="As this receiver of the plan gets it, with its own templates.")
@click.option("--state", type=click.Choice(["firing", "resolved", "expired"]), help="Which move; else the newest told.")
@click.option("--episode", type=click.IntRange(1), help="Which episode; without it the newest.")
@plan_option
@read_file_option
def preview(  # noqa: PLR0917  click passes each option
    fingerprint: str,
    channel: str,
    receiver: str | None,
    state: str | None,
    episode: int | None,
    plan_path: Path | None,
    path: Path,
) -> None:
    """Print an alert as a channel gets it, byte for byte but for secrets; nothing is sent.

    FINGERPRINT as `tocsin alerts list` shows it; its beginning is enough where only one alert has it.
    """
    plan = plan_or_default(plan_path)
    chosen = _chosen(path, fingerprint, episode)
    moves = [move for move in chosen.moves if move.phase.value == state] if state else list(chosen.moves)
    told = [move for move in moves if move.phase in {Phase.FIRING, Phase.RESOLVED, Phase.EXPIRED}]
    if not told:
        raise UsageError(f"alert {chosen.newest.fingerprint} has no move to tell{f' that is {state}' if state else ''}")
    click.echo(previewed(_message(told[-1], plan), _receiver(plan, receiver, channel)))


def _receiver(plan: Plan, name: str | None, channel: str) -> Receiver:
    if name is None:
        return msgspec.convert({"name": channel, "channel": channel}, Receiver)
    found = {one.name: one for one in plan.receivers}
    if name not in found:
        raise UsageError(f"receiver must be one of the plan's ({', '.join(found) or 'it has none'}), got {name[:40]!r}")
    return found[name]


def _message(transition: Transition, plan: Plan) -> Notification:
    """Return the notification that would tell of the transition alone."""
    key = group_key(transition, routed_grouping(plan))
    left = int(transition.phase is Phase.FIRING)
    return notification([transition], key=key, number=1, told=Telling(change_of(transition), left=left))


def _chosen(path: Path, fingerprint: str, episode: int | None) -> Episode:
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        found = episodes(FeedReader(embedded.backend.alerts.feed).new_transitions())
    return chosen_episode(found, fingerprint, episode)[0]


@click.command()
@click.argument("fingerprint")
@click.option("--episode", type=click.IntRange(1), help="Which episode; without it the newest.")
@plan_option
@read_file_option
@json_option
def explain(fingerprint: str, episode: int | None, plan_path: Path | None, path: Path, as_json: bool) -> None:
    """Say who heard of an alert and who did not, and why: decisions, silences, acknowledgement, routes, escalations.

    FINGERPRINT as `tocsin alerts list` shows it; its beginning is enough where only one alert has it.
    """
    plan, now_ms = plan_or_default(plan_path), wall_now_ms()
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        found = episodes(FeedReader(embedded.backend.alerts.feed).new_transitions())
        chosen, _ = chosen_episode(found, fingerprint, episode)
        newest = chosen.newest
        decided = embedded.backend.decisions.query(newest.tenant, fingerprint=newest.fingerprint, limit=DECISIONS_MAX)
        actions = FeedReader(embedded.backend.alerts.feed).all_actions()
    lines = [*_decided(chosen, decided), *_stands(chosen, actions, now_ms), *_kept(chosen, plan, actions, now_ms)]
    lines += [*_routed(chosen, plan), *_escalates(chosen, plan)]
    if as_json:
        print_json({"fingerprint": newest.fingerprint, "episode": newest.episode, "reasons": lines})
        return
    click.echo(f"{newest.severity} {newest.phase}: {chosen.told.summary}")
    for line in lines:
        click.echo(f"  {line}")


WHY: Final = {
    Decision.QUIET: "recorded and told to nobody: too mild, pending, or an end that nobody waits for",
    Decision.SILENCED: "kept back by a silence",
    Decision.HELD: "held: it flaps, or the tenant's budget was spent",
    Decision.INHIBITED: "told as part of an outage, in notification",
    Decision.SENT: "told by itself, in notification",
    Decision.GROUPED: "told together with others, in notification",
    Decision.SHADOWED: "of a rule that is only tried",
}


def _decided(episode: Episode, decided: list[DecisionRecord]) -> Iterator[str]:
    known = {one.alert.number: one for one in decided}
    for move in episode.moves:
        record = known.get(move.number)
        why = f"{WHY[record.decision]} {record.notification_id}".rstrip() if record else "not decided yet"
        if record and record.outage_alert and not record.notification_id:
            why = f"muted by the outage of {record.outage}, alert {record.outage_alert.fingerprint}"
        yield f"{iso(move.at_ms)} {move.phase_from} to {move.phase}: {why}"


def _stands(episode: Episode, actions: list[Action], now_ms: int) -> Iterator[str]:
    stands = handled(episode, by_episode(actions), now_ms)
    newest = episode.newest
    yield f"stands as {stands.condition}" + (f", by {stands.acknowledged_by}" if stands.acknowledged_by else "")
    about = (newest.tenant, newest.fingerprint, newest.episode)
    yield from (action_line(one) for one in actions if (one.tenant, one.fingerprint, one.episode) == about)


def _kept(episode: Episode, plan: Plan, actions: list[Action], now_ms: int) -> Iterator[str]:
    """Yield the silences that cover the alert: in force, or at another time."""
    newest = episode.newest
    for silence in (*plan.silences, *plan.maintenance, *_silences(actions, now_ms)):
        if covers(silence, newest):
            when = "is in force now" if is_silenced(newest, (silence,), now_ms) else "covers it at other times"
            yield f"silence {silence.name} {when}" + (f" ({silence.comment})" if silence.comment else "")
    if newest.phase is Phase.FIRING and not is_told(newest, 0, plan.grouping):
        yield f"{newest.severity} is below severity_min {plan.grouping.severity_min}: it is never told"


def _silences(actions: list[Action], now_ms: int) -> Iterator[Silence]:
    ended = {one.silence_id for one in actions}
    for one in actions:
        if one.kind is ActionKind.SILENCE and one.silence and one.id not in ended and not is_over(one.silence, now_ms):
            yield msgspec.structs.replace(one.silence, tenant=one.tenant, name=one.id)


def _routed(episode: Episode, plan: Plan) -> Iterator[str]:
    message = _message(episode.told, plan)
    yield f"told together by {', '.join(message.group.split('|'))}"
    yield "published to the topic, whose subscribers filter by " + ", ".join(
        f"{name} {value}" for name, value in message.attributes.items()
    )
    for route in plan.routes:
        verb = "goes" if fits(route, message.attributes) else "does not go"
        yield f"{verb} by route {route.name} to {route.to}"


def _escalates(episode: Episode, plan: Plan) -> Iterator[str]:
    for step in plan.escalations:
        if concerns(step, episode.newest):
            yield f"escalates as {step.name} after {format_duration(step.after_ms)} without an acknowledgement"
