"""What a row costs the detectors, and how large their saved state is: alone and many per call, on the labelled series.

Run: ``python -m benchmarks.detection_speed``. CPU time; the ways take turns, so what else the machine does falls on all
alike, and the least of the turns is shown beside the median.
"""

import sys
from collections.abc import Callable, Iterator
from statistics import median
from time import process_time
from typing import Final

import numpy as np

from anomaly.contract import Observations, single
from anomaly.detectors.adaptive import Adaptive
from anomaly.detectors.multivariate import Multivariate
from benchmarks import detection_adaptor
from benchmarks.labelled import DATA, SCORER, Family, Floats, blocks, load_family, observed
from benchmarks.table import print_table

TURNS: Final = 7
SERIES: Final = (29, 200, 1_000)
"""Series of a call."""

ROWS: Final = {29: 2_000, 200: 700, 1_000: 400}
"""Rows of a turn, by how many series a call has; the first hundred warm up and are not timed."""

ROWS_ALONE: Final = 2_000
WARM: Final = 100
DEVICES: Final = 100
Turn = Callable[[], float]
"""Plays some rows; returns microseconds a row."""


def main() -> None:
    """Print both tables."""
    if not DATA.is_dir() or not SCORER.is_file():
        sys.exit("detection_speed: no labelled series or no scorer: set TOCSIN_DATA and TOCSIN_SCORER")
    nab, skab = load_family("nab"), load_family("skab")
    turns = dict(_univariate(nab)) | dict(_multivariate(skab))
    took_us: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(TURNS):
        for name, turn in turns.items():
            took_us[name].append(turn())
    rows = [(name, f"{median(took):.1f}", f"{min(took):.1f}") for name, took in took_us.items()]
    print_table("CPU time of a row of one series or device", ("way", "us, median", "us, least"), rows)
    print_table("Saved state", ("detector", "bytes"), list(_sizes(nab, skab)))


def _univariate(nab: Family) -> Iterator[tuple[str, Turn]]:
    name = next(name for name in sorted(nab.series) if name.startswith("realTweets"))
    rows = nab.series[name]["data"][:ROWS_ALONE]
    yield "univariate, one series that stays open", lambda: _adapted_us(detection_adaptor.Univariate(), rows)
    windows = [single(values[0], row * 300_000) for row, (_, values) in enumerate(rows)]
    yield "univariate, one series a call", lambda: _scored_us(windows)
    values, times_ms = blocks(nab)
    for series in SERIES:
        wide = -(-series // values.shape[1])
        cells = np.tile(values[:, :, 0], (1, wide))[: ROWS[series], :series]
        moments = np.tile(times_ms, (1, wide))[: ROWS[series], :series]
        several = [observed(row, moment) for row, moment in zip(cells, moments, strict=True)]
        yield f"univariate, {series} series a call", lambda several=several: _scored_us(several)  # type: ignore[misc]


def _multivariate(skab: Family) -> Iterator[tuple[str, Turn]]:
    rows = skab.series[min(skab.series)]["data"]
    yield "8 channels, one device that stays open", lambda: _adapted_us(detection_adaptor.Multivariate(), rows)
    block = blocks(skab)[0][: len(rows)]
    yield "8 channels, one device a call", lambda: _joint_us(block[:, :1])
    many = np.tile(block, (1, -(-DEVICES // block.shape[1]), 1))[:, :DEVICES]
    yield f"8 channels, {DEVICES} devices a call", lambda: _joint_us(many)


def _adapted_us(
    detector: detection_adaptor.Univariate | detection_adaptor.Multivariate, rows: list[tuple[str, tuple[float, ...]]]
) -> float:
    begun = process_time()
    for stamp, values in rows:
        detector.update(stamp, values)
    return 1e6 * (process_time() - begun) / len(rows)


def _scored_us(windows: list[Observations]) -> float:
    detector = Adaptive()
    state = detector.initial(len(windows[0]))
    begun = process_time()
    for row, window in enumerate(windows):
        if row == WARM:
            begun = process_time()
        _, state = detector.score(state, window)
    return 1e6 * (process_time() - begun) / (len(windows) - WARM) / len(windows[0])


def _joint_us(block: Floats) -> float:
    detector = Multivariate()
    state = detector.initial(block.shape[1])
    begun = process_time()
    for row, values in enumerate(block):
        if row == WARM:
            begun = process_time()
        _, state = detector.score(state, values)
    spent = process_time() - begun
    return 1e6 * spent / float((len(block) - WARM) * block.shape[1])


def _sizes(nab: Family, skab: Family) -> Iterator[tuple[str, str]]:
    for name, detector, family in (
        ("univariate", detection_adaptor.Univariate(), nab),
        ("8 channels", detection_adaptor.Multivariate(), skab),
    ):
        for stamp, values in family.series[min(family.series)]["data"]:
            detector.update(stamp, values)
        yield name, f"{len(detector.dump()):,}"


if __name__ == "__main__":
    main()
