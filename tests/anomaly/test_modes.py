"""Rules that modes switch: another metric or the calendar says when, and against what, they judge."""

from dataclasses import replace
from itertools import chain

import pytest

from anomaly.state import decode, encode
from tests.anomaly.specimens import FLOW, MINUTE_MS, START_MS, Echo, Pane, Stage, plan_of
from tocsin.core.formats.iso_time import iso_ms
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.model import AdaptiveRule, LimitsRule, MissingRule, Plan, Rule
from tocsin.core.plan.modes import Answer, Mode, calendar_answer, metric_answer

SPEED = "speed_rpm"
RUNNING = Mode("running", SPEED, above=100.0)
LOW = LimitsRule(name="low", metric=FLOW, below=20.0, when=("running",))


def plan(*rules: Rule, mode: Mode = RUNNING) -> Plan:
    return plan_of(*rules, modes=(mode,))


def minutes(stage: Stage, *speeds: float | None, flow: float = 10.0, start: int = 0) -> list[Transition]:
    """Feed a window of flow and then one of speed a minute; no speed where it is None."""
    told = []
    for minute, speed in enumerate(speeds, start):
        panes = [Pane(minute, flow), *([] if speed is None else [Pane(minute, speed, metric=SPEED)])]
        told.append(stage.feed(*panes))
    return list(chain.from_iterable(told))


def phases(told: list[Transition]) -> list[Phase]:
    return [moved.phase for moved in told]


def test_rule_is_silent_outside_of_its_mode_and_judges_the_very_window_in_which_the_mode_is_on() -> None:
    stage = Stage(plan(LOW))

    assert minutes(stage, 0.0, 0.0, 0.0) == []
    told = minutes(stage, 1500.0, start=3)

    assert phases(told) == [Phase.FIRING]
    assert told[0].at_ms == START_MS + 4 * MINUTE_MS


def test_alert_clears_when_its_device_leaves_the_mode_and_says_so() -> None:
    stage = Stage(plan(LOW))
    minutes(stage, 1500.0)

    told = minutes(stage, 0.0, start=1)

    assert phases(told) == [Phase.RESOLVED]
    assert "is not judged in the present mode" in told[0].summary


def test_window_in_which_the_mode_changes_neither_breaches_nor_clears() -> None:
    stage = Stage(plan(LOW))
    told = stage.feed(Pane(0, 10.0), Pane(0, 100.0, metric=SPEED, spread=50.0))

    assert told == []
    assert stage.state.counts["mode_unknown"] == 1


def test_nothing_is_judged_before_the_mode_has_settled() -> None:
    stage = Stage(plan(LOW, mode=replace_mode(settle_ms=2 * MINUTE_MS)))

    told = minutes(stage, 0.0, 1500.0, 1500.0, 1500.0)

    assert [moved.at_ms for moved in told] == [START_MS + 4 * MINUTE_MS]


def replace_mode(settle_ms: int) -> Mode:
    return Mode("running", SPEED, above=100.0, settle_ms=settle_ms)


def test_mode_that_is_sent_only_where_it_changes_counts_until_the_next_change_a_window_later() -> None:
    stage = Stage(plan(LOW))
    minutes(stage, 1500.0, flow=30.0)

    told = minutes(stage, None, None, start=1)

    assert [(moved.phase, moved.at_ms) for moved in told] == [(Phase.FIRING, START_MS + 2 * MINUTE_MS)]


def test_device_that_never_tells_its_mode_is_not_judged() -> None:
    assert minutes(Stage(plan(LOW)), None, None, None) == []


def test_rule_with_unless_is_the_opposite() -> None:
    stage = Stage(plan(replace_rule()))

    assert phases(minutes(stage, 1500.0, 0.0, 1500.0)) == [Phase.FIRING, Phase.RESOLVED]


def replace_rule() -> LimitsRule:
    return LimitsRule(name="low", metric=FLOW, below=20.0, unless=("running",))


