"""Late data confirm, weaken or withdraw an alert that was told, and never make one fire."""

import pytest

from tests.anomaly.specimens import FLOW, MINUTE_MS, START_MS, Pane, Stage, plan_of
from tocsin.core.columns import PaneKind
from tocsin.core.messages import Amendment, Phase, Transition
from tocsin.core.plan.model import LimitsRule, RateRule

HIGH = LimitsRule(name="high", metric=FLOW, above=80.0)
HOT, COOL = 85.0, 60.0


def late(minute: int, mean: float, *, count: int = 6, **more: object) -> Pane:
    return Pane(minute, mean, kind=PaneKind.REVISION, count=count, **more)  # type: ignore[arg-type]


def story(moved: list[Transition]) -> list[tuple[str, str]]:
    return [(one.phase.value, one.amendment.value) for one in moved]


def fired(*means: float, rule: LimitsRule = HIGH) -> Stage:
    stage = Stage(plan_of(rule))
    stage.feed_means(*means)
    return stage


def test_late_data_that_undo_the_only_breach_withdraw_the_alert_under_its_fingerprint() -> None:
    stage = Stage(plan_of(HIGH))
    (alert,) = stage.feed_means(COOL, HOT)

    (moved,) = stage.feed(late(1, 60.0))

    assert (moved.phase_from, moved.phase, moved.amendment) == (Phase.FIRING, Phase.RESOLVED, Amendment.WITHDRAWN)
    assert (moved.fingerprint, moved.episode, moved.number) == (alert.fingerprint, alert.episode, alert.number + 1)
    assert moved.evidence.value == 72.5
    assert moved.evidence.panes[-1].count == 12
    assert moved.summary == "flow was 72.5 l/min, limit 80 l/min (limit high): late data withdraw it"


@pytest.mark.parametrize(
    ("mean", "says"),
    [
        pytest.param(95.0, Amendment.CONFIRMED, id="further over the limit"),
        pytest.param(85.0, None, id="nothing new"),
        pytest.param(77.0, Amendment.WEAKENED, id="less far over it"),
    ],
)
def test_late_data_say_more_of_an_alert_that_holds(mean: float, says: Amendment | None) -> None:
    moved = fired(COOL, HOT).feed(late(1, mean))

    assert story(moved) == ([("firing", says)] if says else [])


def test_alert_that_other_windows_bear_out_is_weakened_and_not_withdrawn() -> None:
    stage = fired(COOL, HOT, HOT)

    assert story(stage.feed(late(1, COOL))) == [("firing", Amendment.WEAKENED)]
    assert story(stage.feed(late(2, COOL))) == [("resolved", Amendment.WITHDRAWN)]


def test_what_is_left_of_a_breach_must_last_as_long_as_the_rule_asks() -> None:
    slow = LimitsRule(name="high", metric=FLOW, above=80.0, for_ms=2 * MINUTE_MS)

    moved = fired(HOT, HOT, HOT, rule=slow).feed(late(2, COOL))

    assert story(moved) == [("resolved", Amendment.WITHDRAWN)]


def test_alert_that_is_over_is_withdrawn_too_once() -> None:
    stage = fired(COOL, HOT, COOL)

    assert story(stage.feed(late(1, COOL))) == [("resolved", Amendment.WITHDRAWN)]
    assert stage.feed(late(1, COOL)) == []


def test_same_verdict_is_told_once_an_episode() -> None:
    stage = fired(COOL, HOT, HOT)

    assert len(stage.feed(late(1, 95.0))) == 1
    assert stage.feed(late(2, 95.0)) == []


def test_late_data_make_no_alert_fire() -> None:
    assert fired(COOL, COOL).feed(late(1, 500.0)) == []


def test_single_reading_over_the_limit_stays_one_whatever_comes_late() -> None:
    stage = fired(COOL)
    over = Pane(1, 120.0, kind=PaneKind.EARLY, rule="high", count=1, last_ms=START_MS + 90_000)
    stage.feed(over)
    stage.feed(Pane(1, HOT))

    assert story(stage.feed(late(1, COOL))) == [("firing", Amendment.WEAKENED)]


@pytest.mark.parametrize("later", [Pane(2, HOT), Pane(2, COOL)])
@pytest.mark.parametrize("slow_ms", [0, MINUTE_MS])
def test_late_data_are_judged_at_their_place_among_the_windows_of_a_batch(later: Pane, slow_ms: int) -> None:
    rule = LimitsRule(name="high", metric=FLOW, above=80.0, for_ms=slow_ms)
    panes = (Pane(1, HOT), late(1, COOL), later, late(1, 95.0), Pane(3, COOL))
    together, apart = fired(COOL, rule=rule), fired(COOL, rule=rule)

    moved = together.feed(*panes)

    assert moved == [one for pane in panes for one in apart.feed(pane)]
    assert [one.number for one in moved] == list(range(1, len(moved) + 1))


@pytest.mark.parametrize("minute", [0, 50])
def test_revision_of_a_window_that_is_not_kept_or_was_not_over_changes_nothing(minute: int) -> None:
    assert fired(COOL, *[HOT] * 12).feed(late(minute, 95.0)) == []


def test_revision_of_what_no_limit_judges_changes_nothing() -> None:
    stage = Stage(plan_of(RateRule(name="fast", metric=FLOW, rise_per_s=0.01)))
    stage.feed_means(COOL, HOT)

    assert stage.feed(late(1, COOL), late(0, COOL, device="acme#other"), late(0, COOL, metric="other_bar")) == []
