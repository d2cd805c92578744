"""``tocsin alerts silence``, ``silences`` and ``unsilence``: what is recorded and not told for a while."""

from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import click
import msgspec

from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.act import ID_BYTES, action_json, action_line, by_option, put_action
from tocsin.cli.files import plan_or_default
from tocsin.cli.options import DURATION, EXISTING, INSTANT, json_option, plan_option, read_file_option
from tocsin.cli.output import print_json, table_lines, talk
from tocsin.core.actions import Action, ActionKind
from tocsin.core.clock import iso, wall_now_ms
from tocsin.core.errors import UsageError
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.model import Plan
from tocsin.core.silences import MATCHERS, Silence, covers, is_active, is_over, problems
from tocsin.runtime.episodes import episodes
from tocsin.runtime.play import FeedReader
from tocsin.runtime.replay import replay

SHOWN_MAX: Final = 20


def _matchers(command: click.Command) -> click.Command:
    """Give the command an option for each of a silence's matchers."""
    for name in reversed(MATCHERS):
        option = click.Option([f"--{name}"], default="*", help=f"Only of this {name}; a pattern such as north-*.")
        command.params.insert(0, option)
    return command


@_matchers
@click.command()
@click.option("--tenant", help="Whose alerts; may be left out where the file has alerts of one tenant only.")
@click.option("--start", "start_ms", type=INSTANT, default="now", show_default=True, help="From when on.")
@click.option("--for", "length_ms", type=DURATION, help="For how long; needed unless it recurs.")
@click.option("--days", default="", help="On which days an occurrence begins, such as sat,sun; else on every day.")
@click.option("--between", default="", help="Times of day of each occurrence: 22:00-06:00.")
@click.option("--zone", default="UTC", show_default=True, help="Time zone of --between, such as Europe/Berlin.")
@click.option("--comment", default="", help="Why, for the others.")
@click.option("--preview", is_flag=True, help="Only show what it would keep back, and make none.")
@click.option("--recording", type=EXISTING, help="With --preview: show what it would have kept back there.")
@plan_option
@by_option
@read_file_option
@json_option
def silence(  # noqa: PLR0917  click passes each option
    tenant: str | None,
    start_ms: int,
    length_ms: int | None,
    days: str,
    between: str,
    zone: str,
    comment: str,
    preview: bool,
    recording: Path | None,
    plan_path: Path | None,
    by: str,
    path: Path,
    as_json: bool,
    **matchers: str,
) -> None:
    """Keep alerts back for a while: what fires is recorded, and told when the silence ends if it still fires."""
    if recording and not preview:
        raise UsageError("--recording shows what a silence would have kept back: it goes with --preview")
    if length_ms is None and not between:
        raise UsageError("--for must say how long the silence lasts, unless --between says when it recurs")
    begin, _, end = between.partition("-")
    times = {"start": iso(start_ms), "end": iso(start_ms + length_ms) if length_ms is not None else ""}
    recurs = {"from_time": begin, "until_time": end, "zone": zone, "days": tuple(filter(None, days.split(",")))}
    if preview and recording:
        _print_preview(_sound(matchers, {}, recurs), _recorded(recording, plan_or_default(plan_path)), as_json=as_json)
        return
    made = _sound(matchers, times, recurs)
    newest = _newest(path)
    if preview:
        firing = [one for one in newest if one.phase is Phase.FIRING]
        _print_preview(made, [one for one in firing if tenant in {None, one.tenant}], as_json=as_json)
        return
    action = Action(
        tenant or _only_tenant(newest),
        token_hex(ID_BYTES),
        wall_now_ms(),
        by,
        ActionKind.SILENCE,
        text=comment,
        silence=msgspec.structs.replace(made, comment=comment),
    )
    put_action(path, action)
    _print_action(action, as_json=as_json)


@click.command()
@click.argument("silence_id")
@by_option
@read_file_option
@json_option
def unsilence(silence_id: str, by: str, path: Path, as_json: bool) -> None:
    """End a silence now: what it kept back and still fires is told within a minute.

    SILENCE_ID as `tocsin alerts silences` shows it.
    """
    found = {made.id: made for made in _standing(path, wall_now_ms())}
    if silence_id not in found:
        raise UsageError(f"no silence that people made and that is not over has the id {silence_id[:40]!r}")
    action = Action(
        found[silence_id].tenant,
        token_hex(ID_BYTES),
        wall_now_ms(),
        by,
        ActionKind.UNSILENCE,
        silence_id=silence_id,
    )
    put_action(path, action)
    _print_action(action, as_json=as_json)


