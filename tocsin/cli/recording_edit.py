"""``tocsin recording cut|merge|shift|anonymise``: recordings made of recordings."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from tocsin.cli.files import writing
from tocsin.cli.options import EXISTING, INSTANT, TARGET, json_option
from tocsin.cli.output import print_json, talk
from tocsin.core.durations import parse_duration_ms
from tocsin.core.errors import UsageError
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.recording_file import RecordingReader, RecordingWriter
from tocsin.runtime.anonymise import Names, anonymised, anonymised_header
from tocsin.runtime.recording_edit import Part, merged, merged_header, shifted
from tocsin.runtime.recording_edit import cut as cut_records
from tocsin.runtime.salvage import Damages, salvaged

to_option = click.option(
    "--to", type=TARGET, required=True, help="Recording to write: .jsonl, .jsonl.gz or .jsonl.zst."
)


@dataclass(frozen=True, slots=True)
class Made:
    """What was written.

    Attributes:
        to: The new recording.
        records: Its records, ticks included.
        damages: Lines of the old ones that were left out.
    """

    to: Path
    records: int
    damages: Damages


@click.command()
@click.argument("file", type=EXISTING)
@to_option
@click.option("--from", "start_ms", type=INSTANT, help="Only what arrived since an instant.")
@click.option("--until", "end_ms", type=INSTANT, help="Only what arrived before an instant.")
@click.option("--device", "devices", multiple=True, help="Only devices like this, north-pump-* or acme#*; repeatable.")
@json_option
def cut(
    file: Path, to: Path, start_ms: int | None, end_ms: int | None, devices: tuple[str, ...], as_json: bool
) -> None:
    """Write a part of FILE: some time of it, some devices of it; ticks stay."""
    part = Part(start_ms, end_ms, devices)
    made = make(
        [file],
        to,
        lambda headers: msgspec.structs.replace(headers[0], source=f"cut of {headers[0].source}", digest=""),
        lambda recordings: cut_records(recordings[0], part),
    )
    tell(made, as_json=as_json)


@click.command()
@click.argument("files", type=EXISTING, nargs=-1, required=True, metavar="FILE...")
@to_option
@json_option
def merge(files: tuple[Path, ...], to: Path, as_json: bool) -> None:
    """Write one recording of several, by arrival; ticks are left out, as a replay makes its own."""
    tell(make(files, to, merged_header, merged), as_json=as_json)


@click.command()
@click.argument("file", type=EXISTING)
@to_option
@click.option("--by", help="How much later, such as 2h; earlier with a sign: -90m.")
@click.option("--start", "start_ms", type=INSTANT, help="Instead: when the first record shall arrive.")
@json_option
def shift(file: Path, to: Path, by: str | None, start_ms: int | None, as_json: bool) -> None:
    """Write FILE at another time: arrivals, ticks and the times within messages move together."""
    by_ms = _shift_ms(file, by, start_ms)
    left: list[None] = []
    made = make(
        [file],
        to,
        lambda headers: msgspec.structs.replace(headers[0], source=f"shifted {headers[0].source}", digest=""),
        lambda recordings: shifted(recordings[0], by_ms, lambda: left.append(None)),
    )
    if left:
        talk(f"{len(left):,} records cannot be read and kept the times within them")
    tell(made, as_json=as_json, shifted_ms=by_ms, kept_their_times=len(left))


def _shift_ms(file: Path, by: str | None, start_ms: int | None) -> int:
    if (by is None) == (start_ms is None):
        raise UsageError("say how far with one of --by and --start")
    if by is not None:
        try:
            size_ms = parse_duration_ms(by.removeprefix("-"))
        except ValueError as error:
            raise UsageError(f"--by {error}") from error
        return -size_ms if by.startswith("-") else size_ms
    with RecordingReader(file, lambda _: None) as reader:
        first = next(iter(reader), None)
    if first is None or start_ms is None:
        raise UsageError(f"{file} has no record that could begin then")
    return start_ms - first.arrival_ms


@click.command()
@click.argument("file", type=EXISTING)
@to_option
@click.option("--names", "names_path", type=TARGET, help="Also write which name became which; keep it to yourself.")
@json_option
def anonymise(file: Path, to: Path, names_path: Path | None, as_json: bool) -> None:
    """Write FILE with numbers in place of tenants and devices, and without labels and unknown fields.

    A replay leads to the same alerts under the new names. Times, values and names of metrics stay. Records that
    are no readable messages of their device are left out, as they might name anybody.
    """
    names = Names()
    made = make(
        [file], to, lambda headers: anonymised_header(headers[0]), lambda recordings: anonymised(recordings[0], names)
    )
    if names_path:
        devices = {f"{tenant}#{device}": new for (tenant, device), new in names.devices.items()}
        with writing(names_path):
            names_path.write_bytes(msgspec.json.encode({"tenants": names.tenants, "devices": devices}))
    if names.dropped:
        talk(f"{names.dropped:,} records were left out, as they are no readable messages of their device")
    tell(made, as_json=as_json, left_out=names.dropped)


def make(
    files: Sequence[Path],
    to: Path,
    header_of: Callable[[Sequence[Header]], Header],
    change: Callable[[Sequence[Iterable[Recorded]]], Iterator[Recorded]],
) -> Made:
    """Write a recording made of others; damaged lines of these are left out."""
    if any(to.exists() and to.samefile(file) for file in files):
        raise UsageError(f"{to} is read, so it cannot be written: name another file")
    damages = Damages()
    with writing(to), ExitStack() as stack:
        readers = [stack.enter_context(RecordingReader(file, damages.note)) for file in files]
        header = msgspec.structs.replace(header_of([reader.header for reader in readers]), digest="")
        writer = stack.enter_context(RecordingWriter(to, header))
        for record in change([salvaged(reader, damages) for reader in readers]):
            writer.append(record)
    return Made(to, writer.records, damages)


def tell(made: Made, *, as_json: bool, **more: Any) -> None:  # noqa: ANN401  whatever JSON takes
    """Say what was written; leave with 1 where lines were damaged or nothing was written."""
    for line in made.damages.told:
        talk(f"left out: {line}")
    talk(f"{made.records:,} records written to {made.to}, {made.damages.count:,} damaged ones left out")
    if as_json:
        print_json({"to": str(made.to), "records": made.records, "damages": asdict(made.damages)} | more)
    if made.damages.count or not made.records:
        click.get_current_context().exit(1)
