"""Peers: a device is compared with its cohort, whose members live in all key groups."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from anomaly.cohort_step import step_cohorts
from anomaly.detectors import peers
from anomaly.regroup import carried
from anomaly.state import GroupState, decode, encode, initial
from anomaly.step import decode_transition
from tests.anomaly.specimens import MINUTE_MS, START_MS, Echo, Pane, batch, plan_of
from tocsin.core.columns import PaneBatch, PaneKind
from tocsin.core.errors import UnavailableError
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.known import DevicePlan
from tocsin.core.plan.model import LimitsRule, PeersRule, Plan, encode_plan, plan_hash

AIR = "air_celsius"
APART = PeersRule(name="apart", metric=AIR, members_min=3, threshold=5.0, wait_ms=2 * MINUTE_MS, for_ms=MINUTE_MS)
DEVICES = (DevicePlan("n-*", "*", "north", "room"), DevicePlan("s-*", "*", "south", "room"))
PLAN = plan_of(APART, LimitsRule(name="hot", metric=AIR, above=90.0), devices=DEVICES, groups=2)
OTHER = plan_of(LimitsRule(name="hot", metric=AIR, above=90.0), devices=DEVICES, groups=2)
ROOMS = tuple(f"acme#n-{place}" for place in range(6))


def room(minute: int, mean: float, place: int = 0, **more: object) -> Pane:
    return Pane(minute, mean, ROOMS[place], AIR, **more)  # type: ignore[arg-type]


@dataclass(slots=True)
class Cohorts:
    """The step with its state; each batch is of one key group, which numbers its own."""

    plan: Plan = PLAN
    others: Sequence[Plan] = (OTHER,)
    state: GroupState = field(default_factory=lambda: initial(Echo()))
    numbers: dict[int, int] = field(default_factory=dict)

    def fold(self, batches: Sequence[PaneBatch]) -> list[Transition]:
        known = {plan_hash(plan): encode_plan(plan) for plan in self.others}
        done = step_cohorts(self.state, tuple(batches), plans=PlanBook(self.plan, known.get), detector=Echo())
        assert done.rest is None
        self.state = done.state
        return [decode_transition(entry) for entry in done.emitted]

    def feed(
        self, *panes: Pane, tick: float | None = None, group: int = 0, plan: Plan | None = None
    ) -> list[Transition]:
        self.numbers[group] = self.numbers.get(group, 0) + 1
        named = plan_hash(plan or self.plan) if tick is not None else ""
        return self.fold([replace(batch(self.numbers[group], panes, tick=tick, plan_hash=named), group=group)])

    def minute(self, minute: int, *means: float) -> list[Transition]:
        """Fold one window of each room, half of them from each group, and the ticks behind them."""
        panes = [room(minute, mean, place) for place, mean in enumerate(means)]
        moved = self.feed(*panes[::2], tick=minute + 1.5, group=0)
        return moved + self.feed(*panes[1::2], tick=minute + 1.5, group=1)


def swing(minute: int) -> list[float]:
    """Return what six rooms show as the weather moves all of them."""
    return [20.0 + 0.5 * minute + 0.2 * place for place in range(6)]


def test_swing_that_all_members_share_tells_nothing() -> None:
    cohorts = Cohorts()

    moved = [one for minute in range(60) for one in cohorts.minute(minute, *swing(minute))]

    assert moved == []
    assert len(cohorts.state.alerts) == 0


def test_member_that_leaves_the_others_slowly_is_told_and_comes_back() -> None:
    cohorts = Cohorts()
    moved = []
    for minute in range(60):
        means = swing(minute)
        means[2] -= min(minute, 40 - minute) * 0.2 if minute < 40 else 0.0
        moved += cohorts.minute(minute, *means)

    assert [(one.device, one.phase) for one in moved] == [
        ("n-2", Phase.PENDING), ("n-2", Phase.FIRING), ("n-2", Phase.RESOLVED),
    ]  # fmt: skip
    assert "is below its peers, 6 of its type and site: expected" in moved[1].summary
    assert moved[2].summary == "air 32.7 °C is among its peers again (peers apart) after 11 min"
    assert moved[1].evidence.parts["members"] == 6.0
    assert moved[1].evidence.expected_low is not None
    assert moved[1].evidence.value < moved[1].evidence.expected_low
    assert moved[1].evidence.panes[-1].end_ms == moved[1].at_ms


def test_window_is_judged_once_the_ticks_of_all_groups_have_passed_its_wait() -> None:
    cohorts = Cohorts(plan_of(structs.replace(APART, for_ms=1), devices=DEVICES, groups=2))
    cohorts.feed(*(room(0, 20.0 + place / 10, place) for place in range(5)), tick=1)
    cohorts.feed(room(0, 40.0, 5), tick=1, group=1)

    assert cohorts.feed(tick=3) == []
    assert cohorts.feed(tick=2.9, group=1) == []
    assert [one.device for one in cohorts.feed(tick=3, group=1)] == ["n-5"]


def test_window_that_comes_behind_its_own_groups_tick_is_left_out_whatever_others_wait_for() -> None:
    cohorts = Cohorts()
    cohorts.feed(*(room(0, 20.0 + place / 10, place) for place in range(3)), tick=1)
    cohorts.feed(tick=4)

    cohorts.feed(room(0, 40.0, 4))

    assert cohorts.state.counts == {"peers_late": 1}
    assert len(cohorts.state.held) == 3


def test_group_that_is_never_heard_of_is_not_waited_for_for_ever() -> None:
    cohorts = Cohorts()
    for minute in range(12):
        cohorts.feed(*(room(minute, 20.0 + place / 10, place) for place in range(3)), tick=minute + 1)

    assert len(cohorts.state.held) == 3 * 2
    assert cohorts.state.tick_ms == START_MS + 12 * MINUTE_MS


def test_too_few_members_judge_nobody() -> None:
    cohorts = Cohorts()

    moved = [one for minute in range(10) for one in cohorts.minute(minute, 20.0, 90.0)]

    assert (moved, len(cohorts.state.held)) == ([], 2 * 2)


@pytest.mark.parametrize(
    ("cohort", "told"),
    [pytest.param("site", [], id="three a site"), pytest.param("type", ["s-2"], id="all of a type")],
)
def test_cohort_is_a_type_at_a_site_or_everywhere(cohort: str, told: list[str]) -> None:
    rule = structs.replace(APART, cohort=cohort, members_min=4, for_ms=1)
    cohorts = Cohorts(plan_of(rule, devices=DEVICES, groups=1))
    means = {"acme#n-0": 20.0, "acme#n-1": 20.1, "acme#n-2": 20.2, "acme#s-0": 20.0, "acme#s-1": 20.1, "acme#s-2": 30.0}
    strange = {"acme#x-1": 90.0, "other#n-1": 90.0}  # no type, another tenant

    panes = [Pane(0, mean, device, AIR) for device, mean in {**means, **strange}.items()]
    moved = cohorts.feed(*panes, tick=1) + cohorts.feed(tick=3)

    assert [one.device for one in moved] == told


@pytest.mark.parametrize(
    ("means", "told"),
    [
        pytest.param([20.0, 20.0, 20.0, 20.0, 20.0, 25.0], {"n-5"}, id="all agree but one"),
        pytest.param([0.0, 0.0, 0.0, 0.0, 0.0, 0.0], set(), id="all agree"),
        pytest.param([20.0, 20.0, 20.0, 20.0, 21.0, 21.0], set(), id="a third is elsewhere"),
        pytest.param([1e300, -1e300, 1e300, -1e300, 0.0, 1.0], set(), id="as far apart as numbers go"),
    ],
)
def test_cohort_whose_members_agree_to_the_digit_is_judged_too(means: list[float], told: set[str]) -> None:
    cohorts = Cohorts(plan_of(structs.replace(APART, for_ms=1), devices=DEVICES, groups=2))

    moved = [one for minute in range(4) for one in cohorts.minute(minute, *means)]

    assert {one.device for one in moved} == told


def test_departure_within_the_tolerance_counts_as_none() -> None:
    rule = structs.replace(APART, tolerance=2.0, for_ms=1)
    cohorts = Cohorts(plan_of(rule, devices=DEVICES, groups=2))
    means = [20.0, 20.0, 20.0, 20.01, 21.9, 22.1]

    moved = [one for minute in range(4) for one in cohorts.minute(minute, *means)]

    assert {one.device for one in moved} == {"n-5"}


def test_rule_that_leaves_the_plan_withdraws_its_alerts() -> None:
    cohorts = Cohorts()
    for minute in range(8):
        cohorts.minute(minute, *swing(minute)[:5], 60.0)

    moved = cohorts.feed(tick=10, plan=OTHER) + cohorts.feed(tick=10, group=1, plan=OTHER)

    assert [(one.device, one.phase) for one in moved] == [("n-5", Phase.RESOLVED)]
    assert len(cohorts.state.held) == 0


def test_alerts_of_a_member_that_is_gone_expire() -> None:
    plan = with_timing(expire_ms=20 * MINUTE_MS)
    cohorts = Cohorts(plan)
    for minute in range(8):
        cohorts.minute(minute, *swing(minute)[:5], 60.0)

    moved = [one for minute in range(8, 40) for one in cohorts.minute(minute, *swing(minute)[:5])]

    assert [(one.device, one.phase) for one in moved] == [("n-5", Phase.EXPIRED)]


def with_timing(**timing: int) -> Plan:
    return structs.replace(PLAN, timing=structs.replace(PLAN.timing, **timing))


def test_tick_that_names_an_unknown_plan_waits_for_it() -> None:
    cohorts = Cohorts(others=())

    with pytest.raises(UnavailableError, match="not published"):
        cohorts.feed(tick=1, plan=OTHER)


def test_what_waits_is_bounded_where_no_tick_comes() -> None:
    cohorts = Cohorts()
    for minute in range(200):
        cohorts.feed(room(minute, 20.0), room(minute, 20.0, 1))

    assert len(cohorts.state.held) == 2 * 64
    assert cohorts.state.counts == {"peers_refused": 2 * 136}


def test_early_panes_and_revisions_are_not_compared() -> None:
    cohorts = Cohorts()

    cohorts.feed(room(0, 1.0, kind=PaneKind.REVISION), room(0, 2.0, kind=PaneKind.EARLY, rule="hot"), tick=1)

    assert (len(cohorts.state.held), len(cohorts.state.series)) == (0, 0)


finite = st.floats(-1e6, 1e6, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(finite, min_size=1, max_size=12), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_medians_are_those_of_the_library_whatever_the_order(cohorts: list[list[float]], chance: Random) -> None:
    members = [(code, value) for code, values in enumerate(cohorts) for value in values]
    chance.shuffle(members)

    found = peers.medians(np.array([value for _, value in members]), np.array([code for code, _ in members]))

    assert found.tolist() == pytest.approx([median(values) for values in cohorts])


@st.composite
def histories(draw: st.DrawFn) -> dict[int, list[PaneBatch]]:
    """Return what each of two groups sends, in its order."""
    chance = draw(st.randoms(use_true_random=False))
    apart = chance.randrange(6)
    switch = chance.randrange(4, 60)
    sent: dict[int, list[PaneBatch]] = {0: [], 1: []}
    for minute in range(draw(st.integers(4, 18))):
        panes: dict[int, list[Pane]] = {0: [], 1: []}
        for place in range(6):
            when = minute - chance.choice([0, 0, 0, 0, 2, 5])
            mean = 20.0 + minute + chance.random() + (30.0 if place == apart and 3 < minute < 12 else 0.0)
            if chance.randrange(8) and when >= 0:
                panes[place % 2].append(room(when, mean, place))
        named = plan_hash(OTHER if minute >= switch else PLAN)
        for group, mine in panes.items():
            for last, cut in ((False, mine[:1]), (True, mine[1:])):
                tick = minute + 1.5 if last else None
                sent[group].append(
                    replace(batch(len(sent[group]) + 1, cut, tick=tick, plan_hash=named if last else ""), group=group)
                )
    return sent


def merged(sent: dict[int, list[PaneBatch]], chance: Random, lead_max: int) -> list[PaneBatch]:
    """Return the batches of both groups in some order that keeps each group's; one leads by some minutes at most."""
    left = {group: list(batches) for group, batches in sent.items()}
    order = []
    while any(left.values()):
        ahead = len(left[0]) - len(left[1])
        choice = (
            1 if ahead <= -lead_max or not left[0] else 0 if ahead >= lead_max or not left[1] else chance.choice([0, 1])
        )
        order.append(left[choice].pop(0))
    return order


