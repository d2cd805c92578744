"""``tocsin alerts reproduce``: the same alert again, from what is kept, or what keeps it from coming again."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.chosen_alert import chosen_episode
from tocsin.cli.options import EXISTING, json_option, read_file_option
from tocsin.cli.output import print_json, talk
from tocsin.core.clock import HOUR_MS, iso, wall_now_ms
from tocsin.core.errors import UsageError
from tocsin.core.formats.iso_time import iso_ms
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.core.plan.book import plan_blob
from tocsin.core.plan.model import Plan, decode_plan, plan_hash
from tocsin.core.plan.source import load_plan
from tocsin.core.ports import Blobs
from tocsin.runtime.archived import archived_hours, export
from tocsin.runtime.episodes import Episode, episodes
from tocsin.runtime.play import FeedReader
from tocsin.runtime.record import record_log
from tocsin.runtime.recording_edit import merged, merged_header
from tocsin.runtime.reproduce import Reproduction
from tocsin.runtime.reproduce import reproduce as reproduced


@click.command()
@click.argument("fingerprint")
@read_file_option
@click.option(
    "--recording",
    "recordings",
    type=EXISTING,
    multiple=True,
    help="Take the readings from here, not from the file; again for several, such as the hours of an archive.",
)
@click.option("--archive", "from_archive", is_flag=True, help="Take the readings from the archive, not from the log.")
@click.option("--plan", "plan_path", type=EXISTING, help="Judge under this plan, not under the one that was in force.")
@click.option("--episode", type=click.IntRange(1), help="Which episode; without it the newest.")
@json_option
def reproduce(  # noqa: PLR0917  click passes each option
    fingerprint: str,
    path: Path,
    recordings: tuple[Path, ...],
    from_archive: bool,
    plan_path: Path | None,
    episode: int | None,
    as_json: bool,
) -> None:
    """Judge an alert again from the readings behind it: it must have the same fingerprint and evidence.

    Else the exit code is 1, and it says which input, plan or version differs.
    """
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        found = episodes(FeedReader(embedded.backend.alerts.feed).new_transitions())
        chosen, _ = chosen_episode(found, fingerprint, episode)
        plan = load_plan(plan_path) if plan_path else _plan_of(chosen, embedded.backend.blobs)
    if recordings and from_archive:
        raise UsageError("--recording and --archive both say where the readings are, choose one")
    with _taken(path, recordings, chosen if from_archive else None) as taken:
        header = merged_header([_header(one) for one in taken]) if len(taken) > 1 else _header(taken[0])
        outcome = reproduced(chosen.moves, header, lambda: _records(taken), plan)
    _tell(chosen, outcome, plan_hash(plan), as_json=as_json)
    if outcome.differences:
        click.get_current_context().exit(1)


def _plan_of(chosen: Episode, blobs: Blobs) -> Plan:
    """Return the plan that the newest move was judged under.

    Raises:
        UsageError: The file does not have it any more.
    """
    named = chosen.newest.evidence.plan_hash
    document = blobs.get(plan_blob(named))
    if document is None:
        raise UsageError(f"plan {named} is not in the file; name it with --plan")
    return decode_plan(document)


@contextmanager
def _taken(path: Path, named: tuple[Path, ...], archived: Episode | None) -> Iterator[tuple[Path, ...]]:
    """Yield the recordings that are named, else one of the archive up to the alert's end, else one of the log."""
    if named:
        yield named
        return
    with TemporaryDirectory(prefix="tocsin-") as folder:
        taken = Path(folder) / "log.jsonl"
        with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
            if archived:
                newest, blobs = archived.newest, embedded.backend.blobs
                hours = archived_hours(blobs, newest.tenant)
                start_ms = iso_ms(f"{hours[0]}:00:00Z") if hours else newest.at_ms
                export(blobs, newest.tenant, taken, start_ms=start_ms, end_ms=newest.at_ms + HOUR_MS)
            else:
                record_log(embedded.readings, taken, source=f"log readings of {path.name}")
        yield (taken,)


def _header(path: Path) -> Header:
    with RecordingReader(path) as reader:
        return reader.header


def _records(paths: tuple[Path, ...]) -> Iterator[Recorded]:
    with ExitStack() as stack:
        readers = [stack.enter_context(RecordingReader(path)) for path in paths]
        yield from merged(readers) if len(readers) > 1 else readers[0]


def _tell(chosen: Episode, outcome: Reproduction, plan: str, *, as_json: bool) -> None:
    newest = chosen.newest
    if as_json:
        print_json(
            {
                "fingerprint": newest.fingerprint,
                "episode": newest.episode,
                "reproduced": not outcome.differences,
                "moves": len(chosen.moves),
                "moves_same": len(outcome.same),
                "plan": plan,
                "records": outcome.records,
                "needs_other_devices": not outcome.is_slice,
                "differences": list(outcome.differences),
            }
        )
        return
    whose = "of the device" if outcome.is_slice else "of all devices"
    talk(f"{outcome.records:,} records {whose} replayed under plan {plan}")
    for move in chosen.moves:
        said = "the same" if move in outcome.same else "differs"
        click.echo(f"{said}: {iso(move.at_ms)} {move.phase.value}: {move.summary}")
    for line in outcome.differences:
        click.echo(line)
    verdict = "does not come again as it was" if outcome.differences else "comes again with the same evidence"
    talk(f"alert {newest.fingerprint}, episode {newest.episode}, {verdict}")
