"""A tick that names another plan: which limits early panes watch from there on."""

from dataclasses import replace

from processors.geometry import geometry_of
from processors.state import Group
from processors.step import live, step
from tests.processors.streams import Item, Message, batch_of, pane_rows, plan_of
from tocsin.core.columns import PaneKind
from tocsin.core.machine import Entry
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import LimitsRule, Plan, encode_plan, plan_hash

MINUTE = 60_000
OLD, NEW = LimitsRule(name="old", above=5.0), LimitsRule(name="new", above=50.0)
WINDOWS = plan_of({"*": [(MINUTE, MINUTE)]})


def _plan(*rules: LimitsRule) -> Plan:
    return Plan(metrics=WINDOWS.metrics, timing=WINDOWS.timing, groups=1, bounds=WINDOWS.bounds, rules=rules)


FIRST, SECOND = _plan(OLD), _plan(NEW, OLD)
PLANS = PlanBook(FIRST, {plan_hash(SECOND): encode_plan(SECOND)}.get)


def _reading(at_ms: int, value: float) -> Message:
    return Message("a", at_ms, (("level_percent", value),))


def _fold(*batches: tuple[str, list[Item], str]) -> list[Entry]:
    """Fold (shard, items, hash of the plan that ticks name) one after the other."""
    state, entries = live(Group.empty(0, geometry_of(FIRST)), PLANS), []
    for place, (shard, items, named) in enumerate(batches):
        outcome = step(state, replace(batch_of(items, 100 * place, plan_hash=named), shard=shard), PLANS)
        state = outcome.state
        entries += outcome.emitted
    return entries


def _early(entries: list[Entry]) -> list[tuple[object, object]]:
    """Return (rule, value) of each early pane."""
    return [(row[-2], row[7]) for row in pane_rows(entries) if row[2] == PaneKind.EARLY]


def test_limit_of_the_new_plan_is_told_in_a_slice_that_told_another_one_before() -> None:
    items: list[Item] = [_reading(0, 6.0), 0, _reading(1_000, 60.0), _reading(2_000, 70.0)]

    entries = _fold(("one", items, plan_hash(SECOND)))

    assert _early(entries) == [("old", 6.0), ("new", 60.0)]


def test_tick_of_a_shard_behind_the_other_does_not_bring_back_the_plan_before() -> None:
    entries = _fold(
        ("one", [_reading(0, 1.0), 2 * MINUTE], plan_hash(SECOND)),
        ("two", [MINUTE], plan_hash(FIRST)),
        ("one", [_reading(1_000, 60.0)], ""),
    )

    assert _early(entries) == [("new", 60.0), ("old", 60.0)]
