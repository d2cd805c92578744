"""``tocsin replay``: a recording through a fresh pipeline in virtual time, and what comes of it."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from simulator.truth import read_truth
from tocsin.cli.files import plan_or_default, writing
from tocsin.cli.options import DURATION, EXISTING, SPEED, TARGET, json_option, plan_option
from tocsin.cli.output import print_json, talk, transition_json
from tocsin.cli.progress import shown_progress
from tocsin.cli.score_view import fault_json, score_json, score_lines
from tocsin.cli.shadow import report_json, report_lines
from tocsin.cli.words import date_and_time, span
from tocsin.core.actions import ACTION_KEY_START
from tocsin.core.clock import MINUTE_MS, elapsed_s, pause, wall_now_ms
from tocsin.core.errors import UsageError
from tocsin.core.formats.json_record import split_record
from tocsin.core.formats.recording import Recorded
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.core.keys import TICK_KEY
from tocsin.core.messages import Notification
from tocsin.core.plan.bounds import Bounds
from tocsin.core.plan.model import Plan, plan_hash
from tocsin.runtime.golden import Difference, difference, golden_text
from tocsin.runtime.recorded_time import pacer
from tocsin.runtime.replay import Replayed, ReplayRun, ReplaySettings
from tocsin.runtime.score import Score, score
from tocsin.runtime.shadow import ShadowReport, shadow_reports, shadow_rules


@dataclass(slots=True)
class _Rows:
    """What was read from the recording, counted apart from the pipeline.

    Attributes:
        records: Without ticks.
        messages: In these; a record that is broken as a whole counts as one.
    """

    records: int = 0
    messages: int = 0


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a replay came to."""

    replayed: Replayed
    rows: _Rows
    score: Score | None
    difference: Difference | None
    shadows: list[ShadowReport]
    elapsed_s: float

    @property
    def lost(self) -> int:
        """Messages that no stage accounts for; anything but 0 is a defect."""
        counts = self.replayed.counts
        known = counts.messages + counts.duplicates + counts.rejected if counts else 0
        return self.rows.messages - known


@click.command()
@click.argument("recording", type=EXISTING)
@plan_option
@click.option("--speed", type=SPEED, help="Recorded seconds per second; without it as fast as possible.")
@click.option("--settle", "settle_ms", type=DURATION, default=4 * MINUTE_MS, help="Time after the last record. [4m]")
@click.option("--write", "write_path", type=TARGET, help="Write the alerts as golden text, to be kept and compared.")
@click.option("--expect", "expect_path", type=EXISTING, help="Compare the alerts with a golden text.")
@click.option("--truth", "truth_path", type=EXISTING, help="Score the alerts against the truth that `simulate` wrote.")
@json_option
def replay(  # noqa: PLR0917  click passes each option
    recording: Path,
    plan_path: Path | None,
    speed: float | None,
    settle_ms: int,
    write_path: Path | None,
    expect_path: Path | None,
    truth_path: Path | None,
    as_json: bool,
) -> None:
    """Replay RECORDING in memory; the same recording and plan give the same alerts, at any speed.

    Prints the alerts as golden text, or what differs from the expected ones; then the exit code is 1. It is 1
    as well where messages are lost, which would be a defect.
    """
    plan = plan_or_default(plan_path)
    expected = _text(expect_path) if expect_path else None
    truth = read_truth(truth_path) if truth_path else None
    begun_s = elapsed_s()
    rows = _Rows()
    replayed = _replay(recording, plan, ReplaySettings(settle_ms=settle_ms), speed, rows)
    golden = golden_text(replayed.transitions, replayed.notifications)
    outcome = _Outcome(
        replayed,
        rows,
        None if truth is None else score(replayed.transitions, truth),
        None if expected is None else difference(expected, golden, file=str(expect_path)),
        shadow_reports(replayed.all_transitions, shadow_rules(plan)),
        elapsed_s() - begun_s,
    )
    if write_path:
        with writing(write_path):
            write_path.write_text(golden, "utf-8")
    _print(outcome, golden, is_shown=not (write_path or expect_path), as_json=as_json)
    if outcome.difference or outcome.lost:
        click.get_current_context().exit(1)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as golden alerts: {error}") from error


