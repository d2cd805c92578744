"""One metric of many rows: taken at once where they are alike, the same as row by row."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.adapters.embedded import series_rows as module
from tocsin.adapters.embedded.series_rows import ALIKE_MIN, series_rows
from tocsin.core.errors import DamagedError

FLOAT = st.floats(allow_nan=False, allow_infinity=False)
COUNT = st.sampled_from([1, 6, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32])
NAMES = ("flow", "f", "a_very_long_name_of_a_metric_that_needs_two_bytes")


def stats(count: int, value: float, rate: float | None, quantiles: dict[str, float] | None = None) -> list[Any]:
    return [count, value, value * 2, 0.5, value - 1, value + 1, value, -value, rate, quantiles or {}]


def one_by_one(metric: str, blobs: list[bytes]) -> list[tuple[int, list[Any]]]:
    found = [(place, msgspec.msgpack.decode(blob).get(metric)) for place, blob in enumerate(blobs)]
    return [(place, values) for place, values in found if values is not None]


def check(metric: str, blobs: list[bytes]) -> None:
    starts, revisions = list(range(len(blobs))), [place % 3 for place in range(len(blobs))]
    wanted = one_by_one(metric, blobs)

    found = series_rows(metric, starts, revisions, blobs, limit=len(blobs))

    assert found.start_ms.tolist() == [place for place, _ in wanted]
    assert found.revision.tolist() == [place % 3 for place, _ in wanted]
    assert found.count.tolist() == [values[0] for _, values in wanted]
    columns = (found.mean, found.sum, found.variance, found.min, found.max, found.first, found.last, found.rate)
    for place, column in enumerate(columns, start=1):
        expected = np.array([values[place] for _, values in wanted], np.float64)
        assert np.array_equal(column, expected, equal_nan=True)
    assert found.quantiles == [values[9] for _, values in wanted]


ROW = st.tuples(COUNT, FLOAT, st.none() | FLOAT, st.just({}) | st.just({"p50": 1.5}))


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), ROW, max_size=3), max_size=6), st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_columns_are_those_of_the_rows_one_by_one(kinds: list[dict[str, Any]], times: int) -> None:
    rows = [{name: stats(*values) for name, values in kind.items()} for kind in kinds] * times
    blobs = [msgspec.msgpack.encode(row) for row in rows]
    for metric in (*NAMES, "absent"):
        check(metric, blobs)


@pytest.mark.parametrize("count", [6, 200, 60_000, 70_000, 2**33])
@pytest.mark.parametrize("rate", [None, 0.25])
def test_rows_that_are_alike_are_right_whatever_the_width_of_their_counts(count: int, rate: float | None) -> None:
    blobs = [
        msgspec.msgpack.encode(
            {"other": stats(3, 1.0, 0.5), "flow": stats(count, 0.1 * place, rate), "z": stats(1, 2.0, None)}
        )
        for place in range(3 * ALIKE_MIN)
    ]

    check("flow", blobs)


def test_rows_of_one_length_and_two_shapes_are_told_apart() -> None:
    blobs = [
        msgspec.msgpack.encode({"flow": stats(6, float(place), 0.5), "z": stats(6, 1.0, None)})
        if place % 2
        else msgspec.msgpack.encode({"flow": stats(6, float(place), None), "z": stats(6, 1.0, 0.5)})
        for place in range(3 * ALIKE_MIN)
    ]
    assert len({len(blob) for blob in blobs}) == 1

    check("flow", blobs)
    check("z", blobs)


def test_most_rows_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = [msgspec.msgpack.encode({"flow": stats(6, float(place), 0.5)}) for place in range(2 * ALIKE_MIN)]
    monkeypatch.setattr(module, "_take_single", None)

    assert len(series_rows("flow", range(len(blobs)), [0] * len(blobs), blobs, limit=10)) == 10


def test_damaged_row_is_told_as_such() -> None:
    with pytest.raises(DamagedError):
        series_rows("flow", [0], [0], [b"\xff\x00"], limit=1)
