"""Devices that the plan names and that never send anything: told once, and over with their first reading."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from anomaly.health import Health, health_of
from anomaly.state import decode, encode
from tests.anomaly.specimens import MINUTE_MS, START_MS, Echo, Pane, Stage, batch, plan_of
from tocsin.core.columns import PaneKind
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.expected import expected_keys, wants_ticks
from tocsin.core.plan.known import DevicePlan, SourcePlan
from tocsin.core.plan.model import LimitsRule, MissingRule, Plan, plan_hash
from tocsin.core.plan.modes import Mode
from tocsin.core.plan.warnings import plan_warnings

SILENT = MissingRule(name="silent", factor=4.0, floor_ms=5 * MINUTE_MS)
NAMED = DevicePlan("pump-7", "acme", "north", "pump", "gw-1")
PLAN = plan_of(SILENT, devices=(NAMED, DevicePlan("pump-*", "acme")), groups=1)
OTHER = plan_of(SILENT, devices=(DevicePlan("pump-*", "acme"),), groups=1)
ROUNDS = 40


def told(moved: list[Transition]) -> list[tuple[str, Phase, int]]:
    return [(one.device, one.phase, (one.at_ms - START_MS) // MINUTE_MS) for one in moved]


def ticked(stage: Stage, minutes: range, plan: Plan | None = None) -> list[Transition]:
    named = plan_hash(plan) if plan else ""
    return [one for minute in minutes for one in stage.feed(tick=minute, plan_hash=named)]


def test_named_device_that_never_sends_is_told_once_after_factor_times_the_floor() -> None:
    moved = ticked(Stage(PLAN), range(200))

    assert told(moved) == [("pump-7", Phase.FIRING, 21)]
    assert moved[0].summary == (
        "pump-7 has never sent anything, awaited since 10:00 UTC, for 21 min, expected within 20 min"
        " (missing data silent)"
    )
    assert (moved[0].gateway, moved[0].site, moved[0].evidence.parts) == ("gw-1", "north", {"never_seen": 1.0})


@pytest.mark.parametrize("kind", [PaneKind.ON_TIME, PaneKind.EARLY])
def test_first_reading_ends_it_and_from_then_on_the_device_is_one_like_others(kind: PaneKind) -> None:
    stage = Stage(PLAN)
    ticked(stage, range(30))

    moved = stage.feed(Pane(29, kind=kind, rule="silent" if kind is PaneKind.EARLY else ""), tick=30)

    assert told(moved) == [("pump-7", Phase.RESOLVED, 29)]
    assert moved[0].summary == "the first data came (missing data silent) after 8 min 50 s"
    assert ticked(stage, range(31, 120)) == [], "it has shown no cadence yet"


def test_device_that_sends_in_time_is_never_told() -> None:
    stage = Stage(PLAN)
    ticked(stage, range(15))
    stage.feed(Pane(15))

    assert ticked(stage, range(16, 90)) == []
    assert stage.state.device_keys == ["acme#pump-7"]


def test_time_without_ticks_was_not_watched_and_does_not_count() -> None:
    stage = Stage(PLAN)
    ticked(stage, range(10))

    assert told(ticked(stage, range(100, 160))) == [("pump-7", Phase.FIRING, 121)]


def test_device_that_a_later_plan_names_is_awaited_from_then_on() -> None:
    stage = Stage(OTHER, [PLAN])
    ticked(stage, range(50))

    assert told(ticked(stage, range(50, 90), PLAN)) == [("pump-7", Phase.FIRING, 71)]


def test_device_that_the_plan_does_not_name_any_more_is_no_longer_told() -> None:
    stage = Stage(PLAN, [OTHER])
    ticked(stage, range(30))

    assert told(ticked(stage, range(30, 60), OTHER)) == [("pump-7", Phase.RESOLVED, 30)]
    stage.state = decode(encode(stage.state), Echo())
    assert ticked(stage, range(60, 120), OTHER) == []
    for minute in range(120, 140):
        stage.feed(Pane(minute - 1), tick=minute)
    assert told(ticked(stage, range(140, 180))) == [("pump-7", Phase.FIRING, 146)], "once heard of it is judged again"


def test_alert_about_a_device_that_never_comes_expires() -> None:
    plan = structs.replace(PLAN, timing=structs.replace(PLAN.timing, expire_ms=60 * MINUTE_MS))

    assert told(ticked(Stage(plan), range(200))) == [("pump-7", Phase.FIRING, 21), ("pump-7", Phase.EXPIRED, 60)]


def test_rule_that_a_mode_switches_awaits_while_the_mode_is_on() -> None:
    rule = structs.replace(SILENT, when=("shift",))
    plan = structs.replace(PLAN, rules=(rule,), modes=(Mode("shift", from_time="11:00", until_time="12:00"),))

    assert told(ticked(Stage(plan), range(200))) == [("pump-7", Phase.FIRING, 60)]


def test_health_says_that_a_device_was_never_seen() -> None:
    stage = Stage(PLAN)
    ticked(stage, range(3))

    assert health_of(stage.state, PLAN.timing, 0) is Health.NEVER_SEEN


@pytest.mark.parametrize(
    ("entry", "sources", "key"),
    [
        pytest.param(DevicePlan("pump-7", "acme"), (), "acme#pump-7", id="named with its tenant"),
        pytest.param(DevicePlan("pump-7"), (SourcePlan("q", "acme"),), "acme#pump-7", id="all sources are one's"),
        pytest.param(
            DevicePlan("pump-7", "a*"), (SourcePlan("q", "acme"), SourcePlan("r", "b")), "acme#pump-7", id="x"
        ),
        pytest.param(
            DevicePlan("pump-7"), (SourcePlan("q", "acme"), SourcePlan("r", "b")), "", id="could be several's"
        ),
        pytest.param(DevicePlan("pump-7"), (), "", id="could be anybody's"),
        pytest.param(DevicePlan("pump-?", "acme"), (), "", id="a pattern"),
    ],
)
def test_device_is_expected_where_id_and_tenant_are_certain(
    entry: DevicePlan, sources: tuple[SourcePlan, ...], key: str
) -> None:
    plan = plan_of(SILENT, devices=(entry,), sources=sources, groups=1)

    assert expected_keys(plan) == ((key,) if key else (),)
    ambiguous = [one for one in plan_warnings(plan) if one.startswith("device pump-7: ")]
    assert len(ambiguous) == (not key and entry.match == "pump-7")


def test_device_is_expected_in_its_own_group_once_and_where_some_rule_listens() -> None:
    plan = plan_of(SILENT, devices=(NAMED, NAMED, DevicePlan("pump-*")), groups=4)

    assert sorted(key for group in expected_keys(plan) for key in group) == ["acme#pump-7"]
    assert [wants_ticks(plan, group) for group in range(4)].count(True) == 1
    assert expected_keys(plan_of(LimitsRule(name="hot", above=1.0), devices=(NAMED,), groups=1)) == ((),)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1 << 32).map(Random))
def test_any_split_with_saves_and_any_suffix_again_tell_the_same(chance: Random) -> None:
    batches = []
    first = chance.randrange(1, ROUNDS)
    for minute in range(ROUNDS):
        panes = [Pane(minute, device=f"acme#pump-{chance.choice([7, 8])}")] if minute >= first else []
        named = plan_hash(OTHER if minute > chance.randrange(20, 60) else PLAN)
        batches.append(batch(minute + 1, panes, tick=minute + 1 if chance.randrange(8) else None, plan_hash=named))
    batches = [one if one.tick_ms else replace(one, plan_hash="") for one in batches]
    whole, split = Stage(PLAN, [OTHER]), Stage(PLAN, [OTHER])
    wanted, found, left = whole.fold(batches), [], list(batches)

    while left:
        size = chance.randrange(1, 6)
        found += split.fold(left[:size])
        split.state = decode(encode(split.state), Echo())
        left = left[size:]

    assert (found, encode(split.state)) == (wanted, encode(whole.state))
    assert split.fold(batches[chance.randrange(ROUNDS) :]) == []
    assert encode(split.state) == encode(whole.state)
