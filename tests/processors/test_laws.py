"""Laws of the fold: equal to the oracle, the same for any split, unchanged by what was folded before."""

import math
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from processors.batch import GroupBatch
from processors.geometry import geometry_of
from processors.state import Group, decode_group, encode_group
from processors.step import live, step
from tests.processors.streams import (
    EPOCH_MS,
    Item,
    Message,
    batch_of,
    columns_of,
    oracle_of,
    pane_rows,
    plan_of,
    play,
)
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import LimitsRule, Plan, QualityRule, Timing

SECOND, MINUTE = 1_000, 60_000
METRICS = ("level_percent", "flow_lpm")


def each(metrics: Iterable[str], window: tuple[int, int]) -> dict[str, list[tuple[int, int]]]:
    """Return the one window for each of the metrics."""
    return {metric: [window] for metric in metrics}


PLANS = st.sampled_from(
    [
        plan_of({"*": [(MINUTE, MINUTE)]} | each(METRICS, (MINUTE, MINUTE))),
        plan_of(
            {
                METRICS[0]: [(10 * SECOND, 10 * SECOND), (MINUTE, 20 * SECOND)],
                METRICS[1]: [(MINUTE, MINUTE), (5 * MINUTE, 5 * MINUTE), (3 * MINUTE, MINUTE)],
                "*": [(MINUTE, MINUTE)],
            },
            bound_ms=25 * SECOND,
            idle_ms=90 * SECOND,
        ),
        plan_of(each([*METRICS, "*"], (30 * SECOND, 30 * SECOND)), bound_ms=0),
        plan_of(each([*METRICS, "*"], (4 * MINUTE, 2 * MINUTE)), bound_ms=3 * MINUTE),
    ]
)


@st.composite
def streams(draw: st.DrawFn) -> list[Item]:
    """Messages of three devices around a moving instant, copies of earlier ones, jumps and ticks."""
    now = 0
    sent: list[Message] = []
    items: list[Item] = []
    for turn in range(draw(st.integers(1, 60))):
        action = draw(st.sampled_from(["send"] * 8 + ["copy", "copy", "tick", "jump"]))
        now += draw(st.sampled_from([0, 1, 3 * SECOND, 15 * SECOND, 50 * SECOND]))
        if action == "jump":
            now += draw(st.sampled_from([2 * MINUTE, 20 * MINUTE]))
        if action == "tick":
            items.append(now)
            continue
        if action == "copy" and sent:
            items.append(draw(st.sampled_from(sent[-12:])))
            continue
        back = draw(st.sampled_from([0, 0, 0, 5 * SECOND, 40 * SECOND, 4 * MINUTE]))
        names = draw(st.sampled_from([METRICS, METRICS[:1], METRICS[1:]]))
        values = tuple((name, draw(st.sampled_from([-2.5, 0.0, 1.0, 7.25, 1e6 + 0.5]))) for name in names)
        counter = turn if draw(st.booleans()) else None
        message = Message(draw(st.sampled_from("abc")), now - back, values, counter)
        sent.append(message)
        items.append(message)
    return items


@settings(max_examples=150, deadline=None)
@given(PLANS, streams())
def test_windows_late_readings_and_duplicates_are_those_of_the_oracle(plan: Plan, items: list[Item]) -> None:
    state, entries = play(plan, items)

    oracle = oracle_of(plan, items)
    account = state.group.shards.get("shardId-000000000000")
    got = {
        row[:2] + row[3:5]: dict(zip(("count", "sum", "mean", "m2"), row[6:10], strict=True))
        for row in pane_rows(entries)
    }
    ends = {row[:2] + row[3:5]: row[10:16] for row in pane_rows(entries)}
    assert len(got) == len(pane_rows(entries))
    assert set(got) == {pane[:4] for pane in oracle.panes}
    for device, metric, size, start, stats in oracle.panes:
        key = (device, metric, size, start)
        assert got[key]["count"] == stats["count"]
        assert got[key]["sum"] == stats["sum"]
        assert math.isclose(got[key]["mean"], stats["mean"], rel_tol=1e-12, abs_tol=1e-12)
        assert math.isclose(got[key]["m2"], stats["m2"], rel_tol=1e-9, abs_tol=1e-6)
        assert ends[key] == tuple(stats[name] for name in ("min", "max", "first", "last", "first_ms", "last_ms"))
    if account is not None:
        assert (account.messages, account.duplicates) == (oracle.messages, oracle.duplicates)
        assert (account.readings, account.late) == (oracle.readings, len(oracle.late))


