"""``tocsin score SCORES.csv --labels LABELS.json``: any detector's scores, by the measures that are published."""

from math import isnan
from pathlib import Path
from typing import Final

import click

from tocsin.cli.output import print_json, talk
from tocsin.core.errors import UsageError
from tocsin.runtime.row_scores.read import read_labels, read_scores
from tocsin.runtime.row_scores.report import row_report

NAME_WIDTH: Final = 34


def score_rows(scores: Path, labels: Path, threshold: float | None, *, as_json: bool) -> None:
    """Print a line a measure, or all of them as one object.

    Raises:
        UsageError: A file cannot be read as what it should be, or there is nothing to measure.
    """
    family = read_labels(labels)
    if not family.labels:
        raise UsageError(f"{labels} must name at least one series")
    found = row_report(read_scores(scores, family), threshold=threshold, is_nab=family.is_nab)
    if as_json:
        print_json(
            {"family": family.name, **{name: None if isnan(figure) else figure for name, figure in found.items()}}
        )
        return
    for name, figure in found.items():
        click.echo(
            f"{name:{NAME_WIDTH}} {figure:.4f}" if isinstance(figure, float) else f"{name:{NAME_WIDTH}} {figure}"
        )
    if threshold is None:
        talk("the threshold was picked on these labels, which flatters; judge at one that is fixed with --threshold")
