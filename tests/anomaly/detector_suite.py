"""What every detector must keep, as checks that take a detector; ``test_detector_contract`` runs them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from anomaly.contract import Detector, Observations, Scores
from tocsin.core import codec

SCHEMA: Final = "tests.detector"
MINUTE_MS: Final = 60_000
START_MS: Final = 1_795_428_000_000
STATE_BYTES_MAX: Final = 8_192
"""Bytes of state a series may take."""

WARM_ROWS_MIN: Final = 10
HARD_VALUES: Final = {
    "constant": [20.0],
    "zero": [0.0],
    "huge": [1e300, -1e300, 1e299],
    "tiny": [1e-300, 3e-300],
    "denormal": [5e-324, 1e-310],
    "opposite extremes": [1.7e308, -1.7e308],
    "from tiny to huge": [1e-300] * 40 + [1e300] * 40,
    "negative": [-5.0, -7.0, -6.5],
    "one jump": [3.0] * 60 + [9.0] * 60,
    "large offset": [1e15, 1e15 + 1.0],
}

Columns = dict[str, NDArray[Any]]


def observed(values: Sequence[float], start_ms: Sequence[int] | int, size_ms: int = MINUTE_MS) -> Observations:
    """Return one window of one reading for each series.

    Args:
        values: The reading of each series.
        start_ms: Start of each window, or of all.
        size_ms: Length of the windows.
    """
    value = np.asarray(values, np.float64)
    start = np.broadcast_to(np.asarray(start_ms, np.int64), value.shape).copy()
    one = np.ones(len(value), np.int64)
    return Observations(start, start + size_ms, one, value, value, value, value, value, start, start + size_ms - 1)


def mixture(rows: int, series: int, seed: int = 7) -> NDArray[np.float64]:
    """Return values of shape (rows, series): noise, waves, steps and rare jumps of different sizes."""
    random = np.random.default_rng(seed)
    at = np.arange(rows)[:, None]
    scale = 10.0 ** random.integers(-3, 4, series)
    noise = random.normal(0.0, 1.0, (rows, series))
    waves = 5.0 * np.sin(at / random.uniform(5.0, 50.0, series))
    jumps = 20.0 * (random.random((rows, series)) < 0.01)
    return np.asarray(scale * (noise + waves + jumps + random.normal(0.0, 100.0, series)))


def played(
    detector: Detector, values: NDArray[np.float64], state: Mapping[str, NDArray[Any]] | None = None
) -> Iterator[tuple[Scores, Columns]]:
    """Yield scores and state after each row of ``values``, shape (rows, series), a minute apart."""
    columns = detector.initial(values.shape[1]) if state is None else dict(state)
    for row, row_values in enumerate(values):
        scores, columns = detector.score(columns, observed(list(row_values), START_MS + row * MINUTE_MS))
        yield scores, columns


def flat(scores: Scores) -> bytes:
    """Return everything the scores say, as bytes that are equal only for equal bits."""
    arrays = [scores.score, scores.alert, scores.warming, scores.expected_low, scores.expected_high]
    return b"|".join(np.ascontiguousarray(array).tobytes() for array in (*arrays, *scores.parts.values()))


def one_of(scores: Scores, place: int) -> Scores:
    """Return what is said of one series."""
    here = slice(place, place + 1)
    return Scores(
        scores.score[here],
        scores.alert[here],
        scores.warming[here],
        scores.expected_low[here],
        scores.expected_high[here],
        {name: part[here] for name, part in scores.parts.items()},
    )


def check_scores_are_finite(detector: Detector, values: NDArray[np.float64]) -> None:
    for scores, columns in played(detector, values):
        for array in (scores.score, scores.alert, *scores.parts.values()):
            assert array.shape == (values.shape[1],)
            assert np.isfinite(array).all()
            assert (array >= 0.0).all()
        assert not any(np.isnan(column).any() for column in columns.values() if column.dtype.kind == "f")
        known = ~np.isnan(scores.expected_low)
        assert (scores.expected_low[known] <= scores.expected_high[known]).all()


def check_inputs_stay_unchanged(detector: Detector) -> None:
    values = mixture(60, 3)
    state = detector.initial(3)
    for row, row_values in enumerate(values):
        for column in state.values():
            column.setflags(write=False)
        before = {name: column.copy() for name, column in state.items()}
        seen = observed(list(row_values), START_MS + row * MINUTE_MS)
        seen.mean.setflags(write=False)
        _, following = detector.score(state, seen)
        assert all(np.array_equal(before[name], column, True) for name, column in state.items())
        state = following


def check_saved_state_continues_alike(detector: Detector, saved_after: int) -> None:
    values = mixture(140, 2)
    ran = list(played(detector, values))
    state = ran[saved_after - 1][1]
    blob = codec.encode(SCHEMA, detector.version, None, state)
    columns = codec.decode(SCHEMA, blob, version_max=detector.version).arrays
    for row in range(saved_after, len(values)):
        seen = observed(list(values[row]), START_MS + row * MINUTE_MS)
        scores, columns = detector.score(columns, seen)
        assert flat(scores) == flat(ran[row][0]), f"row {row} differs after a reload at row {saved_after}"


def check_alone_equals_among_many(detector: Detector, rows: int = 150, series: int = 9) -> None:
    values = mixture(rows, series)
    together = list(played(detector, values))
    for place in range(series):
        for row, (scores, columns) in enumerate(played(detector, values[:, place : place + 1])):
            whole_scores, whole_columns = together[row]
            assert flat(scores) == flat(one_of(whole_scores, place)), f"series {place} row {row}"
            for name, column in columns.items():
                assert column.tobytes() == whole_columns[name][place : place + 1].tobytes(), (name, place, row)


def check_ages_may_differ(detector: Detector) -> None:
    """A series scored beside older and younger ones gets the result it gets alone."""
    values = mixture(120, 2)
    alone = [scores for scores, _ in played(detector, values[:, 1:])]
    state = dict(list(played(detector, values[:50, :1]))[-1][1])
    fresh = detector.initial(1)
    for row in range(70):
        joined = {name: np.concatenate([state[name], fresh[name]]) for name in state}
        pair = [float(values[50 + row, 0]), float(values[row, 1])]
        start_ms = [START_MS + (50 + row) * MINUTE_MS, START_MS + row * MINUTE_MS]
        scores, joined = detector.score(joined, observed(pair, start_ms))
        state = {name: column[:1] for name, column in joined.items()}
        fresh = {name: column[1:] for name, column in joined.items()}
        assert flat(one_of(scores, 1)) == flat(alone[row]), f"row {row}"


def check_warm_up_says_so(detector: Detector) -> None:
    ran = [scores for scores, _ in played(detector, mixture(400, 4))]
    warming = np.array([scores.warming for scores in ran])
    assert warming[:WARM_ROWS_MIN].all()
    assert not warming[-1].any()
    assert (np.diff(warming.astype(int), axis=0) <= 0).all()
    for scores in ran:
        assert not scores.score[scores.warming].any()
        assert not scores.alert[scores.warming].any()


def check_state_is_bounded(detector: Detector) -> None:
    sizes = {sum(column.nbytes for column in columns.values()) for _, columns in played(detector, mixture(300, 5))}
    assert len(sizes) == 1
    assert sizes.pop() / 5 <= STATE_BYTES_MAX
    assert all(len(column) == 5 for column in detector.initial(5).values())


def check_runs_are_alike(detector: Detector) -> None:
    values = mixture(120, 3)
    first = [flat(scores) for scores, _ in played(detector, values)]
    second = [flat(scores) for scores, _ in played(detector, values)]
    assert first == second


def check_any_times_are_taken(detector: Detector) -> None:
    """Gaps, repeated times, steps back and times before 1970 give scores as well."""
    values = mixture(120, 1)
    start_ms = [START_MS + row * MINUTE_MS for row in range(120)]
    start_ms[50:] = [moment + 40 * 86_400_000 for moment in start_ms[50:]]
    start_ms[70:80] = [start_ms[70]] * 10
    start_ms[90], start_ms[100] = START_MS, -5 * 86_400_000 - 1
    state = detector.initial(1)
    for row, moment in enumerate(start_ms):
        scores, state = detector.score(state, observed(list(values[row]), moment))
        assert np.isfinite(scores.score).all()


def check_no_series_is_fine(detector: Detector) -> None:
    scores, columns = detector.score(detector.initial(0), observed([], []))
    assert len(scores.score) == 0
    assert all(len(column) == 0 for column in columns.values())
