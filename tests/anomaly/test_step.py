"""The step: order, fence, plans, bounds, and what is told of each move."""

from dataclasses import replace

import numpy as np
import pytest

from anomaly.contract import Detector
from anomaly.detectors.adaptive import Adaptive
from anomaly.folding import EMITTED_BYTES_MAX
from anomaly.lifecycle import Signal
from anomaly.state import encode, initial
from anomaly.step import decode_transition, step
from tests.anomaly.specimens import FLOW, LOW_FLOW, MINUTE_MS, PUMP, START_MS, Echo, Pane, Stage, batch, plan_of
from tocsin.core.columns import PaneKind
from tocsin.core.errors import SequenceGapError, UnavailableError
from tocsin.core.messages import PANES_MAX, PaneEvidence, Phase, Severity
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import AdaptiveRule, Bounds, DevicePlan, LimitsRule, RateRule, plan_hash

HIGH_FLOW = LimitsRule(name="high-flow", metric=FLOW, above=80.0, severity=Severity.CRITICAL)
ADAPTIVE = AdaptiveRule(name="adaptive", threshold=3.3, sure=0.0)
LOW, FINE = 12.1, 25.0


def test_transition_says_who_what_where_since_when_and_why() -> None:
    pump = DevicePlan(match="pump-*", site="north", type="pump", gateway="gw-1")
    plan = plan_of(LOW_FLOW, devices=(pump,))
    stage = Stage(plan)

    (fired,) = stage.feed_means(FINE, FINE, LOW)

    assert (fired.tenant, fired.device, fired.metric, fired.rule) == ("acme", "pump-7", FLOW, "low-flow")
    assert (fired.kind, fired.severity, fired.fingerprint) == ("limits", Severity.WARNING, "9ac34d4d1e3b87ae")
    assert (fired.site, fired.device_type, fired.gateway, fired.unit) == ("north", "pump", "gw-1", "l/min")
    assert (fired.phase_from, fired.phase, fired.episode, fired.number) == (Phase.INACTIVE, Phase.FIRING, 1, 1)
    assert fired.at_ms == fired.since_ms == START_MS + 3 * MINUTE_MS
    assert fired.summary == "flow 12.1 l/min is below 20 l/min (limit low-flow) since 10:03 UTC"
    why = fired.evidence
    assert (why.value, why.threshold, why.expected_low, why.expected_high) == (LOW, 20.0, 20.0, None)
    assert (why.plan_hash, why.score, why.position) == (plan_hash(plan), None, "")
    starts = [START_MS + minute * MINUTE_MS for minute in range(3)]
    assert why.panes == tuple(
        PaneEvidence(start, start + MINUTE_MS, 6, mean, mean, mean)
        for start, mean in zip(starts, (FINE, FINE, LOW), strict=True)
    )


def test_evidence_holds_the_newest_panes_oldest_first() -> None:
    stage = Stage(plan_of(LOW_FLOW))

    (fired,) = stage.feed_means(*[FINE + place for place in range(20)], LOW)

    assert [pane.mean for pane in fired.evidence.panes] == [*range(38, 45), LOW]
    assert len(fired.evidence.panes) == PANES_MAX


