"""Reads labels (JSON) and scores (CSV) of series.

Labels are one object: ``series`` is name to ``rows``, ``windows`` (first and last row, inclusive), and optionally
``probation``, ``step_s`` and ``changepoints``; ``nab`` says whether the benchmark's score is meant for them. Scores
have the columns ``series``, ``row``, ``score``, and optionally ``alert_score`` and ``timestamp`` (ISO 8601, or epoch
seconds).
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from tocsin.core.errors import UsageError
from tocsin.core.formats.compression import READ_ERRORS, open_read
from tocsin.runtime.csv_values import instant_ms
from tocsin.runtime.row_scores.model import Labels, Scored

ROWS_MAX: Final = 50_000_000


class _Series(msgspec.Struct):
    rows: int
    windows: list[tuple[int, int]]
    probation: int = 0
    step_s: float = 1.0
    changepoints: list[int] = []


class _Family(msgspec.Struct):
    series: dict[str, _Series]
    family: str = ""
    nab: bool = True


@dataclass(frozen=True, slots=True)
class Family:
    """Labelled series that are scored together.

    Attributes:
        name: Of the family; may be empty.
        is_nab: Whether the score of the Numenta Anomaly Benchmark is meant for it.
        labels: Of each series, by name.
    """

    name: str
    is_nab: bool
    labels: tuple[Labels, ...]


@dataclass(slots=True)
class _Rows:
    """What a scores file has said of one series so far."""

    score: list[float] = field(default_factory=list)
    alert: list[float] = field(default_factory=list)
    time_s: list[float] = field(default_factory=list)


def read_labels(path: Path) -> Family:
    """Return the labels in the file.

    Raises:
        UsageError: It cannot be read, or says what cannot be.
    """
    try:
        with open_read(path) as file:
            said = msgspec.json.decode(file.read(), type=_Family)
    except (*READ_ERRORS, msgspec.MsgspecError) as error:
        raise UsageError(f"{path} cannot be read as labels: {error}") from error
    return Family(said.family, said.nab, tuple(_labels(path, name, said.series[name]) for name in sorted(said.series)))


def _labels(path: Path, name: str, said: _Series) -> Labels:
    windows = tuple(sorted(said.windows))
    outside = [window for window in windows if not 0 <= window[0] <= window[1] < said.rows]
    if not 0 <= said.rows <= ROWS_MAX or outside or not 0 <= said.probation <= said.rows or said.step_s <= 0:
        raise UsageError(
            f"{path}: {name}: windows must be first and last row within its {said.rows} rows, probation within them "
            f"and step_s above 0, got {outside[:1] or [said.probation, said.step_s]}"
        )
    return Labels(name, said.rows, windows, said.probation, said.step_s, tuple(said.changepoints))


def read_scores(path: Path, family: Family) -> list[Scored]:
    """Return the labelled series with the file's scores; what it says of other series is let be.

    Raises:
        UsageError: It cannot be read, or lacks a row of a series.
    """
    found = {labels.name: _Rows() for labels in family.labels}
    try:
        with io.TextIOWrapper(open_read(path), "utf-8-sig", newline="") as text:
            for line, row in enumerate(_rows(path, text), start=2):
                if (rows := found.get(row["series"])) is not None:
                    _take(rows, row, f"{path}:{line}")
    except READ_ERRORS as error:
        raise UsageError(f"{path} cannot be read as scores: {error}") from error
    return [_scored(path, labels, found[labels.name]) for labels in family.labels]


def _rows(path: Path, text: io.TextIOWrapper) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(text)
    missing = {"series", "row", "score"} - set(reader.fieldnames or ())
    if missing:
        raise UsageError(f"{path} must have the columns series, row and score, it lacks {', '.join(sorted(missing))}")
    yield from reader


def _take(rows: _Rows, row: dict[str, str], where: str) -> None:
    try:
        if int(row["row"]) != len(rows.score):
            raise UsageError(f"{where}: rows of a series must follow each other from 0, got {row['row'][:20]!r}")
        score = float(row["score"])
        rows.score.append(score)
        rows.alert.append(float(row.get("alert_score") or score))
        if row.get("timestamp"):
            rows.time_s.append(instant_ms(row["timestamp"], UTC) / 1_000)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where}: {error}") from error


def _scored(path: Path, labels: Labels, rows: _Rows) -> Scored:
    if len(rows.score) != labels.rows:
        raise UsageError(f"{path}: {labels.name} must have {labels.rows} scores, got {len(rows.score)}")
    if len(rows.time_s) == labels.rows:
        labels = replace(labels, time_s=tuple(rows.time_s))
    return Scored(labels, np.array(rows.score), np.array(rows.alert))