RULES = (
    LimitsRule(name="high", above=5.0),
    QualityRule(name="told_twice", check="time"),
    LimitsRule(name="low", below=-1.0),
)


@settings(max_examples=150, deadline=None)
@given(PLANS, streams(), st.lists(st.integers(1, 59), max_size=12), st.sampled_from([0, 10 * MINUTE]))
def test_any_split_gives_the_same_columns_and_the_same_panes_in_the_same_order(
    plan: Plan, items: list[Item], cuts: list[int], correction_ms: int
) -> None:
    timing = Timing(
        out_of_orderness_ms=plan.timing.out_of_orderness_ms,
        idle_ms=plan.timing.idle_ms,
        correction_ms=correction_ms,
    )
    plan = Plan(metrics=plan.metrics, timing=timing, groups=1, bounds=plan.bounds, rules=RULES)

    whole_state, whole = play(plan, items)
    split_state, split = play(plan, items, cuts)

    assert pane_rows(split) == pane_rows(whole)
    assert columns_of(split_state) == columns_of(whole_state)


@settings(max_examples=60, deadline=None)
@given(PLANS, streams(), st.integers(0, 59))
def test_a_redelivered_suffix_changes_nothing(plan: Plan, items: list[Item], begin: int) -> None:
    plans = PlanBook(plan)
    state, _ = play(plan, items)
    again: GroupBatch = batch_of(items[begin:], begin)

    outcome = step(state, again, plans)

    assert not outcome.emitted
    assert columns_of(outcome.state) == columns_of(state)


@settings(max_examples=40, deadline=None)
@given(PLANS, streams())
def test_a_saved_and_loaded_state_goes_on_as_if_it_had_stayed(plan: Plan, items: list[Item]) -> None:
    plans = PlanBook(plan)
    half = len(items) // 2
    state, _ = play(plan, items[:half])

    saved = encode_group(state.group, state.geometry)
    loaded = live(decode_group(saved, state.geometry), plans)
    rest = batch_of(items[half:], half)

    assert encode_group(loaded.group, loaded.geometry) == saved
    assert step(loaded, rest, plans).emitted == step(state, rest, plans).emitted


def test_step_leaves_the_state_that_it_was_given_alone() -> None:
    plan = plan_of({"*": [(MINUTE, MINUTE)]})
    first = [Message("a", second * SECOND, (("level_percent", 1.0),)) for second in range(0, 100, 5)]
    state, _ = play(plan, first)
    before = columns_of(state)

    step(state, batch_of([Message("a", 10 * MINUTE, (("level_percent", 2.0),)), 20 * MINUTE], 20), PlanBook(plan))

    assert columns_of(state) == before


def test_epoch_of_the_tests_begins_a_minute() -> None:
    assert EPOCH_MS % MINUTE == 0


def test_tick_that_came_before_the_first_device_is_behind_the_fence() -> None:
    plan = plan_of({"*": [(MINUTE, MINUTE)]})
    plans = PlanBook(plan)
    state = live(Group.empty(0, geometry_of(plan)), plans)
    tick = batch_of([0], 5)
    state = step(state, tick, plans).state
    other = replace(batch_of([Message("a", MINUTE, (("level_percent", 1.0),)), 2 * MINUTE], 1), shard="child")
    state = step(state, other, plans).state

    again = step(state, tick, plans)

    assert again.state is state
    assert not again.emitted


def test_tick_of_a_group_without_devices_is_not_passed_on() -> None:
    state, entries = play(plan_of({"*": [(MINUTE, MINUTE)]}), [0, MINUTE])

    assert not entries
    assert state.group.tick_ms == EPOCH_MS + MINUTE


def test_late_message_makes_no_duplicate_of_an_open_one_that_shares_its_place_in_the_ring() -> None:
    def counted(at_ms: int, seq: int) -> Message:
        return Message("a", at_ms, (("level_percent", 1.0),), seq)

    newest, late, fresh = counted(10 * MINUTE + 30_000, 1), counted(8 * MINUTE, 5), counted(10 * MINUTE, 5)
    plan = plan_of({"*": [(MINUTE, MINUTE)]})

    state, _ = play(plan, [newest, late, fresh])

    account = state.group.shards["shardId-000000000000"]
    assert (account.messages, account.duplicates, account.late) == (3, 0, 1)
