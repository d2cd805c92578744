"""``tocsin doctor``: whether this machine can run the pipeline, and what to do where it cannot."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click

from tocsin.adapters.embedded.integrity import damage_of, holder_of
from tocsin.cli.checks import (
    Check,
    State,
    check_clock,
    check_disk,
    check_durability,
    check_packages,
    check_python,
    check_shipped,
    check_terminal,
)
from tocsin.cli.options import EXISTING, json_option
from tocsin.cli.output import print_json
from tocsin.cli.selftest import check_pipeline
from tocsin.core.errors import TocsinError

CHECKS: Final[dict[str, Callable[[], Check]]] = {
    "python": check_python,
    "packages": check_packages,
    "terminal": check_terminal,
    "disk": check_disk,
    "durability": check_durability,
    "clock": check_clock,
    "shipped files": check_shipped,
    "self test": check_pipeline,
}
COLOURS: Final = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


@click.command()
@click.option("--file", "path", type=EXISTING, help="Look at this file of `tocsin run` as well.")
@json_option
def doctor(path: Path | None, as_json: bool) -> None:
    """Check this machine, and play some minutes of a small fleet; the exit code is 1 where something fails."""
    found: list[tuple[str, Check]] = []
    for name, check in _checks(path):
        found.append((name, check))
        if not as_json:
            state = click.style(f"{check.state.value:<4}", COLOURS[check.state])
            click.echo(f"{state}  {name}: {check.says}" + (f"; {check.do}" if check.do else ""))
    is_well = all(check.state is not State.FAIL for _, check in found)
    if as_json:
        lines = [{"name": name, "state": one.state.value, "says": one.says, "do": one.do} for name, one in found]
        print_json({"ok": is_well, "checks": lines})
    if not is_well:
        click.get_current_context().exit(1)


def _checks(path: Path | None) -> Iterator[tuple[str, Check]]:
    for name, check in CHECKS.items():
        yield name, _result(check)
    if path is not None:
        yield f"file {path}", _result(lambda: _check_file(path))


def _result(check: Callable[[], Check]) -> Check:
    """Return what the check says; one that breaks down has failed, and the others are still done."""
    try:
        return check()
    except Exception as error:
        return Check(State.FAIL, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")


def _check_file(path: Path) -> Check:
    try:
        damage = damage_of(path)
    except TocsinError as error:
        return Check(State.FAIL, str(error), "restore it from a copy")
    if damage:
        return Check(State.FAIL, f"damaged: {damage}", "restore it from a copy, or replay a recording into a new file")
    holder = holder_of(path)
    return Check(State.OK, f"whole; process {holder} writes to it" if holder else "whole; nobody writes to it")
