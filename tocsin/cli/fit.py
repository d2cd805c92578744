"""``tocsin fit``: what a recording of healthy devices says that a plan should say."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from tocsin.cli.files import writing
from tocsin.cli.fit_svg import fit_svg
from tocsin.cli.options import DURATION, EXISTING, TARGET, json_option
from tocsin.cli.output import print_json, table_lines, talk
from tocsin.cli.progress import shown_progress
from tocsin.cli.words import span
from tocsin.core.clock import DAY_MS
from tocsin.core.durations import format_duration
from tocsin.core.errors import UsageError
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.runtime.fit.cohorts import cohorts_of
from tocsin.runtime.fit.fragment import fragment
from tocsin.runtime.fit.gather import Series, SeriesKey, gather

HEADINGS: Final = ("cohort", "metric", "readings", "1 %", "median", "99 %", "limits", "by hour", "stands still")
PROGRESS_EVERY: Final = 20_000


@click.command()
@click.argument("recording", type=EXISTING)
@click.option(
    "--once-in", "period_ms", type=DURATION, default=365 * DAY_MS, help="A limit is exceeded so rarely. [365d]"
)
@click.option("--to", "plan_path", type=TARGET, help="Write the proposed plan here, not to standard output.")
@click.option("--svg", "svg_path", type=TARGET, help="Draw the distributions with the proposed limits.")
@json_option
def fit(recording: Path, period_ms: int, plan_path: Path | None, svg_path: Path | None, as_json: bool) -> None:
    """Propose a plan from RECORDING, in which nothing should be wrong: cohorts, ranges, limits, cadences, standstills.

    The proposal says no more than what was seen. Read it, cut it down, and try it with `tocsin replay` and `diff`.
    """
    try:
        from tocsin.runtime.fit.propose import fit_cohort  # noqa: PLC0415  scipy takes long to import, and not all have it
    except ModuleNotFoundError as error:
        raise UsageError(f"fit needs scipy: pip install 'tocsin[fit]': {error}") from error
    series, broken = _gathered(recording)
    if not series:
        raise UsageError(f"{recording} has no readings to fit")
    fits = [fit_cohort(cohort, series, period_ms=period_ms) for cohort in cohorts_of(series)]
    text = fragment(fits, source=recording.name, period=format_duration(period_ms))
    if svg_path:
        with writing(svg_path):
            svg_path.write_text(fit_svg(fits), "utf-8")
    if plan_path:
        with writing(plan_path):
            plan_path.write_text(text, "utf-8")
    if as_json:
        print_json({"plan": text, "unreadable": broken, "cohorts": [_json(one) for one in fits]})
        return
    if not plan_path:
        click.echo(text, nl=False)
    for line in table_lines(HEADINGS, [row for one in fits for row in _rows(one)]):
        talk(line)
    readings = sum(one.seen for one in series.values())
    talk(f"{readings:,} readings of {len(series):,} series, {broken:,} messages unreadable")


def _gathered(path: Path) -> tuple[dict[SeriesKey, Series], int]:
    with RecordingReader(path) as reader, shown_progress(f"read {path.name}") as show:

        def counted() -> Any:  # noqa: ANN401  a generator of records
            for number, record in enumerate(reader):
                if number % PROGRESS_EVERY == 0:
                    show(None, f"{number:,} records")
                yield record

        return gather(counted())


def _rows(one: Any) -> list[tuple[str, ...]]:  # noqa: ANN401  its module is imported only where it is needed
    rows = []
    for metric in one.metrics:
        low, high = metric.limits
        limits = " to ".join("?" if value is None else f"{value:g}" for value in (low, high))
        still = "never moved" if metric.still_ms is None else f"up to {span(metric.still_ms)}"
        season = f"{metric.season:.0%}" if metric.profile else ""
        cells = (f"{metric.readings:,}", *(f"{value:.4g}" for value in metric.quantiles), limits, season, still)
        rows.append((one.cohort.match, metric.metric, *cells))
    return rows


def _json(one: Any) -> dict[str, Any]:  # noqa: ANN401  as above
    said = asdict(one)
    for metric, fitted in zip(said["metrics"], one.metrics, strict=True):
        metric["limits"], metric["range"] = fitted.limits, fitted.range
    return said