@click.command()
@read_file_option
@json_option
def silences(path: Path, as_json: bool) -> None:
    """List the silences that people made and that are not over; `tocsin plan check` shows the plan's."""
    standing = _standing(path, wall_now_ms())
    if as_json:
        print_json([action_json(made) for made in standing])
        return
    rows = [
        (
            made.id,
            made.tenant,
            "now" if is_active(made.silence, wall_now_ms()) else "later",
            made.by,
            _words(made.silence),
        )
        for made in standing
        if made.silence
    ]
    for line in table_lines(("id", "tenant", "in force", "by", "what, and when"), rows):
        click.echo(line)


def _print_action(action: Action, *, as_json: bool) -> None:
    if as_json:
        print_json(action_json(action))
    else:
        click.echo(action_line(action))


def _sound(matchers: dict[str, str], times: dict[str, str], recurs: dict[str, Any]) -> Silence:
    """Return the silence that the options describe.

    Raises:
        UsageError: It is not sound: all that is wrong with it.
    """
    try:
        made = msgspec.convert({"name": "", **matchers, **times, **recurs}, Silence)
    except msgspec.ValidationError as error:
        raise UsageError(f"silence: {error}") from error
    if found := [f"{key.removesuffix('_time')} {message}" for key, message in problems(made)]:
        raise UsageError("; ".join(found))
    return made


def _newest(path: Path) -> list[Transition]:
    """Return where each alert of the file stands."""
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        moves = FeedReader(embedded.backend.alerts.feed).new_transitions()
    return list({one.fingerprint: one for one in moves}.values())


def _only_tenant(moves: Sequence[Transition]) -> str:
    tenants = {one.tenant for one in moves}
    if len(tenants) != 1:
        raise UsageError(f"--tenant must say whose alerts, the file has those of {len(tenants)} tenants")
    return tenants.pop()


def _standing(path: Path, now_ms: int) -> list[Action]:
    """Return the actions that made silences which are not over, oldest first."""
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        done = FeedReader(embedded.backend.alerts.feed).all_actions()
    ended = {one.silence_id for one in done}
    return [one for one in done if one.silence and one.id not in ended and not is_over(one.silence, now_ms)]


def _recorded(path: Path, plan: Plan) -> list[Transition]:
    """Return what fired in the recording, once an episode."""
    with RecordingReader(path) as reader:
        replayed = replay(reader.header, reader, plan)
    return [one.fired for one in episodes(replayed.transitions) if one.fired]


def _print_preview(made: Silence, moves: Sequence[Transition], *, as_json: bool) -> None:
    """Show which of the alerts the silence covers, at the times at which it recurs."""
    kept = [
        one for one in moves if covers(made, one) and (not made.from_time or is_active(_recurring(made), one.at_ms))
    ]
    if as_json:
        print_json({"alerts": len(moves), "silenced": [one.fingerprint for one in kept]})
        return
    rows = [(iso(one.at_ms), one.severity.value, one.device, one.rule, one.fingerprint) for one in kept[:SHOWN_MAX]]
    for line in table_lines(("fired", "severity", "device", "rule", "fingerprint"), rows):
        click.echo(line)
    talk(
        f"{len(kept):,} of {len(moves):,} alerts would be kept back" + (", the first shown" if kept[SHOWN_MAX:] else "")
    )


def _recurring(made: Silence) -> Silence:
    return msgspec.structs.replace(made, start="", end="")


def _words(made: Silence) -> str:
    words = [f"{name} {getattr(made, name)}" for name in MATCHERS if getattr(made, name) != "*"]
    if made.from_time:
        days = f"{','.join(made.days)} " if made.days else ""
        words.append(f"{days}{made.from_time}-{made.until_time} {made.zone}")
    words += [f"until {made.end}"] if made.end else []
    return ", ".join(words) + (f" ({made.comment})" if made.comment else "")
