"""Late data withdraw what was told of silence, of standing still and of the unusual, where it was not so."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from anomaly.contract import Observations, Scores, State
from tests.anomaly.specimens import FLOW, MINUTE_MS, START_MS, Echo, Pane, Stage, plan_of
from tocsin.core.clock import HOUR_MS
from tocsin.core.columns import PaneKind
from tocsin.core.messages import Amendment, Transition
from tocsin.core.plan.bounds import Timing
from tocsin.core.plan.model import AdaptiveRule, FlatlineRule, MissingRule

GONE = MissingRule(name="gone", floor_ms=3 * MINUTE_MS)
STUCK = FlatlineRule(name="stuck", metric=FLOW, flat_ms=6 * MINUTE_MS, tolerance=0.5)
ODD = AdaptiveRule(name="odd", threshold=50.0)
HORIZON = Timing(correction_ms=2 * HOUR_MS)
OTHER = "load_percent"


def late(minute: int, mean: float, **more: Any) -> Pane:
    return Pane(minute, mean, kind=PaneKind.REVISION, **{"count": 1} | more)


def story(moved: list[Transition]) -> list[tuple[str, str]]:
    return [(one.phase.value, one.amendment.value) for one in moved]


def silent(*, until: int = 30, timing: Timing = HORIZON) -> Stage:
    """Return the stage after ten minutes with data and silence until the minute, of which was told."""
    stage = Stage(plan_of(GONE, timing=timing))
    for minute in range(10):
        stage.feed(Pane(minute), tick=minute + 1)
    moved = [one for minute in range(11, until + 1) for one in stage.feed(tick=minute)]
    assert story(moved) == [("firing", "")]
    return stage


def test_device_whose_data_only_came_late_was_never_silent() -> None:
    stage = silent()

    moved = stage.feed(*map(Pane, range(10, 30)))

    assert story(moved) == [("resolved", ""), ("resolved", Amendment.WITHDRAWN)]
    assert moved[0].fingerprint == moved[1].fingerprint
    assert moved[1].summary == (
        "data of the time without came late, without a gap of 3 min (missing data gone): late data withdraw it"
    )


def test_batches_in_which_late_data_come_change_nothing() -> None:
    together, apart = silent(), silent()
    panes = [Pane(minute) for minute in range(10, 30)]

    assert together.feed(*panes) == [one for pane in panes for one in apart.feed(pane)]


@pytest.mark.parametrize(
    "minutes",
    [
        pytest.param([29, 30], id="none of it"),
        pytest.param([*range(10, 15), *range(20, 30)], id="not all of it"),
        pytest.param([10, 11, 12], id="its beginning alone"),
    ],
)
def test_device_of_whose_silence_data_did_not_come_was_silent(minutes: list[int]) -> None:
    assert story(silent().feed(*map(Pane, minutes))) == [("resolved", "")]


@pytest.mark.parametrize("timing", [Timing(), Timing(correction_ms=10 * MINUTE_MS)])
def test_data_that_come_after_the_horizon_withdraw_nothing(timing: Timing) -> None:
    assert story(silent(timing=timing).feed(*map(Pane, range(10, 30)))) == [("resolved", "")]


def test_metric_whose_data_only_came_late_was_never_silent() -> None:
    stage = Stage(plan_of(MissingRule(name="gap", scope="metric", metric=FLOW, floor_ms=2 * MINUTE_MS), timing=HORIZON))
    for minute in range(10):
        stage.feed(Pane(minute), Pane(minute, metric=OTHER), tick=minute + 1)
    fired = [one for minute in range(10, 20) for one in stage.feed(Pane(minute, metric=OTHER), tick=minute + 1)]

    moved = stage.feed(*(late(minute, 25.0, last_ms=START_MS + minute * MINUTE_MS) for minute in range(10, 20)))

    assert story(fired) == [("firing", "")]
    assert story(moved) == [("resolved", Amendment.WITHDRAWN)]


def stuck(minutes: int) -> Stage:
    """Return the stage after a metric moved and then stood still for so many minutes, of which was told."""
    stage = Stage(plan_of(STUCK, timing=HORIZON))
    stage.feed_means(*(20.0 + minute % 2 * 5 for minute in range(10)))
    assert story(stage.feed_means(*[30.0] * minutes, start=10)) == [("firing", "")]
    return stage


def test_late_reading_that_moved_meanwhile_withdraws_that_a_metric_stood_still() -> None:
    (moved,) = stuck(12).feed(late(16, 40.0))

    assert (moved.phase.value, moved.amendment) == ("resolved", Amendment.WITHDRAWN)
    assert moved.summary.startswith("flow moved meanwhile, it stood still for ")
    assert moved.summary.endswith("late data withdraw it")


def test_late_reading_that_leaves_a_standstill_that_is_too_long_weakens_the_alert() -> None:
    assert story(stuck(20).feed(late(21, 40.0))) == [("firing", Amendment.WEAKENED)]


def test_late_reading_at_the_same_value_says_nothing() -> None:
    assert stuck(12).feed(late(16, 30.2)) == []


class Banded(Echo):
    """Expects 0 to 40 all the time."""

    def score(self, state: State, observations: Observations) -> tuple[Scores, dict[str, NDArray[Any]]]:
        scores, after = super().score(state, observations)
        count = len(observations.mean)
        low, high = np.zeros(count), np.full(count, 40.0)
        return Scores(scores.score, scores.alert, scores.warming, low, high, scores.parts), after


def unusual(*means: float) -> Stage:
    stage = Stage(plan_of(ODD, timing=HORIZON), detector=Banded())
    stage.feed_means(*means)
    return stage


@pytest.mark.parametrize(
    ("mean", "says"),
    [
        pytest.param(95.0, ("firing", Amendment.CONFIRMED), id="further beyond what was expected"),
        pytest.param(40.0, ("firing", Amendment.WEAKENED), id="less far beyond it"),
        pytest.param(5.0, ("resolved", Amendment.WITHDRAWN), id="within what was expected"),
    ],
)
def test_late_data_of_the_window_that_was_unusual_say(mean: float, says: tuple[str, str]) -> None:
    assert story(unusual(20.0, 60.0).feed(late(1, mean, count=6))) == [says]


def test_unusual_window_that_others_bear_out_is_weakened_and_not_withdrawn() -> None:
    assert story(unusual(20.0, 60.0, 60.0).feed(late(1, 5.0, count=6))) == [("firing", Amendment.WEAKENED)]


def test_late_data_of_another_window_say_nothing_of_the_unusual_one() -> None:
    assert unusual(20.0, 60.0).feed(late(0, 5.0, count=6)) == []
