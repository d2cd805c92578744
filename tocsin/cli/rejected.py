"""``tocsin rejected``: what was refused, why, and whose it was; and what came too late."""

from collections import Counter
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import click

from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.options import json_option, read_file_option
from tocsin.cli.output import print_json, table_lines, talk
from tocsin.core.clock import iso, wall_now_ms
from tocsin.core.formats.rejections import LateReading
from tocsin.core.messages import Position
from tocsin.core.reasons import Reason
from tocsin.runtime.rejected import Refused, late_readings, rejections, summaries

HEADINGS: Final = ("rejected", "why", "by", "of devices", "most of", "for example")
EACH_HEADINGS: Final = ("stage", "why", "key", "position", "detail")
LATE_HEADINGS: Final = ("late", "device", "metric", "newest")
BYTES_SHOWN_MAX: Final = 200


@click.command()
@read_file_option
@click.option("--reason", type=click.Choice([reason.value for reason in Reason]), help="Only for this reason.")
@click.option("--device", default="*", show_default=True, help="Only of devices whose id matches.")
@click.option("--each", is_flag=True, help="List every rejection, not how many there are of each kind.")
@click.option("--data", "with_data", is_flag=True, help="With the bytes as they came; implies --each.")
@click.option("--late", "is_late", is_flag=True, help="Readings that came too late for their windows, instead.")
@json_option
def rejected(  # noqa: PLR0917  click passes each option
    path: Path, reason: str | None, device: str, each: bool, with_data: bool, is_late: bool, as_json: bool
) -> None:
    """Show what was refused: nothing that comes is thrown away, so the bytes are still there.

    The exit code is 1 where there is anything.
    """
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        blobs = embedded.backend.blobs
        if is_late:
            count = _late([one for one in late_readings(blobs) if _is_of(one.partition_key, device)], as_json=as_json)
        else:
            chosen = [one for one in rejections(blobs) if _is_wanted(one, reason, device)]
            count = len(chosen)
            _print(chosen, is_each=each or with_data, with_data=with_data, as_json=as_json)
    if count:
        click.get_current_context().exit(1)
    talk("nothing came too late" if is_late else "nothing was rejected")


def _is_wanted(one: Refused, reason: str | None, device: str) -> bool:
    return reason in {None, one.rejection.reason.value} and _is_of(one.rejection.partition_key, device)


def _is_of(partition_key: str, device: str) -> bool:
    return fnmatchcase(partition_key.partition("#")[2], device)


def _print(chosen: list[Refused], *, is_each: bool, with_data: bool, as_json: bool) -> None:
    if as_json:
        for one in chosen:
            print_json(_json(one, with_data=with_data))
    elif is_each:
        headings = (*EACH_HEADINGS, "bytes") if with_data else EACH_HEADINGS
        for line in table_lines(headings, [_cells(one, with_data=with_data) for one in chosen]) if chosen else ():
            click.echo(line)
    elif chosen:
        for line in table_lines(HEADINGS, list(_rows(chosen))):
            click.echo(line)


def _rows(chosen: Iterable[Refused]) -> Iterator[tuple[str, ...]]:
    for (stage, reason), found in summaries(chosen).items():
        key, count = found.keys.most_common(1)[0]
        yield f"{found.count:,}", reason, stage, f"{len(found.keys):,}", f"{key or '?'} ({count:,})", found.example


def _cells(one: Refused, *, with_data: bool) -> tuple[str, ...]:
    rejection = one.rejection
    cells = (one.stage, rejection.reason.value, rejection.partition_key, _place(rejection.position), rejection.detail)
    return (*cells, ascii(rejection.data[:BYTES_SHOWN_MAX])[1:]) if with_data else cells


def _place(position: Position | None) -> str:
    return f"{position.source}:{position.sequence}.{position.index}" if position else ""


def _json(one: Refused, *, with_data: bool) -> dict[str, Any]:
    rejection = one.rejection
    said = {
        "stage": one.stage,
        "reason": rejection.reason.value,
        "detail": rejection.detail,
        "partition_key": rejection.partition_key,
        "position": _place(rejection.position),
    }
    return {**said, "data": rejection.data.decode("utf-8", "backslashreplace")} if with_data else said


def _late(late: list[LateReading], *, as_json: bool) -> int:
    """Print how many readings of each series came too late; return how many in all."""
    counts: Counter[tuple[str, str]] = Counter()
    newest: dict[tuple[str, str], int] = {}
    for one in late:
        series = (one.partition_key, one.metric)
        counts[series] += 1
        newest[series] = max(one.event_time_ms, newest.get(series, 0))
    rows = [(f"{count:,}", key, metric, iso(newest[key, metric])) for (key, metric), count in counts.most_common()]
    if as_json:
        for count, key, metric, at in rows:
            print_json({"late": int(count.replace(",", "")), "partition_key": key, "metric": metric, "newest": at})
    elif rows:
        for line in table_lines(LATE_HEADINGS, rows):
            click.echo(line)
    return len(late)
