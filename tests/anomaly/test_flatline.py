"""Flatline: standing still means something only for what usually moves."""

from collections.abc import Callable
from itertools import cycle, islice

import pytest

from tests.anomaly.specimens import MINUTE_MS, START_MS, Pane, Stage, plan_of
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.model import FlatlineRule

FLAT = FlatlineRule(name="flat", flat_ms=10 * MINUTE_MS)


def phases(moved: list[Transition]) -> list[Phase]:
    return [each.phase for each in moved]


def moving(minutes: int) -> list[float]:
    return list(islice(cycle([20.0, 21.0, 20.5, 22.0]), minutes))


def test_metric_that_stops_moving_fires_and_resolves_when_it_moves() -> None:
    stage = Stage(plan_of(FLAT))

    moved = stage.feed_means(*moving(20), *[7.5] * 15, 8.0)

    fired, resolved = moved
    assert (fired.phase, resolved.phase) == (Phase.FIRING, Phase.RESOLVED)
    # Still since the first reading at 7.5, minute 20; the last reading of minute 30 is over ten minutes later.
    assert fired.at_ms == START_MS + 31 * MINUTE_MS
    assert fired.evidence.value >= 10 * MINUTE_MS
    assert fired.summary == "flow has not moved from 7.5 l/min since 10:20 UTC, for 10 min 50 s (flatline flat)"


def test_metric_that_never_moved_is_never_flat() -> None:
    assert Stage(plan_of(FLAT)).feed_means(*[7.5] * 200) == []


@pytest.mark.parametrize(
    ("rule", "means", "count"),
    [
        pytest.param(FLAT, [7.5] * 30, 1, id="exact repeats are flat"),
        pytest.param(FLAT, [7.5, 7.51] * 15, 0, id="the smallest movement is movement"),
        pytest.param(
            FlatlineRule(name="flat", flat_ms=10 * MINUTE_MS, tolerance=0.1),
            [7.5, 7.51] * 15,
            1,
            id="movement within the tolerance is none",
        ),
        pytest.param(
            FlatlineRule(name="flat", flat_ms=10 * MINUTE_MS, tolerance=0.1),
            [7.5 + 0.03 * minute for minute in range(30)],
            0,
            id="a drift of small steps is movement",
        ),
        pytest.param(
            FlatlineRule(name="flat", flat_ms=10 * MINUTE_MS, constants=(0.0,)),
            [0.0] * 300,
            0,
            id="standing still at a constant of the plan is normal",
        ),
    ],
)
def test_what_counts_as_movement(rule: FlatlineRule, means: list[float], count: int) -> None:
    assert len(Stage(plan_of(rule)).feed_means(*moving(20), *means)) == count


def test_coarse_sensor_that_often_repeats_is_given_ten_times_its_usual_standstill() -> None:
    coarse = [value for value in moving(20) for _ in range(5)]  # moves every five minutes

    assert Stage(plan_of(FLAT)).feed_means(*coarse, *[7.5] * 45) == []
    assert phases(Stage(plan_of(FLAT)).feed_means(*coarse, *[7.5] * 60)) == [Phase.FIRING]


def test_rest_at_a_constant_does_not_teach_that_resting_is_usual() -> None:
    rule = FlatlineRule(name="flat", flat_ms=10 * MINUTE_MS, constants=(0.0,))
    nights = [value for _ in range(5) for value in [*moving(10), *[0.0] * 60]]

    assert phases(Stage(plan_of(rule)).feed_means(*nights, *moving(10), *[7.5] * 15)) == [Phase.FIRING]


@pytest.mark.parametrize("spread", [0.2, 0.0])
def test_window_that_moves_inside_is_no_standstill(spread: float) -> None:
    stage = Stage(plan_of(FLAT))
    judged: Callable[[int], list[Transition]] = lambda minute: stage.feed(Pane(minute, 7.5, spread=spread))  # noqa: E731  short
    stage.feed_means(*moving(20))

    moved = [each for minute in range(20, 40) for each in judged(minute)]

    assert bool(moved) is (spread == 0.0)


NIGHT = [0.0] * 60


def days(count: int) -> list[float]:
    """Return days of ten minutes of movement and an hour of night each."""
    return [value for _ in range(count) for value in [*moving(10), *NIGHT]]


def firing(moved: list[Transition]) -> int:
    return phases(moved).count(Phase.FIRING)


def test_value_of_two_long_standstills_becomes_a_place_of_rest() -> None:
    assert firing(Stage(plan_of(FLAT)).feed_means(*days(2))) == 2
    assert firing(Stage(plan_of(FLAT)).feed_means(*days(9))) == 2


def test_standstill_from_the_beginning_is_a_place_of_rest() -> None:
    assert Stage(plan_of(FLAT)).feed_means(*NIGHT, *days(5)) == []


def test_standing_still_elsewhere_is_told_whatever_place_of_rest_there_is() -> None:
    stage = Stage(plan_of(FLAT))
    stage.feed_means(*NIGHT, *days(2), *moving(10))

    assert phases(stage.feed_means(*[7.5] * 60, start=220)) == [Phase.FIRING]


def test_rest_three_times_as_long_as_ever_is_told() -> None:
    assert Stage(plan_of(FLAT)).feed_means(*NIGHT, *days(2), *moving(10), *[0.0] * 170) == []
    assert phases(Stage(plan_of(FLAT)).feed_means(*NIGHT, *days(2), *moving(10), *[0.0] * 190)) == [Phase.FIRING]


def test_place_of_rest_gives_way_to_another() -> None:
    stage = Stage(plan_of(FLAT))
    stage.feed_means(*NIGHT, *days(1))
    elsewhere = [value for _ in range(8) for value in [*moving(10), *[7.5] * 60]]

    # Three votes for 0 are undone first, and then two make 7.5 the place of rest.
    assert firing(stage.feed_means(*elsewhere, start=130)) == 5
