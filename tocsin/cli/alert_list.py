"""``tocsin alerts list``: which alerts there are, how they stand, and who knows of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import click

from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.options import DURATION, INSTANT, json_option, read_file_option
from tocsin.cli.output import print_json, table_lines, transition_json
from tocsin.cli.stopping import Stop
from tocsin.cli.words import date_and_time
from tocsin.core.clock import iso, pause, wall_now_ms
from tocsin.core.formats.muted_item import CHUNK, MUTED_PREFIX, MutedAlert, muted_alerts
from tocsin.core.life import Condition
from tocsin.core.messages import Phase, Severity
from tocsin.core.ports import Directory
from tocsin.runtime.episodes import Episode, episodes
from tocsin.runtime.handled import Handled, by_episode, handled
from tocsin.runtime.play import FeedReader

HEADINGS: Final = ("state", "severity", "since (UTC)", "device", "rule", "fingerprint", "who", "what")
STATES: Final = tuple(dict.fromkeys([*(phase.value for phase in Phase), "acknowledged", "closed"]))
PATTERNS: Final = ("tenant", "site", "gateway", "device", "metric", "rule", "kind")
LOOK_EVERY_S: Final = 1.0
STOP_EVERY_S: Final = 0.1

Found = tuple[Episode, Handled]


def _patterns(command: click.Command) -> click.Command:
    """Give the command an option for each thing of an alert that a pattern can choose by."""
    for name in reversed(PATTERNS):
        command.params.insert(0, click.Option([f"--{name}"], default="*", help=f"Only this {name}; a pattern."))
    return command


@_patterns
@click.command("list")
@read_file_option
@click.option("--state", type=click.Choice(STATES), help="Only those that stand there now.")
@click.option("--severity", type=click.Choice([severity.value for severity in Severity]), help="Only this severity.")
@click.option("--unacknowledged", is_flag=True, help="Only those that fire and that nobody has acknowledged or closed.")
@click.option("--since", "since_ms", type=INSTANT, help="Only what moved since an instant, or in the last 2h.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most alerts shown.")
@click.option("--watch", is_flag=True, help="Show them again whenever something changes, until Ctrl-C.")
@click.option("--for", "length_ms", type=DURATION, help="With --watch: stop after this long.")
@json_option
def list_alerts(  # noqa: PLR0917  click passes each option
    path: Path,
    state: str | None,
    severity: str | None,
    unacknowledged: bool,
    since_ms: int | None,
    limit: int,
    watch: bool,
    length_ms: int | None,
    as_json: bool,
    **patterns: str,
) -> None:
    """List alerts, those that moved last first.

    What was suspected and never fired is shown only with --state inactive.
    """

    def fits(one: Found) -> bool:
        newest, stands = one[0].newest, one[1]
        right_state = state in {newest.phase.value, stands.condition.value} if state else True
        return (
            right_state
            and (newest.phase is not Phase.INACTIVE or state == Phase.INACTIVE)
            and severity in {None, newest.severity.value}
            and (not unacknowledged or stands.condition in {Condition.FIRING, Condition.REOPENED})
            and (since_ms is None or newest.at_ms >= since_ms)
            and all(fnmatchcase(getattr(newest, name), pattern) for name, pattern in patterns.items())
        )

    def show(found: Sequence[Found]) -> None:
        _print(found, limit, as_json=as_json)

    if watch:
        _watch(path, fits, show, length_ms)
    else:
        show([one for one in _all(path) if fits(one)])


def _all(path: Path) -> list[Found]:
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        found = episodes(FeedReader(embedded.backend.alerts.feed).new_transitions())
        actions = by_episode(FeedReader(embedded.backend.alerts.feed).all_actions())
        muted = {tenant: _muted(embedded.backend.directory, tenant) for tenant in {one.newest.tenant for one in found}}
    now_ms = wall_now_ms()
    return [(one, _with_muting(one, handled(one, actions, now_ms), muted[one.newest.tenant])) for one in found]


def _muted(directory: Directory, tenant: str) -> dict[tuple[str, int], MutedAlert]:
    return muted_alerts(lambda last: directory.query(tenant, prefix=MUTED_PREFIX, after=last, limit=CHUNK))


def _with_muting(one: Episode, stands: Handled, muted: Mapping[tuple[str, int], MutedAlert]) -> Handled:
    found = muted.get((one.newest.fingerprint, one.newest.episode))
    return replace(stands, muted_by=found.by) if found and one.newest.phase is Phase.FIRING else stands


def _watch(
    path: Path, fits: Callable[[Found], bool], show: Callable[[Sequence[Found]], None], length_ms: int | None
) -> None:
    """Show what fits whenever it has changed."""
    until_ms = None if length_ms is None else wall_now_ms() + length_ms
    shown: list[Found] | None = None
    with Stop() as stop:
        while True:
            found = [one for one in _all(path) if fits(one)]
            if found != shown:
                show(found)
                shown = found
            for _ in range(round(LOOK_EVERY_S / STOP_EVERY_S)):
                if stop() or (until_ms is not None and wall_now_ms() >= until_ms):
                    return
                pause(STOP_EVERY_S)


def _print(found: Sequence[Found], limit: int, *, as_json: bool) -> None:
    if as_json:
        print_json([listed(*one) for one in found[:limit]])
        return
    for line in table_lines(HEADINGS, [_row(*one) for one in found[:limit]]):
        click.echo(line)
    left = f", the newest {limit:,} shown; --limit shows more" if len(found) > limit else ""
    click.echo(f"{len(found):,} alerts{left}", err=True)


def _row(episode: Episode, stands: Handled) -> tuple[str, ...]:
    newest, told = episode.newest, episode.told
    return (
        stands.condition.value,
        newest.severity.value,
        date_and_time(told.at_ms),
        newest.device,
        newest.rule,
        newest.fingerprint,
        _who(stands),
        told.summary,
    )


def _who(stands: Handled) -> str:
    """Return who knows of the alert, who takes care of it, and what mutes it; names cannot break the line."""
    words = [stands.acknowledged_by] if stands.acknowledged_by else []
    words += [f"muted by {stands.muted_by.fingerprint}"] if stands.muted_by else []
    words += [f"for {stands.assignee}"] if stands.assignee else []
    return "".join(letter if letter.isprintable() else "?" for letter in ", ".join(words))[:40] or "-"


def listed(episode: Episode, stands: Handled) -> dict[str, Any]:
    """Return the episode for machines."""
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
        "condition": stands.condition.value,
        "acknowledged_by": stands.acknowledged_by or None,
        "acknowledged_until": None if stands.until_ms is None else iso(stands.until_ms),
        "assignee": stands.assignee or None,
        "muted_by": stands.muted_by.fingerprint if stands.muted_by else None,
        "fingerprint": newest.fingerprint,
        "episode": newest.episode,
        "since": iso(newest.since_ms),
        "fired": iso(episode.fired.at_ms) if episode.fired else None,
        "summary": episode.told.summary,
        "moves": [transition_json(move) for move in episode.moves],
    }
