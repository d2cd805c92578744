"""The law of the stage: how panes were cut into batches and calls leaves no trace."""

from dataclasses import dataclass, replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.state import GroupState, decode, encode, initial
from anomaly.step import decode_transition, step
from tests.anomaly.specimens import FLOW, LOW_FLOW, MINUTE_MS, START_MS, Echo, Pane, batch, plan_of
from tocsin.core.columns import PaneBatch, PaneKind
from tocsin.core.messages import Transition
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import (
    AdaptiveRule,
    DriftRule,
    FlatlineRule,
    LimitsRule,
    MissingRule,
    MultivariateRule,
    Plan,
    QualityRule,
    RateRule,
    encode_plan,
    plan_hash,
)
from tocsin.core.plan.modes import Mode

KINDS = (
    LOW_FLOW,
    LimitsRule(name="slow-to-fire", above=60.0, for_ms=2 * MINUTE_MS, clear_ms=MINUTE_MS),
    RateRule(name="fast", rise_per_s=0.5, fall_per_s=0.5),
    FlatlineRule(name="flat", flat_ms=3 * MINUTE_MS),
    DriftRule(name="level", learn_ms=30 * MINUTE_MS),
    AdaptiveRule(name="adaptive", metric=FLOW, threshold=50.0),
    MultivariateRule(name="joint"),
)
MODES = (
    Mode("warm", metric="air_celsius", above=24.8),
    Mode("half", from_time="10:00", until_time="10:12", settle_ms=2 * MINUTE_MS),
    Mode("wild", metric="flow_lpm", below=24.0),
)
SWITCHED = (
    LimitsRule(name="low-when-warm", metric=FLOW, below=25.2, hysteresis=0.3, when=("warm",)),
    RateRule(name="fast-unless", rise_per_s=0.1, unless=("warm", "half")),
    FlatlineRule(name="flat-when", flat_ms=2 * MINUTE_MS, unless=("half",)),
    AdaptiveRule(name="modal", metric=FLOW, threshold=25.7, baselines=("warm", "half")),
    DriftRule(name="modal-level", learn_ms=30 * MINUTE_MS, baselines=("wild",)),
    MissingRule(name="silent-when", factor=2.0, floor_ms=2 * MINUTE_MS, when=("half",)),
)
SILENT = MissingRule(name="silent", factor=2.0, floor_ms=2 * MINUTE_MS, clear_ms=30_000)
NO_METRIC = MissingRule(name="no-metric", scope="metric", factor=2.0, floor_ms=2 * MINUTE_MS)
QUALITY = (
    QualityRule(name="impossible", metric="air_celsius"),
    QualityRule(name="unit", check="unit"),
    QualityRule(name="clock", check="clock", tolerance_ms=MINUTE_MS),
    QualityRule(name="told-twice", check="time"),
)
PLAN = plan_of(*KINDS, *QUALITY, SILENT, NO_METRIC, *SWITCHED, modes=MODES)
OTHER = plan_of(
    RateRule(name="fast", rise_per_s=2.0), SILENT, LimitsRule(name="new", above=30.0), SWITCHED[3], modes=MODES[:2]
)


@dataclass(frozen=True)
class TickAt:
    minute: float
    plan: Plan


NAMES = [(device, metric) for device in ("acme#a", "acme#b", "b#a") for metric in (FLOW, "air_celsius")]
MOODS = {
    "calm": [25.0, 25.5, 26.0],
    "wild": [10.0, 25.0, 70.0, 130.0, -1.0],
    "stuck": [25.0],
    "absent": [None],
}
HISTORY_MINUTES = 24


@st.composite
def moods(draw: st.DrawFn) -> list[str]:
    """Return a mood a minute, in stretches: most kinds of anomaly need a while."""
    stretches = st.tuples(st.sampled_from(sorted(MOODS)), st.integers(1, 14))
    chosen = ["calm"] * 6
    while len(chosen) < HISTORY_MINUTES:
        mood, length = draw(stretches)
        chosen += [mood] * length
    return chosen[:HISTORY_MINUTES]


@st.composite
def histories(draw: st.DrawFn) -> list[Pane | TickAt]:
    """Return panes and ticks in an order in which the processors stage could have sent them."""
    chance = draw(st.randoms(use_true_random=False))
    devices = {device: draw(moods()) for device, _ in NAMES}
    series = {name: draw(moods()) for name in NAMES}
    switch = draw(st.integers(8, 60))
    events: list[Pane | TickAt] = []
    for minute in range(draw(st.integers(1, HISTORY_MINUTES))):
        for device, metric in chance.sample(NAMES, len(NAMES)):
            mood = "absent" if devices[device][minute] == "absent" else series[device, metric][minute]
            events += panes_of(device, metric, minute, chance.choice(MOODS[mood]), chance.choice([0.0, 0.5]))
        if not chance.randrange(10):
            events.append(Pane(minute, 10.0, kind=PaneKind.REVISION))
        if chance.randrange(6):
            events.append(TickAt(minute + 1.5, OTHER if minute >= switch else PLAN))
    return events


