"""The path of a single settled series against the columns: the same bits, in scores and in state."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from anomaly.contract import Observations, Scores, State
from anomaly.detectors import alone
from anomaly.detectors.adaptive import Adaptive
from anomaly.detectors.features import SETTLED_ROWS
from anomaly.detectors.weighing import PARTS
from tests.anomaly.detector_suite import HARD_VALUES, START_MS, flat, observed, one_of
from tocsin.core import codec

HALF_HOUR_MS: Final = 1_800_000
ROWS: Final = 48 * 10


def week(seed: int) -> list[Observations]:
    """Return windows of three series: one with a daily shape and a night's visit, one of noise and jumps, one wild."""
    random = np.random.default_rng(seed)
    at = np.arange(ROWS)
    daily = 30.0 * (np.abs(at / 2.0 % 24.0 - 12.0) < 4.0) + random.normal(0.0, 1.0, ROWS)
    daily[-40:-37] += 30.0
    jumps = random.normal(5.0, 1.0, ROWS) + 40.0 * (random.random(ROWS) < 0.01)
    wild = random.normal(0.0, 1.0, ROWS) * 10.0 ** random.integers(-12, 13, ROWS)
    start_ms = START_MS + (at + 5 * (at > 300)) * HALF_HOUR_MS
    windows = []
    for row, values in enumerate(np.stack([daily, jumps, wild], axis=1)):
        one = observed(list(values), int(start_ms[row]), HALF_HOUR_MS)
        reach = np.abs(random.normal(0.0, 1.0, 3)) * (row % 3 > 0)
        windows.append(replace(one, min=one.min - reach, max=one.max + 2.0 * reach))
    return windows


def alone_of(seen: Observations, place: int) -> Observations:
    return Observations(*(getattr(seen, name)[place : place + 1] for name in Observations.__dataclass_fields__))


@pytest.mark.parametrize("place", [0, 1, 2], ids=["a daily shape", "noise and jumps", "wild values"])
def test_a_settled_series_gets_the_same_bits_alone_and_in_columns(place: int) -> None:
    detector, together, single = Adaptive(), Adaptive().initial(3), Adaptive().initial(1)
    scored = 0

    for row, seen in enumerate(week(3)):
        whole, together = detector.score(together, seen)
        scores, single = detector.score(single, alone_of(seen, place))
        assert flat(scores) == flat(one_of(whole, place)), f"row {row}"
        for name, column in single.items():
            assert column.dtype == together[name].dtype, name
            assert column.tobytes() == together[name][place : place + 1].tobytes(), (name, row)
        scored += int(scores.score[0] > 0.0)

    assert scored > 10


@pytest.mark.parametrize("place", [0, 1, 2], ids=["a daily shape", "noise and jumps", "wild values"])
@pytest.mark.parametrize("rows_open", [1, 7, ROWS], ids=["one row", "seven rows", "always"])
def test_a_series_that_stays_open_says_the_same_however_often_it_is_saved(place: int, rows_open: int) -> None:
    state = Adaptive().initial(1)
    windows = [alone_of(seen, place) for seen in week(4)]
    for seen in windows[:SETTLED_ROWS]:
        _, state = Adaptive().score(state, seen)
    opened, said = alone.Series(state), []

    for row, seen in enumerate(windows[SETTLED_ROWS:], start=1):
        scores, state = Adaptive().score(state, seen)
        said.append(opened.judge(seen.start_ms.item(), seen.mean.item(), seen.min.item(), seen.max.item()))
        assert said[-1] == (
            *(scores.score[0], scores.alert[0], scores.expected_low[0], scores.expected_high[0]),
            tuple(scores.parts[name][0] for name in PARTS),
        )
        if row % rows_open == 0:
            blob = codec.encode("tests.alone", 1, None, opened.columns())
            opened = alone.Series(codec.decode("tests.alone", blob, version_max=1).arrays)

    assert all(column.tobytes() == state[name].tobytes() for name, column in opened.columns().items())
    assert sum(judged.alert > 0.0 for judged in said) > 2


@pytest.mark.parametrize("kind", HARD_VALUES)
def test_hard_values_get_the_same_bits_alone_and_in_columns(kind: str) -> None:
    together, single = Adaptive().initial(2), Adaptive().initial(1)
    values = np.resize(HARD_VALUES[kind], 260).tolist()

    for row, value in enumerate(values):
        start_ms = START_MS + row * HALF_HOUR_MS
        whole, together = Adaptive().score(together, observed([value, value], start_ms, HALF_HOUR_MS))
        scores, single = Adaptive().score(single, observed([value], start_ms, HALF_HOUR_MS))
        assert flat(scores) == flat(one_of(whole, 0)), row
        assert all(column.tobytes() == together[name][:1].tobytes() for name, column in single.items()), row


def test_a_single_settled_series_takes_the_short_path(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Observations] = []
    known = alone.score

    def noted(state: State, seen: Observations) -> tuple[Scores, dict[str, NDArray[Any]]]:
        taken.append(seen)
        return known(state, seen)

    monkeypatch.setattr(alone, "score", noted)
    state = Adaptive().initial(1)

    for seen in week(3)[:120]:
        _, state = Adaptive().score(state, alone_of(seen, 0))

    assert len(taken) == 20
