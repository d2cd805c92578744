"""``tocsin score``: how good the alerts of a recording are, measured against the truth, kind by kind."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from simulator.truth import read_truth
from tocsin.cli.files import plan_or_default, truth_path
from tocsin.cli.options import DURATION, EXISTING, json_option, plan_option
from tocsin.cli.output import print_json, table_lines, talk
from tocsin.cli.score_rows import score_rows
from tocsin.cli.score_view import fault_json, score_json, score_lines
from tocsin.cli.words import span
from tocsin.core.clock import DAY_MS, MINUTE_MS, iso
from tocsin.core.errors import UsageError
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.core.plan.model import Plan
from tocsin.runtime.replay import Replayed, ReplaySettings, replay
from tocsin.runtime.score import Score
from tocsin.runtime.score import score as scored
from tocsin.runtime.score_kinds import AlertKind, Exposure, FaultKind, Seen, by_alert, by_fault, event_f1

FAULT_HEADINGS = ("fault", "wanted", "found", "recall", "median delay", "longest")
ALERT_HEADINGS = ("rule", "alerts", "false", "precision", "false a device and day", "per 1,000 windows")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the alerts of a replay are worth."""

    score: Score
    replayed: Replayed
    seen: Seen

    @property
    def exposure(self) -> Exposure:
        return self.seen.exposure(self.replayed)

    def by_rule(self) -> list[AlertKind]:
        return by_alert(self.score, self.replayed.transitions, self.exposure, lambda move: move.kind)

    def by_severity(self) -> list[AlertKind]:
        return by_alert(self.score, self.replayed.transitions, self.exposure, lambda move: move.severity.value)


@click.command()
@click.argument("recording", type=EXISTING)
@click.option("--truth", "truth_file", type=EXISTING, help="What went wrong; by default the file beside the recording.")
@plan_option
@click.option("--settle", "settle_ms", type=DURATION, default=4 * MINUTE_MS, help="Time after the last record. [4m]")
@click.option(
    "--labels", type=EXISTING, help="RECORDING is a CSV of scores of rows: measure them against these labels."
)
@click.option("--threshold", type=float, help="With --labels: of the alert scores; without it the best on the labels.")
@json_option
def score(  # noqa: PLR0917  click passes each option
    recording: Path,
    truth_file: Path | None,
    plan_path: Path | None,
    settle_ms: int,
    labels: Path | None,
    threshold: float | None,
    as_json: bool,
) -> None:
    """Replay RECORDING and measure the alerts against the truth: precision, recall, delay, false alarms.

    Faults that nobody would want an alert for count neither for nor against.
    """
    if labels is not None:
        score_rows(recording, labels, threshold, as_json=as_json)
        return
    truth = read_truth(truth_file or _beside(recording))
    plan = plan_or_default(plan_path)
    seen = Seen()
    replayed = _replay(recording, plan, seen, settle_ms)
    outcome = _Outcome(scored(replayed.transitions, truth), replayed, seen)
    if as_json:
        print_json(_json(outcome))
    else:
        _print(outcome)


def _beside(recording: Path) -> Path:
    beside = truth_path(recording)
    if not beside.is_file():
        raise UsageError(f"there is no {beside}; say with --truth where the truth about {recording} is")
    return beside


def _json(outcome: "_Outcome") -> dict[str, Any]:
    found = outcome.score
    return {
        **score_json(found),
        "event_f1": event_f1(found),
        "by_fault": [{**asdict(row), "recall": row.recall} for row in by_fault(found)],
        "by_rule": [{**asdict(row), "precision": row.precision} for row in outcome.by_rule()],
        "by_severity": [{**asdict(row), "precision": row.precision} for row in outcome.by_severity()],
        "faults": [fault_json(fault) for fault in found.faults],
        "false_alerts": [_false_json(row.fingerprint, row.at_ms, row.summary) for row in found.false],
    }


def _print(outcome: "_Outcome") -> None:
    for line in score_lines(outcome.score):
        click.echo(line)
    tables = (
        (FAULT_HEADINGS, map(_fault_cells, by_fault(outcome.score))),
        (ALERT_HEADINGS, map(_alert_cells, outcome.by_rule())),
        (("severity", *ALERT_HEADINGS[1:]), map(_alert_cells, outcome.by_severity())),
    )
    for headings, rows in tables:
        click.echo()
        for line in table_lines(headings, list(rows)):
            click.echo(line)
    exposure = outcome.exposure
    days = exposure.devices * exposure.span_ms / DAY_MS
    talk(
        f"{exposure.devices:,} devices for {span(exposure.span_ms)}: {days:.2f} device-days, "
        f"{exposure.windows:,} windows; event F1 {event_f1(outcome.score):.2f}"
    )


def _replay(path: Path, plan: Plan, seen: Seen, settle_ms: int) -> Replayed:
    with RecordingReader(path) as reader:
        return replay(reader.header, seen.each(reader), plan, ReplaySettings(settle_ms=settle_ms))


def _false_json(fingerprint: str, at_ms: int, summary: str) -> dict[str, Any]:
    return {"fingerprint": fingerprint, "at": iso(at_ms), "summary": summary}


def _fault_cells(row: FaultKind) -> tuple[str, ...]:
    delays = ["" if delay is None else span(delay) for delay in (row.delay_ms_median, row.delay_ms_max)]
    return (row.kind, str(row.faults), str(row.found), f"{row.recall:.0%}", *delays)


def _alert_cells(row: AlertKind) -> tuple[str, ...]:
    rates = (row.false_per_device_day, row.false_per_1000_windows)
    return (row.kind, str(row.alerts), str(row.false), f"{row.precision:.0%}", *(f"{rate:.3g}" for rate in rates))