def panes_of(device: str, metric: str, minute: int, mean: float | None, spread: float) -> list[Pane]:
    """Return the pane of the minute, and an early one where a limit is crossed; none where there is no mean."""
    if mean is None:
        return []
    pane = Pane(minute, mean, device, metric, spread=0.0 if mean == MOODS["stuck"][0] else spread)
    if mean != 10.0 or metric != FLOW:
        return [pane]
    at_ms = START_MS + minute * MINUTE_MS + 1_000
    return [Pane(minute, mean, device, metric, PaneKind.EARLY, count=1, rule="low-flow", first_ms=at_ms), pane]


def split(events: list[Pane | TickAt], cuts: set[int]) -> list[PaneBatch]:
    """Return the batches when a batch ends before each cut, and after each tick."""
    batches: list[PaneBatch] = []
    panes: list[Pane] = []
    for place, event in enumerate(events):
        if place in cuts and panes:
            batches.append(batch(len(batches) + 1, panes))
            panes = []
        if isinstance(event, Pane):
            panes.append(event)
        else:
            named = plan_hash(event.plan)
            batches.append(batch(len(batches) + 1, panes, tick=event.minute, plan_hash=named))
            panes = []
    return [*batches, batch(len(batches) + 1, panes)]


def fold(calls: list[list[PaneBatch]], *, through_bytes: bool) -> tuple[GroupState, list[Transition]]:
    """Fold the calls one after the other, each from the saved bytes if asked for."""
    plans = PlanBook(PLAN, {plan_hash(plan): encode_plan(plan) for plan in (PLAN, OTHER)}.get)
    state, told = initial(Echo()), []
    for call in calls:
        done = step(state, tuple(call), plans=plans, detector=Echo())
        assert done.rest is None
        state = decode(encode(done.state), Echo()) if through_bytes else done.state
        told += [decode_transition(entry) for entry in done.emitted]
    return state, told


def unfenced(state: GroupState) -> bytes:
    """Return the state's bytes without what depends on how the batches were cut."""
    return encode(replace(state, fence={}))


def positions_hidden(told: list[Transition]) -> list[Transition]:
    """Return the transitions without positions, which the specimens number within their batch."""
    return [replace(each, evidence=replace(each.evidence, position="")) for each in told]


@settings(max_examples=25, deadline=None)
@given(histories(), st.randoms(use_true_random=False), st.sampled_from([0.1, 0.5, 1.0]), st.booleans())
def test_any_split_into_batches_gives_the_same_transitions_and_the_same_bytes(
    events: list[Pane | TickAt], chance: Random, density: float, through_bytes: bool
) -> None:
    cuts = {place for place in range(len(events)) if chance.random() < density}
    whole, parts = split(events, set()), split(events, cuts)

    state, told = fold([whole], through_bytes=False)
    state_of_parts, told_of_parts = fold([[part] for part in parts], through_bytes=through_bytes)

    assert positions_hidden(told_of_parts) == positions_hidden(told)
    assert unfenced(state_of_parts) == unfenced(state)


@settings(max_examples=10, deadline=None)
@given(histories(), st.integers(0, 30))
def test_replaying_any_suffix_changes_nothing(events: list[Pane | TickAt], begin: int) -> None:
    batches = split(events, set(range(0, 200, 3)))
    state, _ = fold([batches], through_bytes=False)

    again = step(state, tuple(batches[begin:]), plans=PlanBook(PLAN), detector=Echo())

    assert again.state is state
    assert again.emitted == ()


@settings(max_examples=10, deadline=None)
@given(histories())
def test_transitions_of_a_fingerprint_are_numbered_and_linked(events: list[Pane | TickAt]) -> None:
    _, told = fold([split(events, set())], through_bytes=False)
    chains: dict[str, list[Transition]] = {}
    for each in told:
        chains.setdefault(each.fingerprint, []).append(each)

    for chain in chains.values():
        assert [each.number for each in chain] == list(range(1, len(chain) + 1))
        assert [each.phase_from for each in chain[1:]] == [each.phase for each in chain[:-1]]
        assert [each.at_ms for each in chain] == sorted(each.at_ms for each in chain)