def test_adaptive_rule_learns_apart_in_each_mode() -> None:
    stage = Stage(plan(AdaptiveRule(name="odd", metric=FLOW, threshold=1000.0, baselines=("running",))))

    minutes(stage, 1500.0, 1500.0, 0.0, 1500.0)

    stills, seen = stage.state.stills, stage.state.detector["seen"]
    learned = {int(stills["baseline"][row]): int(seen[stills["detector"][row]]) for row in range(len(stills))}
    assert learned == {1: 3, 0: 1}
    assert stage.state.series["detector"].tolist()[0] == -1


def test_what_waits_and_what_was_learned_survives_being_saved_with_every_pane() -> None:
    rules = (LOW, AdaptiveRule(name="odd", metric=FLOW, threshold=5.0, baselines=("running",)))
    whole, saved = Stage(plan(*rules)), Stage(plan(*rules))
    told, told_saved = [], []
    for minute, speed in enumerate([0.0, 1500.0, None, 1500.0, 0.0]):
        panes = [Pane(minute, 10.0), *([] if speed is None else [Pane(minute, speed, metric=SPEED)])]
        told += whole.feed(*panes)
        for pane in panes:
            told_saved += saved.feed(pane)
            saved.state = decode(encode(saved.state), Echo())

    assert told_saved == told
    assert encode(replace(saved.state, fence={})) == encode(replace(whole.state, fence={}))


def test_missing_rule_is_asked_only_in_its_hours() -> None:
    hours = Mode("hours", from_time="10:00", until_time="10:30")  # the specimens begin at 10:00 UTC
    rule = MissingRule(name="gone", factor=2.0, floor_ms=2 * MINUTE_MS, when=("hours",))
    by_day, by_night = Stage(plan(rule, mode=hours)), Stage(plan(rule, mode=hours))
    for stage, start in ((by_day, 0), (by_night, 28)):
        stage.feed(*(Pane(start + minute) for minute in range(6)), tick=start + 6.0)

    by_day.feed(tick=9.0)
    assert phases(by_day.feed(tick=12.0)) == [Phase.FIRING]
    by_night.feed(tick=37.0)
    assert by_night.feed(tick=40.0) == []


@pytest.mark.parametrize(
    ("start", "end", "answer"),
    [
        # 25 October 2026: clocks in Berlin go back from 03:00 to 02:00, so the night shift is nine hours long.
        pytest.param("2026-10-24T20:00:00", "2026-10-24T20:30:00", Answer.ON, id="22:00 in summer is 20:00 UTC"),
        pytest.param("2026-10-25T04:30:00", "2026-10-25T05:00:00", Answer.ON, id="it ends at 05:00 UTC in winter"),
        pytest.param("2026-10-25T05:00:00", "2026-10-25T05:30:00", Answer.OFF, id="then it is over"),
        pytest.param("2026-10-25T04:45:00", "2026-10-25T05:15:00", Answer.BETWEEN, id="half of it"),
        pytest.param("2026-10-24T19:30:00", "2026-10-24T20:00:00", Answer.OFF, id="before"),
    ],
)
def test_calendar_knows_summer_time(start: str, end: str, answer: Answer) -> None:
    shift = Mode("night", from_time="22:00", until_time="06:00", zone="Europe/Berlin")

    assert calendar_answer(shift, iso_ms(f"{start}Z"), iso_ms(f"{end}Z")) is answer


def test_hours_that_touch_are_one() -> None:
    always = Mode("always", from_time="06:00", until_time="06:00")

    assert calendar_answer(always, START_MS - 5 * 3_600_000, START_MS) is Answer.ON


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [(10.0, 20.0, Answer.ON), (5.0, 20.0, Answer.BETWEEN), (0.0, 5.0, Answer.OFF), (40.0, 50.0, Answer.OFF)],
)
def test_mode_between_two_limits(low: float, high: float, answer: Answer) -> None:
    assert metric_answer(Mode("m", SPEED, above=5.0, below=40.0), low, high) is answer
