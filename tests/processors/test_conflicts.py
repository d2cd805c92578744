"""Readings that tell another value for a time that was told: counted, and told once a slice where a rule asks."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.processors.oracle import Oracle
from tests.processors.streams import EPOCH_MS, SHARD, Item, Message, pane_rows, plan_of, play
from tests.processors.test_laws import MINUTE, PLANS, SECOND, streams
from tocsin.core.columns import PaneKind
from tocsin.core.plan.model import LimitsRule, Plan, QualityRule

FLOW = "flow_lpm"
TWICE = QualityRule(name="told_twice", check="time")
EVERY_MINUTE = {"*": [(MINUTE, MINUTE)]}


def flow(second: float, value: float, seq: int | None = None, metric: str = FLOW) -> Message:
    return Message("a", round(second * SECOND), ((metric, value),), seq)


def conflicts(plan: Plan, *items: Item) -> tuple[int, list[tuple[float, float, int]]]:
    """Return how many conflicts are counted, and value, other value and time of each that is told; cut or not."""
    state, entries = play(plan, items)
    assert pane_rows(play(plan, items, range(len(items)))[1]) == pane_rows(entries)
    told = [
        (float(row[12]), float(str(row[17])), (int(row[15]) - EPOCH_MS) // SECOND)  # type: ignore[arg-type, call-overload]
        for row in pane_rows(entries)
        if row[2] == PaneKind.EARLY
    ]
    return state.group.shards[SHARD].conflicts, told


def test_other_value_for_the_same_time_is_a_conflict_and_a_copy_is_none() -> None:
    plan = plan_of(EVERY_MINUTE, rules=(TWICE,))

    assert conflicts(plan, flow(5, 1.0), flow(5, 1.0), flow(6, 2.0)) == (0, [])
    assert conflicts(plan, flow(3, 7.0), flow(5, 1.0), flow(5, 2.0)) == (1, [(2.0, 1.0, 5)])


def test_counted_messages_that_agree_are_no_conflict_and_other_metrics_are_none_either() -> None:
    plan = plan_of(EVERY_MINUTE, rules=(TWICE,))

    assert conflicts(plan, flow(5, 1.0, 1), flow(5, 1.0, 2), flow(5, 3.0, 3, "air_celsius")) == (0, [])


def test_clock_that_stands_still_is_told_once_a_slice_and_counted_each_time() -> None:
    plan = plan_of(EVERY_MINUTE, rules=(TWICE,))
    stuck = [flow(5, float(value), value) for value in range(5)]
    later = [flow(70, float(value), 10 + value) for value in range(3)]

    assert conflicts(plan, *stuck, *later) == (4 + 2, [(1.0, 0.0, 5), (1.0, 0.0, 70)])


def test_conflicts_are_counted_where_no_rule_asks_for_them() -> None:
    assert conflicts(plan_of(EVERY_MINUTE), flow(5, 1.0), flow(5, 2.0)) == (1, [])


def test_rule_beside_limits_hears_of_its_own_alone() -> None:
    rules = (LimitsRule(name="high", above=5.0), TWICE)

    assert conflicts(plan_of(EVERY_MINUTE, rules=rules), flow(5, 1.0), flow(5, 2.0), flow(6, 9.0)) == (
        1,
        [(2.0, 1.0, 5), (9.0, 5.0, 6)],
    )


def counted_by_hand(plan: Plan, items: list[Item]) -> int:
    """Return how many readings tell another value for the newest time of their device, one reading at a time."""
    windows = {part.match: [(one.size_ms, one.hop_ms) for one in part.windows] for part in plan.metrics}
    timing = plan.timing
    oracle = Oracle(windows, timing.out_of_orderness_ms + timing.lateness_ms, timing.idle_ms)
    told: dict[tuple[str, str, int], float] = {}
    newest: dict[str, int] = {}
    found = 0
    for item in items:
        if not isinstance(item, Message):
            oracle.tick(EPOCH_MS + item)
            continue
        duplicates, late = oracle.duplicates, len(oracle.late)
        oracle.message(f"demo#{item.device}", EPOCH_MS + item.time_ms, item.identity(), dict(item.metrics))
        is_newest = newest.get(item.device) == item.time_ms
        newest[item.device] = max(item.time_ms, newest.get(item.device, item.time_ms))
        if oracle.duplicates > duplicates:
            continue
        went_late = str(oracle.late[late:])
        for metric, value in item.metrics:
            if metric in went_late:
                continue
            before = told.get((item.device, metric, item.time_ms), value)
            found += is_newest and before != value
            told[item.device, metric, item.time_ms] = value
    return found


@settings(max_examples=60, deadline=None)
@given(PLANS, streams(), st.lists(st.integers(1, 59), max_size=12))
def test_conflicts_are_those_counted_by_hand_however_the_stream_is_cut(
    plan: Plan, items: list[Item], cuts: list[int]
) -> None:
    state, _ = play(plan, items, cuts)

    account = state.group.shards.get(SHARD)
    assert (account.conflicts if account else 0) == counted_by_hand(plan, items)
