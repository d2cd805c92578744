"""Revisions: the panes of a window together hold each of its readings once, whatever came late."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.processors.streams import EPOCH_MS, WIDE, Item, Message, pane_rows, play
from tocsin.core.columns import PaneKind
from tocsin.core.plan.model import MetricPlan, Plan, Timing, Window

MINUTE = 60_000
LEVEL, FLOW = "level_percent", "flow_lpm"
HOPPING = (Window(MINUTE, MINUTE), Window(4 * MINUTE, MINUTE), Window(4 * MINUTE, 2 * MINUTE))
TIMING = Timing(out_of_orderness_ms=30_000, idle_ms=2 * MINUTE, correction_ms=60 * MINUTE)


def _plan(windows: tuple[Window, ...] = HOPPING, quantiles: tuple[float, ...] = ()) -> Plan:
    return Plan(metrics=(MetricPlan("*", windows, quantiles=quantiles),), timing=TIMING, groups=1, bounds=WIDE)


def _reading(at_ms: int, value: float = 1.0, metric: str = LEVEL) -> Message:
    return Message("a", at_ms, ((metric, value),))


LAST = 3 * 60 * MINUTE


@st.composite
def _streams(draw: st.DrawFn) -> list[Item]:
    items: list[Item] = []
    now = 5 * MINUTE
    for turn in range(draw(st.integers(1, 25))):
        now += draw(st.sampled_from([0, 20_000, MINUTE, 3 * MINUTE]))
        back = draw(st.sampled_from([0, 0, 20_000, 2 * MINUTE, 5 * MINUTE]))
        items.append(now if draw(st.integers(0, 9)) == 0 else _reading(now - back, float(turn + 1), draw(METRICS)))
    return items


METRICS = st.sampled_from([LEVEL, FLOW])


@settings(max_examples=120, deadline=None)
@given(_streams())
def test_each_reading_is_once_in_each_of_its_windows(items: Sequence[Item]) -> None:
    closing: list[Item] = [_reading(LAST, 1.0, metric) for metric in (LEVEL, FLOW)]

    state, entries = play(_plan(), [*items, *closing])

    got: Counter[tuple[object, ...]] = Counter()
    for row in pane_rows(entries):
        got[row[1], row[3], row[4]] += row[7]  # type: ignore[assignment]  # sums of whole numbers
    assert got == _sums([*items, *closing])
    assert all(account.late == 0 for account in state.group.shards.values())


def _sums(items: Sequence[Item]) -> Counter[tuple[object, ...]]:
    """Return the sum of each window that ends before the last readings come."""
    sums: Counter[tuple[object, ...]] = Counter()
    seen = set()
    for item in items:
        if isinstance(item, int) or item in seen:
            continue
        seen.add(item)
        [(metric, value)] = item.metrics
        for window in HOPPING:
            newest = item.time_ms // window.hop_ms * window.hop_ms
            for start in range(newest - window.size_ms + window.hop_ms, newest + 1, window.hop_ms):
                if start + window.size_ms <= LAST - TIMING.out_of_orderness_ms:
                    sums[metric, window.size_ms, EPOCH_MS + start] += value  # type: ignore[assignment]
    return sums


def test_quantiles_of_an_open_window_hold_the_late_reading() -> None:
    windows = (Window(MINUTE, MINUTE), Window(10 * MINUTE, 10 * MINUTE))
    items = [_reading(0, 1.0), _reading(3 * MINUTE, 1.0), *(_reading(second, 100.0) for second in (1, 2, 3, 4))]

    _, entries = play(_plan(windows, quantiles=(0.5,)), [*items, _reading(LAST)])

    [whole] = [row for row in pane_rows(entries) if row[3] == 10 * MINUTE]
    assert (whole[2], whole[6]) == (PaneKind.ON_TIME, 6)
    assert 99 <= float(str(whole[-4]).strip("[]")) <= 101
