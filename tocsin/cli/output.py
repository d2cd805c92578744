"""How commands print: data on standard output, talk on standard error."""

from collections.abc import Sequence
from typing import Any

import click
import msgspec

from tocsin.core.clock import iso
from tocsin.core.messages import Transition


def print_json(value: object) -> None:
    """Print the value as one line of JSON."""
    click.echo(msgspec.json.encode(value).decode())


def talk(line: str) -> None:
    """Say something to the person who waits."""
    click.echo(line, err=True)


def transition_json(transition: Transition) -> dict[str, Any]:
    """Return the transition for machines, with its instant as people write it beside the number."""
    return {"at": iso(transition.at_ms), **msgspec.to_builtins(transition)}


def table_lines(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a line for the headings and one a row, in columns; the last may be as long as it likes.

    >>> table_lines(["a", "b"], [["1", "x"], ["22", "y"]])
    ['a   b', '1   x', '22  y']
    """
    lines = [headings, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(headings) - 1)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=True)), line[-1]]).rstrip()
        for line in lines
    ]
