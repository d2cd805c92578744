"""Scores of other detectors on the labelled series, kept in files that ``benchmarks.detection`` reads.

Run: ``make peers``, which makes an environment of their own. No part of Tocsin is imported here. What a detector
is told beforehand is generous: those that need a range get the smallest and largest value of the whole file.
"""

import argparse
import csv
import gzip
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.simple_peers import Ewma, HoltWinters, SpectralResidual, WindowedGaussian

Floats = NDArray[np.float64]

_BESIDE: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
DATA: Final = Path(os.environ.get("TOCSIN_DATA", _BESIDE))
OUT: Final = Path("out") / "peers"
FAMILIES: Final = ("nab", "skab")
SHINGLE: Final = 8
"""Rows that make a vector of a single series, for detectors of vectors."""

SEED: Final = 7


class Peer(Protocol):
    """Scores rows one at a time; a row is a vector scaled to the file's range, or the raw values."""

    def score(self, row: Floats) -> float:
        """Return the score of the row, then learn it."""
        ...


class HalfSpaceTrees:
    """river's half-space trees."""

    def __init__(self, width: int) -> None:
        self._trees: Any = import_module("river.anomaly").HalfSpaceTrees(
            n_trees=25, height=8, window_size=250, seed=SEED
        )
        self._names = [str(place) for place in range(width)]

    def score(self, row: Floats) -> float:
        """Return the score."""
        named = dict(zip(self._names, row.tolist(), strict=True))
        found = self._trees.score_one(named)
        self._trees.learn_one(named)
        return float(found)


class RandomCutForest:
    """rrcf: mean collusive displacement in a forest of trees over the newest points."""

    TREES: Final = 8
    POINTS: Final = 256

    def __init__(self) -> None:
        tree = import_module("rrcf").RCTree
        self._trees: list[Any] = [tree(random_state=SEED + place) for place in range(self.TREES)]
        self._row = 0

    def score(self, row: Floats) -> float:
        """Return the mean displacement."""
        total = 0.0
        for tree in self._trees:
            if self._row >= self.POINTS:
                tree.forget_point(self._row - self.POINTS)
            tree.insert_point(row, index=self._row)
            total += tree.codisp(self._row)
        self._row += 1
        return total / self.TREES


class Pysad:
    """A model of pysad with its own settings."""

    def __init__(self, name: str, width: int) -> None:
        ranges = {"feature_mins": np.zeros(width), "feature_maxes": np.ones(width)} if name == "RSHash" else {}
        self._model: Any = getattr(import_module("pysad.models"), name)(random_state=SEED, **ranges)

    def score(self, row: Floats) -> float:
        """Return the score."""
        self._model.fit_partial(row)
        return float(self._model.score_partial(row))


class Stumpi:
    """stumpy's incremental matrix profile over the rows before, of windows of 24 rows."""

    LENGTH: Final = 24
    KEPT: Final = 1_000

    def __init__(self) -> None:
        self._first: list[float] = []
        self._stream: Any = None

    def score(self, row: Floats) -> float:
        """Return the distance to the nearest earlier window."""
        stumpi = import_module("stumpy").stumpi
        if self._stream is None:
            self._first.append(float(row[0]))
            if len(self._first) == self.KEPT // 4:
                self._stream = stumpi(np.array(self._first), m=self.LENGTH, egress=False)
            return 0.0
        self._stream.update(float(row[0]))
        if len(self._stream.T_) > self.KEPT:
            self._stream = stumpi(self._stream.T_[-self.KEPT // 2 :], m=self.LENGTH, egress=False)
        found = float(self._stream.left_P_[-1])
        return found if np.isfinite(found) else 0.0


PEERS: Final[dict[str, tuple[tuple[str, ...], str, Callable[[int, int], Peer]]]] = {
    "windowed Gaussian": (FAMILIES, "raw", lambda _width, _day: WindowedGaussian()),
    "EWMA": (FAMILIES, "raw", lambda _width, _day: Ewma()),
    "Holt-Winters": (("nab",), "raw", lambda _width, day: HoltWinters(day)),
    "spectral residual": (("nab",), "raw", lambda _width, _day: SpectralResidual()),
    "river half-space trees": (FAMILIES, "vector", lambda width, _day: HalfSpaceTrees(width)),
    "pysad LODA": (FAMILIES, "vector", lambda width, _day: Pysad("LODA", width)),
    "pysad RS-Hash": (FAMILIES, "vector", lambda width, _day: Pysad("RSHash", width)),
    "pysad xStream": (FAMILIES, "vector", lambda width, _day: Pysad("xStream", width)),
    "stumpy": (("nab",), "raw", lambda _width, _day: Stumpi()),
    "rrcf": (FAMILIES, "vector", lambda _width, _day: RandomCutForest()),
}
"""Name to the families it can score, what a row is, and how one is made from its width and the rows of a day."""


def series_of(data: Path, family: str) -> Iterator[tuple[str, Floats, float]]:
    """Yield name, values of shape (rows, channels), and median seconds between rows of each series."""
    meta = json.loads((data / family / "meta.json").read_text())
    for name, about in sorted(meta["series"].items()):
        with gzip.open(data / family / f"{name}.csv.gz", "rt", newline="") as text:
            rows = list(csv.reader(text))[1:]
        yield name, np.array([[float(cell) for cell in row[1:]] for row in rows]), float(about["step_s"])


def vectors(values: Floats) -> Floats:
    """Return the values scaled to the range of the file; of a single channel, the newest ``SHINGLE`` of each row."""
    low, high = values.min(axis=0), values.max(axis=0)
    scaled: Floats = (values - low) / np.where(high > low, high - low, 1.0)
    if values.shape[1] > 1:
        return scaled
    padded = np.concatenate([np.repeat(scaled[:1, 0], SHINGLE - 1), scaled[:, 0]])
    return np.lib.stride_tricks.sliding_window_view(padded, SHINGLE).copy()


def play(name: str, family: str, data: Path) -> dict[str, Floats]:
    """Return the scores of every series, and under ``us_per_row`` how long a row took."""
    _, shape, make = PEERS[name]
    scores: dict[str, Floats] = {}
    spent, rows = 0.0, 0
    _warm_up(make)
    for series, values, step_s in series_of(data, family):
        fed = values if shape == "raw" else vectors(values)
        peer = make(fed.shape[1], max(round(86_400 / step_s), 2))
        begun = time.process_time()
        scores[series] = np.array([peer.score(row) for row in fed])
        spent += time.process_time() - begun
        rows += len(fed)
    return {**scores, "us_per_row": np.array(1e6 * spent / rows)}


def _warm_up(make: Callable[[int, int], Peer]) -> None:
    """Let libraries compile what they compile before anything is timed."""
    peer = make(SHINGLE, 48)
    for row in np.random.default_rng(SEED).random((300, SHINGLE)):
        peer.score(row)


def main() -> None:
    """Score what has no file yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=PEERS, help="one detector; may be repeated")
    chosen = parser.parse_args().only or list(PEERS)
    warnings.simplefilter("ignore")
    for name in chosen:
        for family in PEERS[name][0]:
            path = OUT / family / f"{name}.npz"
            if path.exists():
                print(f"{path}: there already", flush=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            scores = play(name, family, DATA)
            np.savez_compressed(path, **scores)  # type: ignore[arg-type]  # the stub takes a flag for the arrays
            print(f"{path}: {scores['us_per_row']:.0f} us a row", flush=True)


if __name__ == "__main__":
    main()