@settings(max_examples=20, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_whose_panes_are_read_first_moves_no_alert(sent: dict[int, list[PaneBatch]], chance: Random) -> None:
    straight, other = Cohorts(), Cohorts()

    told = straight.fold(merged(sent, chance, 1))

    assert other.fold(merged(sent, chance, 16)) == told


@settings(max_examples=20, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_any_split_into_calls_with_a_save_after_each_gives_the_same_state_and_alerts(
    sent: dict[int, list[PaneBatch]], chance: Random
) -> None:
    batches, once, split = merged(sent, chance, 8), Cohorts(), Cohorts()
    whole, parts = once.fold(batches), []

    while batches:
        size = chance.randrange(1, 5)
        parts += split.fold(batches[:size])
        split.state = decode(encode(split.state), Echo())
        batches = batches[size:]

    assert parts == whole
    assert encode(split.state) == encode(once.state)


@settings(max_examples=20, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_replay_of_any_suffix_changes_nothing(sent: dict[int, list[PaneBatch]], chance: Random) -> None:
    batches, cohorts = merged(sent, chance, 8), Cohorts()
    cohorts.fold(batches)
    before = encode(cohorts.state)

    again = cohorts.fold(batches[chance.randrange(len(batches)) :])

    assert (again, encode(cohorts.state)) == ([], before)


def test_another_number_of_key_groups_takes_what_is_known_along() -> None:
    before = Cohorts()
    for minute in range(8):
        before.minute(minute, *swing(minute)[:5], 60.0)
    after = Cohorts(structs.replace(PLAN, groups=4, generation=2), state=carried(before.state))
    after.state.plan_hash = plan_hash(after.plan)

    moved = []
    for minute in range(8, 16):
        for group in range(4):
            rooms = [room(minute, swing(minute)[place], place) for place in range(group, 6, 4)]
            named = plan_hash(after.plan)
            own = batch(minute - 7, rooms, tick=minute + 1.5, plan_hash=named)
            moved += after.fold([replace(own, group=group, generation=2)])

    assert [(one.device, one.phase, one.number) for one in moved] == [("n-5", Phase.RESOLVED, 3)]
