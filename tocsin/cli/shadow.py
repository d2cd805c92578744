"""Shadow rules on the command line: what they would have told, as lines and as JSON."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from tocsin.adapters.embedded.open import open_embedded
from tocsin.cli.diff_rows import HEADINGS, counted, pair_json, row
from tocsin.cli.options import json_option, read_file_option
from tocsin.cli.output import print_json, table_lines, talk
from tocsin.core.clock import wall_now_ms
from tocsin.runtime.play import FeedReader
from tocsin.runtime.shadow import ShadowReport, shadow_reports, shadows_of

SHADOW_HEADINGS: Final = ("change", "live (UTC)", "shadow (UTC)", *HEADINGS[3:])


@click.command()
@read_file_option
@json_option
def shadow(path: Path, as_json: bool) -> None:
    """Say what shadow rules would have told, beside the live rules that they may replace.

    A rule with `shadow_of: NAME` in the plan is judged like any other, and told to nobody. The exit code is 1
    where a shadow differs from its live rule.
    """
    with open_embedded(path, now_ms=wall_now_ms, read_only=True) as embedded:
        moves = FeedReader(embedded.backend.alerts.feed).with_shadows()
    reports = shadow_reports(moves, shadows_of(moves))
    if as_json:
        print_json([report_json(report) for report in reports])
    else:
        for line in report_lines(reports):
            click.echo(line)
        if not reports:
            talk("no shadow rule has fired")
    if any(report.differing for report in reports):
        click.get_current_context().exit(1)


def report_lines(reports: Iterable[ShadowReport]) -> Iterator[str]:
    """Yield what differs, a table a shadow rule."""
    for report in reports:
        yield f"shadow {report.rule} beside {report.beside}: {counted(report.pairs) or 'neither fired'}"
        if report.differing:
            yield from table_lines(SHADOW_HEADINGS, [row(pair) for pair in report.differing])


def report_json(report: ShadowReport) -> dict[str, Any]:
    """Return the report for machines."""
    return {
        "rule": report.rule,
        "beside": report.beside,
        "same": len(report.pairs) - len(report.differing),
        "changes": [pair_json(pair, ("live", "shadow")) for pair in report.differing],
    }
