"""``tocsin fuzz``: delivery faults that must change neither final windows nor alerts, tried on a recording."""

import logging
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from tocsin.cli.files import plan_or_default, writing
from tocsin.cli.options import EXISTING, TARGET, json_option, plan_option
from tocsin.cli.output import print_json, talk
from tocsin.cli.progress import shown_progress
from tocsin.core.errors import UsageError
from tocsin.core.formats.recording import Header
from tocsin.core.formats.recording_file import RecordingReader, RecordingWriter
from tocsin.runtime.faults import Faults, decode_faults, encode_faults
from tocsin.runtime.fuzz import Find, Fuzzer

RUNS: Final = 20


@click.command()
@click.argument("recording", type=EXISTING)
@plan_option
@click.option("--runs", type=click.IntRange(1), default=RUNS, show_default=True, help="How many sets of faults to try.")
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Seed of the first run; each next one is one more."
)
@click.option("--faults", "faults_path", type=EXISTING, help="Try the faults of this file instead.")
@click.option("--to", "to", type=TARGET, help="Where the smallest recording of a find goes. [RECORDING.found.jsonl]")
@json_option
def fuzz(  # noqa: PLR0917  click passes each option
    recording: Path,
    plan_path: Path | None,
    runs: int,
    seed: int,
    faults_path: Path | None,
    to: Path | None,
    as_json: bool,
) -> None:
    """Try duplicates, overtaking, splits, retries and crashes on RECORDING; none may change what comes out.

    A find is shrunk to the fewest records and faults that show it, which are written; the exit code is then 1.
    The recording is held in memory.
    """
    with RecordingReader(recording) as reader:
        header, records = reader.header, list(reader)
    if not records:
        raise UsageError(f"{recording} has no records")
    given = _given(faults_path, len(records)) if faults_path else None
    plan = plan_or_default(plan_path)
    with _quiet_stages():
        fuzzer = Fuzzer(header, records, plan)
        lines = fuzzer.check(given) if given else ()
        find = None if given else _search(fuzzer, seed, runs)
    if given is not None:
        _tell(lines, given, as_json=as_json)
    elif find is None:
        talk(f"{runs:,} sets of faults on {len(records):,} records changed neither windows nor alerts")
        if as_json:
            print_json({"runs": runs, "seed": seed, "found": None})
    else:
        lines = find.lines
        _keep(
            find, header, to or TARGET.convert(f"{recording.name}.found.jsonl", None, None), plan_path, as_json=as_json
        )
    if lines:
        click.get_current_context().exit(1)


@contextmanager
def _quiet_stages() -> Iterator[None]:
    """Keep stages from warning of the failures that they are here to survive."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _given(path: Path, records: int) -> Faults:
    try:
        return decode_faults(path.read_bytes(), records)
    except (OSError, ValueError) as error:  # msgspec's errors are value errors
        raise UsageError(f"{path} cannot be read as faults: {error}") from error


def _search(fuzzer: Fuzzer, seed: int, runs: int) -> Find | None:
    with shown_progress("fuzz") as show:
        for run in range(runs):
            show(run / runs, f"seed {seed + run}")
            faults = fuzzer.drawn(seed + run)
            if fuzzer.check(faults):
                talk(f"seed {seed + run} changes what comes out; looking for the smallest recording that shows it")
                return fuzzer.shrunk(faults, seed + run)
    return None


def _tell(lines: tuple[str, ...], faults: Faults, *, as_json: bool) -> None:
    if as_json:
        print_json({"faults": faults, "differences": list(lines)})
        return
    talk(f"faults: {faults.words()}")
    for line in lines:
        click.echo(line)
    if not lines:
        talk("windows and alerts are the same")


def _keep(find: Find, header: Header, to: Path, plan_path: Path | None, *, as_json: bool) -> None:
    """Write the find, and say how to see it again."""
    faults_path = to.with_name(f"{to.name}.faults.json")
    with writing(to), RecordingWriter(to, header) as writer:
        for record in find.records:
            writer.append(record)
    with writing(faults_path):
        faults_path.write_bytes(encode_faults(find.faults))
    command = ["tocsin", "fuzz", str(to), "--faults", str(faults_path)]
    command += ["--plan", str(plan_path)] if plan_path else []
    if as_json:
        kept = {"seed": find.seed, "records": len(find.records), "faults": find.faults, "differences": list(find.lines)}
        print_json({"found": {**kept, "to": str(to), "again": shlex.join(command)}})
    else:
        click.echo(f"seed {find.seed}, {len(find.records)} records: {find.faults.words()}")
        for line in find.lines:
            click.echo(line)
    talk(f"shrunk in {find.checks} replays to {len(find.records)} records; see it again: {shlex.join(command)}")
