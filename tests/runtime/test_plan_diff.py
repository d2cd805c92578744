"""Two runs over the same recording: which alerts and notifications are the same, and how the others differ."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.walk import PLAN, walk
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.formats.recording import Header
from tocsin.core.messages import Severity, Transition
from tocsin.core.plan.model import Plan
from tocsin.runtime.plan_diff import Item, Kind, Pair, Told, diff_of, matched
from tocsin.runtime.replay import ReplayRun, ReplaySettings

items = st.lists(
    st.builds(
        lambda key, at, length: Item((key,), "what", at * MINUTE_MS, (at + length) * MINUTE_MS, "warning"),
        st.sampled_from(["a", "b"]),
        st.integers(0, 600),
        st.integers(1, 60),
    ),
    max_size=8,
    unique_by=lambda item: (item.key, item.at_ms),
)


def _run(plan: Plan) -> tuple[tuple[Transition, ...], list[Told]]:
    with ReplayRun(Header(clock="virtual"), plan, ReplaySettings()) as run:
        told = [(at_ms, one) for at_ms in run.steps(walk()) for one in run.new_notifications()]
        return run.result(()).transitions, told


def _with_rule(**changed: object) -> Plan:
    return msgspec.structs.replace(PLAN, rules=(msgspec.structs.replace(PLAN.rules[0], **changed), PLAN.rules[1]))


def test_a_run_does_not_differ_from_itself() -> None:
    run = _run(PLAN)

    found = diff_of(run, run)

    assert not found
    assert len(found.alerts) == 2
    assert len(found.notifications) == len(run[1]) == 4


def test_a_rule_that_never_fires_loses_its_alerts_and_what_was_told_of_them() -> None:
    before, after = _run(PLAN), _run(_with_rule(above=1_000.0))

    lost, gained = diff_of(before, after), diff_of(after, before)

    assert [(pair.shown.what, pair.kinds) for pair in lost.alerts if pair.kinds] == [
        ("acme/pump-1 temperature_celsius: too_hot", (Kind.LOST,))
    ]
    assert [pair.kinds for pair in lost.notifications if pair.kinds] == [(Kind.LOST,)] * 2
    assert [pair.kinds for pair in gained.alerts if pair.kinds] == [(Kind.ADDED,)]


@pytest.mark.parametrize(
    ("changed", "kinds"),
    [
        ({"for_ms": 2 * MINUTE_MS}, (Kind.LATER,)),
        ({"severity": Severity.INFO}, (Kind.SEVERITY,)),
        ({"clear_ms": 2 * MINUTE_MS}, (Kind.ENDS_LATER,)),
    ],
)
def test_an_alert_that_moved_is_the_same_alert(changed: dict[str, object], kinds: tuple[Kind, ...]) -> None:
    before, after = _run(PLAN), _run(_with_rule(**changed))

    there, back = diff_of(before, after), diff_of(after, before)

    assert [pair.kinds for pair in there.alerts if pair.kinds] == [kinds]
    opposite = {Kind.LATER: Kind.EARLIER, Kind.ENDS_LATER: Kind.ENDS_EARLIER}
    assert [pair.kinds for pair in back.alerts if pair.kinds] == [tuple(opposite.get(kind, kind) for kind in kinds)]
    assert there.notifications


@given(before=items, after=items)
@settings(max_examples=60, deadline=None)
def test_every_item_of_both_runs_is_in_exactly_one_pair(before: list[Item], after: list[Item]) -> None:
    pairs = matched(before, after)

    assert sorted(map(repr, (pair.before for pair in pairs if pair.before))) == sorted(map(repr, before))
    assert sorted(map(repr, (pair.after for pair in pairs if pair.after))) == sorted(map(repr, after))
    assert all(pair.before.key == pair.after.key for pair in pairs if pair.before and pair.after)


def test_alerts_of_one_rule_are_matched_with_the_closest_and_far_ones_not_at_all() -> None:
    def at(*minutes: int) -> list[Item]:
        return [Item(("a",), "what", m * MINUTE_MS, m * MINUTE_MS + 1, "warning") for m in minutes]

    pairs = matched(at(0, 40, 300), at(38, 3, 300 + HOUR_MS // MINUTE_MS + 1))

    assert [pair.shift_ms and pair.shift_ms // MINUTE_MS for pair in pairs] == [3, -2, None, None]


def test_an_alert_that_is_still_open_ends_after_any_other() -> None:
    open_one, ended = Item(("a",), "what", 0, None, "info"), Item(("a",), "what", 0, 5, "info")

    assert Pair(open_one, ended).kinds == (Kind.ENDS_EARLIER,)
    assert Pair(open_one, open_one).kinds == ()
