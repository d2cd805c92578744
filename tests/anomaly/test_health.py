"""Causes of gaps are told apart, in the alert and in what is shown of the device."""

from typing import Any

from anomaly.health import MEANINGS, Health
from anomaly.shown import shown
from tests.anomaly.specimens import FLOW, MINUTE_MS, PUMP, Pane, Stage, plan_of
from tests.anomaly.test_quality import CLOCK, ticked, ticked_backlog
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.model import FlatlineRule, LimitsRule, MissingRule

SPEED = "speed_rpm"
DEVICE = MissingRule(name="device", factor=2.0, floor_ms=3 * MINUTE_MS)
METRIC = MissingRule(name="metric", scope="metric", factor=2.0, floor_ms=3 * MINUTE_MS)
FLAT = FlatlineRule(name="flat", flat_ms=3 * MINUTE_MS)
LOW = LimitsRule(name="low", metric=FLOW, below=20.0)


def seen(stage: Stage) -> dict[str, Any]:
    found = shown(stage.state, stage.plan.timing, PUMP)
    assert found is not None
    return found


def lived(
    *, minutes: range, flow: bool = True, speed: bool = True, still: bool = False
) -> tuple[Stage, list[Transition]]:
    """Return the stage after ten minutes of both metrics, and after so many of those that still come."""
    stage, told = Stage(plan_of(DEVICE, METRIC, FLAT, LOW)), list[Transition]()
    for minute in range(minutes.stop):
        is_late = minute >= minutes.start
        panes = [Pane(minute, 25.0 + (0 if is_late and still else minute % 3))] if flow or not is_late else []
        panes += [Pane(minute, 900.0 + minute % 4, metric=SPEED)] if speed or not is_late else []
        told += stage.feed(*panes, tick=minute + 2.0)
    return stage, [moved for moved in told if moved.phase is Phase.FIRING]


def test_device_that_reports_is_well() -> None:
    stage, told = lived(minutes=range(10, 30))

    assert told == []
    assert seen(stage)["health"] == "well"
    assert {one["health"] for one in seen(stage)["series"]} == {"well"}


def test_silent_device_is_told_from_a_silent_sensor_and_from_a_flat_one() -> None:
    silent, of_device = lived(minutes=range(10, 40), flow=False, speed=False)
    mute, of_sensor = lived(minutes=range(10, 40), flow=False)
    flat, of_flat = lived(minutes=range(10, 60), still=True)

    assert [(moved.metric, list(moved.evidence.parts)) for moved in of_device] == [("", ["device_silent"])]
    assert [(moved.metric, list(moved.evidence.parts)) for moved in of_sensor] == [(FLOW, ["sensor_silent"])]
    assert [(moved.metric, list(moved.evidence.parts)) for moved in of_flat] == [(FLOW, ["sensor_flat"])]
    assert seen(silent)["health"] == "device_silent"
    assert (seen(mute)["health"], seen(flat)["health"]) == ("well", "well")
    assert [one["health"] for one in seen(mute)["series"]] == ["sensor_silent", "well"]
    assert [one["health"] for one in seen(flat)["series"]] == ["sensor_flat", "well"]


def test_wrong_clock_is_told_from_a_backlog() -> None:
    wrong, behind = Stage(plan_of(CLOCK, DEVICE)), Stage(plan_of(CLOCK, DEVICE))
    ticked(wrong, [20.0] * 8)
    ticked(behind, [0.0, 0.0])
    behind.feed(tick=31.0)
    half_way = behind.feed(*(Pane(minute) for minute in range(2, 7)), tick=32.0)
    catching_up = seen(behind)["health"]
    told = half_way + ticked_backlog(behind)

    assert seen(wrong)["health"] == "clock_wrong"
    assert catching_up == "catching_up"
    assert not [moved for moved in told if moved.phase is Phase.FIRING and moved.kind == "quality"]


def test_before_the_first_tick_nobody_is_watched() -> None:
    stage = Stage(plan_of(DEVICE))
    stage.feed(Pane(0))

    assert seen(stage)["health"] == "unwatched"


def test_missing_data_never_resolves_an_alert() -> None:
    stage = Stage(plan_of(DEVICE, METRIC, LOW))
    fired = [moved for minute in range(6) for moved in stage.feed(Pane(minute, 10.0), tick=minute + 2.0)]

    told = [moved for minute in range(10, 200, 5) for moved in stage.feed(tick=float(minute))]

    assert [moved.rule for moved in fired] == ["low"]
    assert [moved.rule for moved in told] == ["device"]


def test_every_health_has_its_meaning() -> None:
    assert set(MEANINGS) == set(Health)