def test_durations_of_the_rule_are_kept_in_event_time() -> None:
    rule = replace_rule(LOW_FLOW, for_ms=2 * MINUTE_MS, clear_ms=3 * MINUTE_MS)

    moved = Stage(plan_of(rule)).feed_means(LOW, LOW, LOW, FINE, FINE, FINE, FINE, FINE)

    assert [(each.phase, (each.at_ms - START_MS) // MINUTE_MS) for each in moved] == [
        (Phase.PENDING, 1),
        (Phase.FIRING, 3),
        (Phase.RESOLVED, 7),
    ]
    assert [each.number for each in moved] == [1, 2, 3]
    assert {each.since_ms for each in moved} == {START_MS + MINUTE_MS}
    assert moved[0].summary.endswith("since 10:01 UTC, for 2 min before it fires")
    assert moved[2].summary == "flow 25 l/min is back to normal (limit low-flow) after 6 min"


def replace_rule(rule: LimitsRule, **changes: object) -> LimitsRule:
    return LimitsRule(**{name: getattr(rule, name) for name in rule.__struct_fields__} | changes)  # type: ignore[arg-type]


def test_transitions_come_in_the_order_of_panes_then_of_rules() -> None:
    again = replace_rule(LOW_FLOW, name="again")
    stage = Stage(plan_of(again, LOW_FLOW))

    moved = stage.feed(Pane(0, LOW, "acme#b"), Pane(0, LOW, "acme#a"), Pane(1, FINE, "acme#b"))

    assert [(each.device, each.rule, each.number) for each in moved] == [
        ("b", "again", 1),
        ("b", "low-flow", 1),
        ("a", "again", 1),
        ("a", "low-flow", 1),
        ("b", "again", 2),
        ("b", "low-flow", 2),
    ]


def test_copy_of_a_batch_changes_nothing() -> None:
    stage = Stage(plan_of(LOW_FLOW))
    first, second = batch(1, [Pane(0, LOW)]), batch(2, [Pane(1, FINE)], tick=2)
    stage.fold([first, second])
    before = stage.state

    assert stage.fold([first, second, first]) == []
    assert stage.state is before


def test_gap_is_refused_and_leaves_the_state_alone() -> None:
    stage = Stage(plan_of(LOW_FLOW))
    stage.fold([batch(1, [Pane(0, LOW)])])
    before = encode(stage.state)

    with pytest.raises(SequenceGapError, match=r"panes of group 1\.0 go on with number 2, got 3"):
        stage.fold([batch(3, [Pane(2, FINE)])])

    assert encode(stage.state) == before


def test_what_comes_before_a_gap_is_folded_and_the_rest_returned() -> None:
    batches = (batch(1, [Pane(0, LOW)]), batch(3, [Pane(2, FINE)]))

    done = step(Stage(plan_of(LOW_FLOW)).state, batches, plans=PlanBook(plan_of(LOW_FLOW)), detector=Echo())

    assert len(done.emitted) == 1
    assert done.rest == batches[1:]
    assert done.state.fence == {(1, 0): 1}


def test_senders_of_two_generations_are_fenced_apart() -> None:
    stage = Stage(plan_of(LOW_FLOW))
    stage.fold([batch(1), batch(2)])

    stage.fold([replace(batch(1), generation=2)])

    assert stage.state.fence == {(1, 0): 2, (2, 0): 1}


def test_step_leaves_the_state_it_was_given_as_it_was() -> None:
    stage = Stage(plan_of(LOW_FLOW, ADAPTIVE))
    stage.feed_means(FINE, LOW)
    given, before = stage.state, encode(stage.state)

    stage.feed(Pane(2, FINE), Pane(2, LOW, "acme#new"), tick=3)

    assert stage.state is not given
    assert encode(given) == before


def test_many_transitions_are_emitted_in_parts() -> None:
    plan = plan_of(LOW_FLOW)
    devices = [f"acme#d{place}" for place in range(1500)]
    batches = tuple(
        batch(number, [Pane(number, mean, device) for device in devices])
        for number, mean in enumerate([LOW, FINE, LOW], 1)
    )
    state, told = Stage(plan).state, []
    rest: tuple[object, ...] | None = batches
    while rest:
        done = step(state, rest, plans=PlanBook(plan), detector=Echo())  # type: ignore[arg-type]
        assert sum(len(entry.data) for entry in done.emitted[:-1500]) < EMITTED_BYTES_MAX
        told += [decode_transition(entry) for entry in done.emitted]
        state, rest = done.state, done.rest

    assert [each.number for each in told] == [1] * 1500 + [2] * 1500 + [3] * 1500


def test_early_reading_fires_at_once_with_its_position() -> None:
    stage = Stage(plan_of(LOW_FLOW))
    stage.feed(Pane(0))
    at_ms = START_MS + MINUTE_MS + 7_000

    (fired,) = stage.feed(early(1, LOW, at_ms))

    assert (fired.phase, fired.at_ms, fired.since_ms) == (Phase.FIRING, at_ms, at_ms)
    assert (fired.evidence.value, fired.evidence.position) == (LOW, "shard-0:0:0")
    assert [pane.mean for pane in fired.evidence.panes] == [FINE]


def early(minute: int, value: float, at_ms: int, rule: str = "low-flow", device: str = PUMP) -> Pane:
    return Pane(
        minute, value, device, kind=PaneKind.EARLY, rule=rule, count=1, first_ms=at_ms, last_ms=at_ms, size_ms=30_000
    )


@pytest.mark.parametrize(
    ("mean", "phases"),
    [
        pytest.param(LOW, [], id="the pane of its window confirms it"),
        pytest.param(FINE, [Phase.RESOLVED], id="the pane of its window clears it"),
    ],
)
def test_pane_of_the_same_window_judges_an_early_alert(mean: float, phases: list[Phase]) -> None:
    stage = Stage(plan_of(LOW_FLOW))
    stage.feed(early(1, LOW, START_MS + MINUTE_MS + 7_000))

    assert stage.feed(Pane(0, FINE)) == [], "the pane of the window before knows nothing of the reading"
    assert [each.phase for each in stage.feed(Pane(1, mean))] == phases


def test_early_reading_begins_the_time_that_a_rule_waits() -> None:
    rule = replace_rule(LOW_FLOW, for_ms=2 * MINUTE_MS)
    stage = Stage(plan_of(rule))
    at_ms = START_MS + 7_000

    pending = stage.feed(early(0, LOW, at_ms))
    fired = stage.feed_means(LOW, LOW, LOW)

    assert [each.phase for each in pending + fired] == [Phase.PENDING, Phase.FIRING]
    assert (fired[0].since_ms, fired[0].at_ms) == (at_ms, START_MS + 3 * MINUTE_MS)


def test_early_reading_of_a_rule_that_the_plan_no_longer_has_is_counted_only() -> None:
    stage = Stage(plan_of(LOW_FLOW))

    assert stage.feed(early(0, LOW, START_MS, rule="gone")) == []
    assert stage.state.counts == {"early_without_rule": 1}


def test_early_reading_inside_the_limits_of_the_plan_in_force_is_no_breach() -> None:
    assert Stage(plan_of(LOW_FLOW)).feed(early(0, FINE, START_MS)) == []


def test_revision_is_counted_and_not_judged() -> None:
    stage = Stage(plan_of(LOW_FLOW))

    assert stage.feed(Pane(0, LOW, kind=PaneKind.REVISION)) == []
    assert stage.state.counts == {"revisions": 1}
    assert len(stage.state.devices) == 0


def test_window_that_was_judged_already_is_not_judged_again() -> None:
    stage = Stage(plan_of(LOW_FLOW))
    stage.feed_means(FINE, FINE)

    assert stage.feed(Pane(1, LOW), Pane(0, LOW)) == []
    assert stage.state.counts == {"not_newer": 2}


def test_group_that_is_full_judges_those_it_has_and_counts_the_others() -> None:
    stage = Stage(plan_of(LOW_FLOW, bounds=Bounds(devices_per_group_max=1, metrics_max=2)))

    moved = stage.feed(Pane(0, LOW), Pane(0, LOW, "acme#other"), Pane(1, LOW, "acme#other"))

    assert [each.device for each in moved] == ["pump-7"]
    assert stage.state.counts == {"devices_refused": 2}


def test_series_beyond_the_bounds_are_counted() -> None:
    high = LimitsRule(name="high", above=80.0)
    stage = Stage(plan_of(high, bounds=Bounds(devices_per_group_max=1, metrics_max=2)))

    moved = stage.feed(*(Pane(0, 90.0, metric=metric) for metric in ("a", "b", "c", "c")))

    assert [each.metric for each in moved] == ["a", "b"]
    assert stage.state.counts == {"series_refused": 2}


def test_series_that_no_rule_judges_cost_nothing() -> None:
    stage = Stage(plan_of(LOW_FLOW))

    stage.feed(Pane(0, metric="air_celsius"), Pane(0, size_ms=5 * MINUTE_MS))

    assert len(stage.state.series) == 0


def test_rule_looks_at_the_windows_that_it_names() -> None:
    rule = replace_rule(LOW_FLOW, window_ms=5 * MINUTE_MS)

    moved = Stage(plan_of(rule)).feed(Pane(0, LOW), Pane(0, LOW, size_ms=5 * MINUTE_MS))

    assert [each.at_ms for each in moved] == [START_MS + 5 * MINUTE_MS]


def test_new_plan_is_in_force_from_its_tick_on() -> None:
    old, new = plan_of(LOW_FLOW), plan_of(LOW_FLOW, HIGH_FLOW)
    stage = Stage(old, [new])

    before = stage.feed(Pane(0, 90.0), tick=1, plan_hash=plan_hash(new))
    after = stage.feed(Pane(1, 90.0))

    assert before == []
    assert [(each.rule, each.evidence.plan_hash) for each in after] == [("high-flow", plan_hash(new))]


def test_older_tick_of_another_shard_does_not_bring_the_old_plan_back() -> None:
    old, new = plan_of(LOW_FLOW), plan_of(HIGH_FLOW)
    stage = Stage(old, [new])

    stage.feed(tick=10, plan_hash=plan_hash(new))
    stage.feed(tick=9, plan_hash=plan_hash(old), shard="s1")

    assert stage.state.plan_hash == plan_hash(new)


def test_plan_that_is_not_published_yet_holds_up_its_tick_only() -> None:
    stage = Stage(plan_of(LOW_FLOW))
    batches = (batch(1, [Pane(0, LOW)]), batch(2, tick=1, plan_hash="0123456789abcdef"))

    done = step(stage.state, batches, plans=PlanBook(stage.plan), detector=Echo())

    assert (len(done.emitted), done.rest) == (1, batches[1:])
    with pytest.raises(UnavailableError):
        step(done.state, batches[1:], plans=PlanBook(stage.plan), detector=Echo())


def test_rule_that_leaves_the_plan_closes_its_alerts_and_says_so() -> None:
    old, new = plan_of(LOW_FLOW), plan_of(HIGH_FLOW)
    stage = Stage(old, [new])
    stage.feed(Pane(0, LOW, "acme#b"), Pane(0, LOW, "acme#a"), Pane(0, FINE, "acme#c"))

    closed = stage.feed(tick=5, plan_hash=plan_hash(new))

    assert [(each.device, each.rule, each.phase, each.number) for each in closed] == [
        ("b", "low-flow", Phase.RESOLVED, 2),
        ("a", "low-flow", Phase.RESOLVED, 2),
    ]
    assert (closed[0].kind, closed[0].severity, closed[0].at_ms) == ("limits", Severity.WARNING, START_MS + 300_000)
    assert closed[0].evidence.parts == {f"rule_{Signal.WITHDRAWN}": 1.0}
    assert closed[0].summary == "flow: closed because the plan in force has no rule low-flow for it any more"


def test_rule_that_comes_back_goes_on_counting() -> None:
    old, new = plan_of(LOW_FLOW), plan_of(HIGH_FLOW)
    stage = Stage(old, [old, new])
    stage.feed_means(LOW)
    stage.feed(tick=5, plan_hash=plan_hash(new))
    stage.feed(tick=6, plan_hash=plan_hash(old))

    (again,) = stage.feed_means(LOW, start=1)

    assert (again.phase, again.number, again.episode) == (Phase.FIRING, 3, 2)


def test_alerts_of_rules_that_stay_are_not_touched_by_a_new_plan() -> None:
    old, new = plan_of(LOW_FLOW), plan_of(HIGH_FLOW, LOW_FLOW)
    stage = Stage(old, [new])
    stage.feed_means(LOW)

    assert stage.feed(tick=5, plan_hash=plan_hash(new)) == []
    assert [each.number for each in stage.feed_means(FINE, start=1)] == [2]


def test_anomaly_of_several_short_alarms_is_one_episode() -> None:
    # Echo scores the mean; 100 and more is a damped repeat: alert 0, score less 100.
    means = [0.0, 4.0, 0.0, 0.0, 5.0, 104.0, 104.0, 0.0, 4.0, *[0.0] * 10]

    moved = Stage(plan_of(ADAPTIVE)).feed_means(*means)

    assert [each.phase for each in moved] == [Phase.FIRING, Phase.RESOLVED]
    assert moved[1].at_ms - moved[0].at_ms == 13 * MINUTE_MS


def test_adaptive_alert_tells_score_parts_and_expected_band() -> None:
    (fired,) = Stage(plan_of(ADAPTIVE)).feed_means(0.0, 4.0)

    why = fired.evidence
    assert (why.value, why.score, why.threshold, why.parts) == (4.0, 4.0, 3.3, {"novelty": 4.0})
    assert (why.expected_low, why.expected_high) == (3.0, 5.0)
    assert fired.summary == (
        "flow 4 l/min is unusual: expected 3 to 5 l/min, score 4.00, threshold 3.3 (adaptive) since 10:02 UTC"
    )


@pytest.mark.parametrize(
    "means",
    [
        pytest.param([-1.0, -1.0], id="warming up is no breach"),
        pytest.param([104.0, 104.0], id="a damped repeat alone opens no alert"),
    ],
)
def test_adaptive_rule_stays_quiet(means: list[float]) -> None:
    assert Stage(plan_of(ADAPTIVE)).feed_means(*means) == []


@pytest.mark.parametrize("detector", [Echo(), Adaptive()])
def test_readings_as_large_as_numbers_go_are_judged(detector: Detector) -> None:
    plan = plan_of(RateRule(name="fast", rise_per_s=1.0, fall_per_s=1.0), LOW_FLOW, ADAPTIVE)
    stage = Stage(plan, state=initial(detector), detector=detector)

    moved = stage.feed_means(*[1e307, -1e307] * 20, 1e-307, 5e-324, 0.0, 1e307)

    assert {each.rule for each in moved} >= {"fast", "low-flow"}
    assert all(abs(each.evidence.value) < float("inf") for each in moved)
    assert np.isfinite(stage.state.series["cadence_ms"]).all()


def test_alert_rows_are_kept_only_for_alerts_that_moved() -> None:
    stage = Stage(plan_of(LOW_FLOW))

    stage.feed_means(FINE, 21.0, FINE)

    assert len(stage.state.alerts) == 0