def _replay(path: Path, plan: Plan, settings: ReplaySettings, speed: float | None, rows: _Rows) -> Replayed:
    wait_for = pacer(speed, wall_now_ms, pause) if speed else None
    begun_s = elapsed_s()
    notifications: list[Notification] = []
    with RecordingReader(path) as reader, ReplayRun(reader.header, plan, settings) as run:
        if reader.header.plan and reader.header.plan != plan_hash(plan):
            talk(f"recorded under plan {reader.header.plan}, replayed under {plan_hash(plan)}")
        with shown_progress(f"replay {path.name}") as show:
            for instant_ms in run.steps(_counted(reader, rows, plan.bounds)):
                notifications += run.new_notifications()
                rate = rows.records / max(elapsed_s() - begun_s, 1e-9)
                show(None, f"{date_and_time(instant_ms)} UTC, {rows.records:,} records, {rate:,.0f} a second")
                if wait_for:
                    wait_for(instant_ms)
        return run.result(notifications)


def _counted(records: Iterable[Recorded], rows: _Rows, bounds: Bounds) -> Iterator[Recorded]:
    for record in records:
        if record.partition_key != TICK_KEY and not record.partition_key.startswith(ACTION_KEY_START):
            parts, broken = split_record(record.data, bounds)
            rows.records += 1
            rows.messages += 1 if broken else len(parts)
        yield record


def _print(outcome: _Outcome, golden: str, *, is_shown: bool, as_json: bool) -> None:
    if as_json:
        print_json(_json(outcome))
        return
    if is_shown:
        click.echo(golden, nl=False)
    for line in report_lines(outcome.shadows):
        click.echo(line)
    if outcome.difference:
        click.echo(str(outcome.difference))
    for line in score_lines(outcome.score) if outcome.score else ():
        click.echo(line)
    for line in _account(outcome):
        talk(line)


def _account(outcome: _Outcome) -> Iterator[str]:
    rows, counts = outcome.rows, outcome.replayed.counts
    if counts is None:
        yield "the recording has no records"
        return
    rate = rows.records / max(outcome.elapsed_s, 1e-9)
    length = span((outcome.replayed.until_ms or 0) - (outcome.replayed.first_ms or 0))
    yield f"{rows.records:,} records of {length} replayed in {outcome.elapsed_s:.1f} s, {rate:,.0f} a second"
    yield (
        f"{rows.messages:,} messages = {counts.messages:,} accepted + {counts.duplicates:,} duplicates + "
        f"{counts.rejected:,} rejected + {outcome.lost:,} lost"
    )
    yield (
        f"{counts.readings:,} readings in windows, {counts.late:,} late; {counts.panes:,} panes; "
        f"{counts.transitions.get('firing', 0):,} alerts in {counts.notifications:,} notifications"
    )
    if outcome.difference is not None and not outcome.difference:
        yield "the alerts are as expected"


def _json(outcome: _Outcome) -> dict[str, Any]:
    replayed, found = outcome.replayed, outcome.score
    said: dict[str, Any] = {
        "records": outcome.rows.records,
        "messages": outcome.rows.messages,
        "lost": outcome.lost,
        "counts": asdict(replayed.counts) if replayed.counts else None,
        "transitions": [transition_json(one) for one in replayed.transitions],
        "notifications": [asdict(one) for one in replayed.notifications],
        "elapsed_s": round(outcome.elapsed_s, 3),
    }
    if found:
        said["score"] = {**score_json(found), "faults": [fault_json(fault) for fault in found.faults]}
    if outcome.shadows:
        said["shadows"] = [report_json(report) for report in outcome.shadows]
    if outcome.difference is not None:
        said["difference"] = asdict(outcome.difference)
    return said
