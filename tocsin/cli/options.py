"""Options that several commands take, and the values that they accept."""

import math
import os
from pathlib import Path
from typing import Any, Final

import click

from tocsin.core.clock import wall_now_ms
from tocsin.core.durations import parse_duration_ms
from tocsin.core.formats.iso_time import iso_ms

DEFAULT_FILE: Final = "tocsin.db"
EXISTING: Final = click.Path(path_type=Path, exists=True, dir_okay=False, readable=True)


class _Duration(click.ParamType[int]):
    """A duration with its unit; becomes milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401
        if isinstance(value, int):
            return value
        try:
            return parse_duration_ms(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Instant(click.ParamType[int]):
    """An instant: ISO 8601, ``now``, or a duration that it lies back; becomes UTC epoch milliseconds."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401
        if isinstance(value, int):
            return value
        if value == "now":
            return wall_now_ms()
        instant_ms = iso_ms(value)
        if instant_ms >= 0:
            return instant_ms
        try:
            return wall_now_ms() - parse_duration_ms(value)
        except ValueError:
            self.fail(
                f"must be like 2026-11-23T10:00:00Z, now, or a duration ago such as 2h, got {value[:40]!r}", param, ctx
            )


class _Speed(click.ParamType[float]):
    """Simulated seconds per second: finite, above 0."""

    name = "factor"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        try:
            speed = float(value)
        except ValueError:
            speed = math.nan
        if not (math.isfinite(speed) and speed > 0):
            self.fail(f"must be a number above 0, got {str(value)[:40]!r}", param, ctx)
        return speed


class _Target(click.ParamType[Path]):
    """A file that will be written; what is wrong with it shows before any work is done."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:  # noqa: ANN401
        path = Path(value)
        folder = path.absolute().parent
        if path.is_dir():
            self.fail(f"{path} must be a file, it is a directory", param, ctx)
        if not folder.is_dir():
            self.fail(f"{path} cannot be written: there is no folder {folder}", param, ctx)
        if not os.access(path if path.exists() else folder, os.W_OK):
            self.fail(f"{path} cannot be written: permission denied", param, ctx)
        return path


DURATION: Final = _Duration()
INSTANT: Final = _Instant()
SPEED: Final = _Speed()
TARGET: Final = _Target()

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
read_file_option = click.option(
    "--file",
    "path",
    type=EXISTING,
    default=DEFAULT_FILE,
    show_default=True,
    help="The file that `tocsin run` keeps everything in.",
)
plan_option = click.option("--plan", "plan_path", type=EXISTING, help="Plan to use; without it the default plan.")
seed_option = click.option("--seed", type=int, default=1, show_default=True, help="Which run of the scenario.")
kept_file_option = click.option(
    "--file", "path", type=TARGET, default=DEFAULT_FILE, show_default=True, help="Everything is kept here."
)
lines_option = click.option(
    "--from",
    "lines_from",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="Lines of JSON messages: a file, a pipe, or - for standard input; its end does not end the run.",
)
shards_option = click.option(
    "--shards", type=click.IntRange(1, 256), default=1, show_default=True, help="Of a new file's logs."
)
