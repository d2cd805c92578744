"""A group on the border of two shards: each shard's ticks speak for its own devices."""

from dataclasses import replace

from processors.batch import GroupBatch
from processors.geometry import geometry_of
from processors.state import Group
from processors.step import Live, live, step
from tests.processors.streams import EPOCH_MS, Item, Message, batch_of, pane_rows, plan_of
from tocsin.core.keys import HASH_END, key_hash
from tocsin.core.machine import Entry
from tocsin.core.messages import Tick
from tocsin.core.plan.book import PlanBook

MINUTE = 60_000
PLAN = plan_of({"*": [(MINUTE, MINUTE)]}, idle_ms=2 * MINUTE)
PLANS = PlanBook(PLAN)
LEFT, RIGHT = sorted("abcdef", key=lambda device: key_hash(f"demo#{device}"))[::5]
BORDER = key_hash(f"demo#{RIGHT}")


def _reading(device: str, at_ms: int) -> Message:
    return Message(device, at_ms, (("level_percent", 1.0),))


def _of(shard: str, items: list[Item], first: int) -> GroupBatch:
    start, end = (0, BORDER) if shard == "left" else (BORDER, HASH_END)
    batch = batch_of(items, first)
    ticks = tuple((record, Tick(tick.tick_ms, "", start, end)) for record, tick in batch.ticks)
    return replace(batch, shard=shard, ticks=ticks)


def _fold(batches: list[GroupBatch]) -> tuple[Live, list[Entry]]:
    state = live(Group.empty(0, geometry_of(PLAN)), PLANS)
    entries: list[Entry] = []
    for batch in batches:
        outcome = step(state, batch, PLANS)
        state = outcome.state
        entries += outcome.emitted
    return state, entries


def test_tick_of_one_shard_leaves_windows_open_whose_readings_wait_in_the_other() -> None:
    batches = [
        _of("left", [_reading(LEFT, 0)], 1),
        _of("right", [_reading(RIGHT, 0)], 1),
        _of("left", [10 * MINUTE], 2),
        _of("right", [_reading(RIGHT, 1_000), _reading(RIGHT, 5 * MINUTE)], 2),
    ]

    state, entries = _fold(batches)

    assert [(row[0], row[6]) for row in pane_rows(entries)] == [(f"demo#{LEFT}", 1), (f"demo#{RIGHT}", 2)]
    assert state.group.shards["right"].late == 0


def test_buffered_past_of_one_shard_closes_as_it_would_if_the_other_shard_were_not_ahead() -> None:
    left = [_of("left", [_reading(LEFT, 0), 20 * MINUTE, 40 * MINUTE], 1)]
    right = [
        _of("right", [_reading(RIGHT, 0), MINUTE], 1),
        _of("right", [_reading(RIGHT, 10 * MINUTE), 12 * MINUTE, 14 * MINUTE], 3),
    ]

    ahead = [row for row in pane_rows(_fold([*left, *right])[1]) if row[0] == f"demo#{RIGHT}"]
    behind = [row for row in pane_rows(_fold([*right, *left])[1]) if row[0] == f"demo#{RIGHT}"]

    assert ahead == behind
    assert [row[4] for row in behind] == [EPOCH_MS, EPOCH_MS + 10 * MINUTE]
