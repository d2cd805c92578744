"""``tocsin recording``: recordings checked, described, cut, merged, moved, made anonymous, and converted."""

from pathlib import Path
from typing import Any

import click
import msgspec

from tocsin.cli.options import EXISTING, json_option
from tocsin.cli.output import print_json, talk
from tocsin.cli.recording_convert import convert
from tocsin.cli.recording_edit import anonymise, cut, merge, shift
from tocsin.cli.words import span
from tocsin.core.clock import elapsed_s, iso
from tocsin.runtime.recording_check import Contents, contents_of


@click.group()
def recording() -> None:
    """Check recordings, say what is in them, and make others of them."""


for command in (cut, merge, shift, anonymise, convert):
    recording.add_command(command)


@recording.command()
@click.argument("files", type=EXISTING, nargs=-1, required=True, metavar="FILE...")
@json_option
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Say what is wrong with recordings: damaged lines by number, and content that its digest does not fit.

    The exit code is 1 where anything is wrong.
    """
    begun_s = elapsed_s()
    found = {path: contents_of(path) for path in files}
    problems = {path: list(contents.problems) for path, contents in found.items()}
    if as_json:
        print_json([_json(path, contents) for path, contents in found.items()])
    else:
        for path, contents in found.items():
            for line in problems[path]:
                click.echo(line)
            click.echo(f"{path}: {_verdict(contents, problems[path])}")
    talk(f"{sum(contents.keys.total() for contents in found.values()):,} records in {elapsed_s() - begun_s:.1f} s")
    if any(problems.values()):
        click.get_current_context().exit(1)


def _verdict(contents: Contents, problems: list[str]) -> str:
    if problems:
        return f"{contents.damages.count:,} damaged lines, {contents.keys.total():,} records can be used"
    whole = "digest fits" if contents.header.digest else "no digest to compare"
    return f"fine, {contents.keys.total():,} records, {whole}"


@recording.command()
@click.argument("file", type=EXISTING)
@json_option
def info(file: Path, as_json: bool) -> None:
    """Say what a recording holds: where it comes from, how long it is, and whose records are in it."""
    contents = contents_of(file)
    if as_json:
        print_json(_json(file, contents) | {"keys": dict(sorted(contents.keys.items()))})
        return
    for line in _described(file, contents):
        click.echo(line)


def _described(file: Path, contents: Contents) -> list[str]:
    header = contents.header
    tenants = sorted({key.partition("#")[0] for key in contents.devices})
    lines = [
        f"{file}: {header.source or 'source unknown'}",
        f"clock {header.clock}, {header.shards} shards, plan {header.plan or 'not stated'}, "
        f"digest {header.digest[:16] or 'none'}",
        f"{contents.records:,} records and {contents.ticks:,} ticks, {contents.payload_bytes:,} bytes of payload",
        f"{len(contents.devices):,} devices of {', '.join(tenants[:8]) or 'nobody'}",
    ]
    if contents.first_ms is not None and contents.last_ms is not None:
        length = span(contents.last_ms - contents.first_ms)
        lines.append(f"from {iso(contents.first_ms)} to {iso(contents.last_ms)}, {length}")
    if contents.earlier:
        lines.append(f"{contents.earlier:,} records arrived before one that stands above them")
    lines += [f"label {label!r}: {count:,} records" for label, count in sorted(contents.labels.items())]
    return lines + [f"damaged: {line}" for line in contents.problems]


def _json(file: Path, contents: Contents) -> dict[str, Any]:
    return {
        "file": str(file),
        "ok": not any(contents.problems),
        "problems": list(contents.problems),
        "header": msgspec.to_builtins(contents.header),
        "digest": contents.digest,
        "records": contents.records,
        "ticks": contents.ticks,
        "devices": len(contents.devices),
        "damaged": contents.damages.count,
        "first": None if contents.first_ms is None else iso(contents.first_ms),
        "last": None if contents.last_ms is None else iso(contents.last_ms),
        "earlier": contents.earlier,
    }
