"""Labelled real series through the whole pipeline: are all rows accounted for, which events raise an alert?

The data is not part of the project: a folder ``shared/data`` beside the checkout holds it, or the folder
named by the environment variable TOCSIN_DATA.
"""

import csv
import gzip
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.table import print_table
from tocsin.core.formats.recording_file import RecordingReader
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.source import parse_plan
from tocsin.runtime.csv_columns import CsvTable
from tocsin.runtime.csv_source import CsvReport, record_csv
from tocsin.runtime.replay import Replayed, replay

_BESIDE: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
DATA: Final = Path(os.environ.get("TOCSIN_DATA", _BESIDE))
PLANS: Final = {
    "nab": "{}",
    # Rows every second, for twenty minutes: windows of a minute would be over before anything is learned.
    "skab": "{metrics: [{match: '*', windows: [1s]}], timing: {out_of_orderness: 1s, idle: 1m}}",
}
"""Family to its plan, as it is written in YAML; what is not said is the default plan's."""


@dataclass(frozen=True, slots=True)
class Series:
    """One labelled series.

    Attributes:
        family: Where it is from.
        name: Its name.
        path: The table.
        events_ms: (first, last) instant of each labelled event, inclusive.
    """

    family: str
    name: str
    path: Path
    events_ms: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the pipeline made of a series.

    Attributes:
        report: What became of the table's rows.
        replayed: What became of the readings.
        found: For each event whether an alert fired within it.
        outside: Alerts that fired outside of every event.
    """

    report: CsvReport
    replayed: Replayed
    found: tuple[bool, ...]
    outside: int

    @property
    def unaccounted(self) -> int:
        """Readings recorded that no stage accounts for; anything but 0 is a defect."""
        counts = self.replayed.counts
        folded = counts.readings + counts.late if counts else 0
        refused = counts.duplicates + counts.rejected if counts else 0
        return self.report.readings - folded if not refused else self.report.recorded - refused


def all_series(data: Path = DATA) -> list[Series]:
    """Return every series of the folder."""
    found = []
    for family in PLANS:
        meta = json.loads((data / family / "meta.json").read_text())
        for name, about in sorted(meta["series"].items()):
            path = data / family / f"{name}.csv.gz"
            found.append(Series(family, name, path, _events_ms(path, about["windows"])))
    return found


def _events_ms(path: Path, windows: list[list[int]]) -> tuple[tuple[int, int], ...]:
    with gzip.open(path, "rt", newline="") as text:
        rows = [row[0] for row in csv.reader(text)][1:]
    instants = [int(datetime.fromisoformat(row).replace(tzinfo=UTC).timestamp() * 1_000) for row in rows]
    return tuple((instants[first], instants[last]) for first, last in windows)


def play(series: Series, folder: Path) -> Outcome:
    """Record the series' table and replay it under the plan of its family."""
    recording = folder / f"{series.name}.jsonl.gz"
    report = record_csv(CsvTable(series.path, tenant="real", device=series.name[:64]), recording)
    with RecordingReader(recording) as reader:
        replayed = replay(reader.header, reader, parse_plan(PLANS[series.family], f"{series.family}.yaml"))
    fired = [transition for transition in replayed.transitions if transition.phase is Phase.FIRING]
    found = tuple(any(_within(alert, event) for alert in fired) for event in series.events_ms)
    outside = sum(not any(_within(alert, event) for event in series.events_ms) for alert in fired)
    return Outcome(report, replayed, found, outside)


def _within(alert: Transition, event_ms: tuple[int, int]) -> bool:
    return event_ms[0] <= alert.at_ms <= event_ms[1]


def main() -> None:
    """Print a row a series."""
    if not DATA.is_dir():
        print(f"no labelled series in {DATA.name}: set TOCSIN_DATA to their folder")
        return
    rows = []
    totals = [0, 0, 0, 0]
    with tempfile.TemporaryDirectory() as folder:
        for series in all_series():
            outcome = play(series, Path(folder))
            figures = [outcome.report.readings, outcome.unaccounted, sum(outcome.found), outcome.outside]
            totals = [total + figure for total, figure in zip(totals, figures, strict=True)]
            events = f"{sum(outcome.found)} of {len(series.events_ms)}"
            rows.append((f"{series.family} {series.name}", f"{figures[0]:,}", str(figures[1]), events, str(figures[3])))
    rows.append(("all", f"{totals[0]:,}", str(totals[1]), str(totals[2]), str(totals[3])))
    head = ("series", "readings", "unaccounted", "events with an alert", "alerts outside")
    print_table("Labelled series through the whole pipeline", head, rows)


if __name__ == "__main__":
    main()
