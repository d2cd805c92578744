"""The detectors as the scorer takes them: odd rows raise nothing, and saving at any row leaves no trace."""

import math
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.detection_adaptor import THRESHOLD, Multivariate, Univariate

Row = tuple[str, tuple[float, ...]]
Detector = Univariate | Multivariate

ODD_VALUES = (math.nan, math.inf, -math.inf, 1e300, -1e300, 1.7e308, 5e-324, -0.0, 0.0, 20.0, 1e6)
ODD_STAMPS = (
    *("2026-02-30 00:00:00", "", "now", "1795428000"),
    *("0001-01-01 00:00:00", "9999-12-31 23:59:59", "1969-12-31 23:59:59.5", "2026-11-24T00:00:00.125+05:30"),
    *("0001-01-01T00:00:00+14:00", "2026-11-24T00:00:00Z", "2026-11-24"),
)
CLASSES = pytest.mark.parametrize("make", [Univariate, Multivariate])


def calm(rows: int, width: int = 3, seed: int = 0) -> list[Row]:
    values = np.random.default_rng(seed).normal(20.0, 1.0, (rows, width)).tolist()
    return [
        (f"2026-11-{1 + row // 1_440:02d} {row // 60 % 24:02d}:{row % 60:02d}:00", tuple(each))
        for row, each in enumerate(values)
    ]


ODD_ROWS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(ODD_STAMPS), st.sampled_from([stamp for stamp, _ in calm(99)])),
        st.lists(st.one_of(st.sampled_from(ODD_VALUES), st.floats(15.0, 25.0)), max_size=20).map(tuple),
    ),
    min_size=1,
    max_size=25,
)


@CLASSES
@settings(max_examples=25, deadline=None)
@given(before=st.sampled_from([0, 14, 29, 110]), odd=ODD_ROWS)
def test_odd_rows_score_finite_and_saving_after_any_of_them_changes_nothing(
    make: type[Detector], before: int, odd: list[Row]
) -> None:
    through, saved = make(), make()

    for row, (stamp, values) in enumerate(chain(calm(before), odd, calm(30, seed=1))):
        if row >= before:
            saved = make.load(saved.dump())
        score, alert = through.update(stamp, values)
        assert 0.0 <= score < math.inf
        assert 0.0 <= alert < math.inf
        assert saved.update(stamp, values) == (score, alert)


@CLASSES
@pytest.mark.parametrize("gap", [(), (math.nan,) * 3, (math.inf,) * 3, (-math.inf,) * 40], ids=str)
@pytest.mark.parametrize("at", [0, 10, 30, 130])
def test_a_row_without_a_value_scores_nothing_and_teaches_nothing(
    make: type[Detector], gap: tuple[float, ...], at: int
) -> None:
    detector = make()
    for stamp, values in calm(at):
        detector.update(stamp, values)
    before = detector.dump()

    assert detector.update("2026-11-09 00:00:00", gap) == (0.0, 0.0)
    assert detector.dump() == before


@pytest.mark.parametrize("stamp", ["2026-11-24T01:30:00Z", "2026-11-24 01:30:00.75", "2026-11-24T03:30:00+02:00"])
def test_a_time_stamp_means_the_same_moment_however_it_is_written(stamp: str) -> None:
    one, other = Univariate(), Univariate()

    one.update("2026-11-24 01:30:00", (5.0,))
    other.update(stamp, (5.0,))

    assert one.dump() == other.dump()


@pytest.mark.parametrize(("level", "noise"), [(50.0, 0.005), (50.0, 0.0005), (1e6, 0.01), (101_325.0, 2.0)])
def test_a_jump_of_twenty_deviations_is_found_however_small_beside_the_level(level: float, noise: float) -> None:
    detector = Univariate()
    rows = [(stamp, (level + noise * (values[0] - 20.0),)) for stamp, values in calm(500, 1)]
    for stamp, values in rows:
        detector.update(stamp, values)

    assert detector.update(rows[-1][0], (level + 20.0 * noise,))[1] > THRESHOLD


def test_a_wild_value_among_calm_ones_is_forgotten() -> None:
    for wild in (1e300, -1.7e308):
        detector, calmed = Multivariate(), Multivariate()
        rows = calm(700)
        for row, (stamp, values) in enumerate(rows):
            odd = (values[0], wild, values[2]) if row == 400 else values
            score = detector.update(stamp, odd)[1]
            quiet = calmed.update(stamp, values)[1]

        assert score == pytest.approx(quiet, abs=0.5)


def test_further_columns_open_further_blocks_and_fewer_columns_are_missing_ones() -> None:
    detector = Multivariate()

    for width in (3, 8, 9, 2, 20, 0, 8):
        for stamp, values in calm(40, width):
            detector.update(stamp, values)

    assert detector.load(detector.dump()).dump() == detector.dump()
    assert 3 * 700 < len(detector.dump()) < 3 * 912
