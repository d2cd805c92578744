"""Quantile sketches and revisions of closed windows."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.sketch import SLICE_OWNER, Sketches, buckets, quantile_values
from tests.processors.streams import EPOCH_MS, WIDE, Message, pane_rows, play
from tocsin.core.columns import PaneKind
from tocsin.core.plan.model import MetricPlan, Plan, Timing, Window

MINUTE = 60_000
VALUES = st.lists(st.one_of(st.floats(1e-6, 1e9), st.floats(-1e9, -1e-6), st.just(0.0)), min_size=1, max_size=200)


@settings(max_examples=80, deadline=None)
@given(VALUES, st.floats(0, 1))
def test_quantile_is_within_one_percent_of_the_reading_at_that_rank(values: list[float], quantile: float) -> None:
    codes, counts = np.unique(buckets(np.array(values)), return_counts=True)

    [found] = quantile_values(codes, counts, [quantile])

    exact = sorted(values)[int(np.floor(quantile * (len(values) - 1)))]
    assert abs(found - exact) <= 0.01 * abs(exact)


@settings(max_examples=40, deadline=None)
@given(VALUES, st.data())
def test_sketches_merge_in_any_order_to_the_same(values: list[float], data: st.DataObject) -> None:
    def sketch(readings: list[float]) -> Sketches:
        sketches = Sketches.empty()
        for value in readings:
            cell = np.array([int(value > 0)])
            sketches = sketches.add(SLICE_OWNER, cell, buckets(np.array([value])), np.ones(1, np.int64))
        return sketches

    shuffled = data.draw(st.permutations(values))

    for ordered, other in zip(sketch(values).columns("").values(), sketch(shuffled).columns("").values(), strict=True):
        assert ordered.tolist() == other.tolist()


def _plan(*, correction_ms: int = 0, quantiles: tuple[float, ...] = ()) -> Plan:
    windows = (Window(MINUTE, MINUTE), Window(4 * MINUTE, 4 * MINUTE))
    metric = MetricPlan("*", windows, quantiles=quantiles)
    timing = Timing(out_of_orderness_ms=30_000, correction_ms=correction_ms)
    return Plan(metrics=(metric,), timing=timing, groups=1, bounds=WIDE)


def _reading(at_ms: int, value: float) -> Message:
    return Message("a", at_ms, (("level_percent", value),))


def test_quantiles_of_a_window_are_those_of_all_its_slices_together() -> None:
    readings = [_reading(second * 1_000, float(second + 1)) for second in range(240)]

    _, entries = play(_plan(quantiles=(0.5, 0.95)), [*readings, _reading(20 * MINUTE, 0.0)])

    [long] = [row for row in pane_rows(entries) if row[3] == 4 * MINUTE]
    median, high = eval(str(long[-4]))  # noqa: S307  a repr of two floats
    assert abs(median - 120) <= 1.3
    assert abs(high - 228) <= 2.4


def test_late_reading_within_the_horizon_revises_what_is_closed_and_joins_what_is_open() -> None:
    items = [
        _reading(0, 1.0),
        _reading(100_000, 2.0),
        _reading(5_000, 8.0),
        _reading(6_000, 9.0),
        _reading(600_000, 3.0),
    ]

    state, entries = play(_plan(correction_ms=10 * MINUTE), items)

    rows = pane_rows(entries)
    revisions = [(row[3], row[4], row[5], row[7]) for row in rows if row[2] == PaneKind.REVISION]
    [whole] = [row for row in rows if row[3] == 4 * MINUTE and row[4] == EPOCH_MS]
    assert revisions == [(MINUTE, EPOCH_MS, 1, 8.0), (MINUTE, EPOCH_MS, 2, 9.0)]
    assert (whole[6], whole[7]) == (4, 20.0)
    assert state.group.shards["shardId-000000000000"].late == 0


def test_copy_of_a_late_reading_is_a_duplicate_within_the_horizon() -> None:
    items = [_reading(0, 1.0), _reading(100_000, 2.0), _reading(5_000, 8.0), _reading(5_000, 8.0)]

    state, _ = play(_plan(correction_ms=10 * MINUTE), items)

    assert state.group.shards["shardId-000000000000"].duplicates == 1


def test_late_reading_beyond_the_horizon_is_late() -> None:
    items = [_reading(0, 1.0), _reading(60 * MINUTE, 2.0), _reading(5_000, 8.0)]

    state, _ = play(_plan(correction_ms=10 * MINUTE), items)

    assert state.group.shards["shardId-000000000000"].late == 1
