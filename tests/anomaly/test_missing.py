"""Missing data: who is told silent at a tick, who is not, and what ends it."""

import pytest

from tests.anomaly.specimens import FLOW, LOW_FLOW, MINUTE_MS, PUMP, START_MS, Pane, Stage, plan_of
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.model import MissingRule, Timing

SILENT = MissingRule(name="silent", factor=10.0, floor_ms=5 * MINUTE_MS)
NO_METRIC = MissingRule(name="no-metric", scope="metric", factor=10.0, floor_ms=5 * MINUTE_MS)
HOUR = 60


def told(moved: list[Transition]) -> list[tuple[str, str, Phase, int]]:
    """Return device, metric, phase and minute of each transition."""
    return [(each.device, each.metric, each.phase, (each.at_ms - START_MS) // MINUTE_MS) for each in moved]


def run(stage: Stage, minutes: range, *panes: Pane, every: int = 1, late_ms: int = 0) -> list[Transition]:
    """Feed the panes at their minutes, with a tick a minute, as the processors stage would forward them."""
    moved = []
    for minute in minutes:
        due = [
            Pane(
                minute - 1, pane.mean, pane.device, pane.metric, count=pane.count,
                first_ms=START_MS + (minute - 1) * MINUTE_MS - late_ms,
                last_ms=START_MS + (minute - 1) * MINUTE_MS - late_ms + (50_000 if pane.count > 1 else 0),
            )
            for pane in panes
            if (minute - 1) % every == 0
        ]  # fmt: skip
        moved += stage.feed(*due, tick=minute + 1)
    return moved


def test_device_that_goes_silent_is_told_after_the_floor_and_the_time_that_panes_take() -> None:
    stage = Stage(plan_of(SILENT))
    run(stage, range(1, 21), Pane(0))  # newest reading at 19 min 50 s

    moved = run(stage, range(21, 40))

    # 19:50 + 1:30 until a pane of it must be there + 5:00 of silence = 26:20, so the tick of minute 27.
    assert told(moved) == [("pump-7", "", Phase.FIRING, 27)]
    assert moved[0].summary == (
        "no data since 10:19 UTC, for 7 min 10 s, expected within 6 min 30 s (missing data silent)"
    )
    assert moved[0].evidence.value > (moved[0].evidence.threshold or 0.0)


def test_data_end_the_silence() -> None:
    stage = Stage(plan_of(SILENT))
    run(stage, range(1, 21), Pane(0))
    run(stage, range(21, 40))

    moved = run(stage, range(40, 60), Pane(0))

    assert told(moved) == [("pump-7", "", Phase.RESOLVED, 40)]
    assert moved[0].summary == "data is coming again (missing data silent) after 13 min"


def test_silence_waits_for_ten_times_the_usual_gap_of_a_slow_device() -> None:
    stage = Stage(plan_of(SILENT))
    assert run(stage, range(1, 4 * HOUR), Pane(0, count=1), every=10) == []

    moved = run(stage, range(4 * HOUR, 7 * HOUR))

    # Newest reading at minute 230; 100 minutes of silence after the 1:30 that panes take.
    assert told(moved) == [("pump-7", "", Phase.FIRING, 332)]


def test_device_that_was_seen_too_rarely_has_no_cadence_and_is_not_judged() -> None:
    stage = Stage(plan_of(SILENT))
    run(stage, range(1, 4), Pane(0))  # two gaps

    assert run(stage, range(4, 3 * HOUR)) == []


def test_burst_once_an_hour_is_a_cadence_of_an_hour() -> None:
    stage = Stage(plan_of(SILENT))
    bursts = range(1, 10 * HOUR)

    assert run(stage, bursts, Pane(0), every=HOUR) == []


def test_one_outage_does_not_teach_that_outages_are_usual() -> None:
    stage = Stage(plan_of(SILENT))
    run(stage, range(1, 60), Pane(0))
    run(stage, range(60, 300))
    run(stage, range(300, 340), Pane(0))

    assert told(run(stage, range(340, 360))) == [("pump-7", "", Phase.FIRING, 346)]


@pytest.mark.parametrize("late_ms", [-4 * MINUTE_MS, 2 * MINUTE_MS, HOUR * MINUTE_MS, 24 * HOUR * MINUTE_MS])
def test_device_whose_clock_is_off_is_not_silent_while_it_reports(late_ms: int) -> None:
    stage = Stage(plan_of(SILENT))

    assert run(stage, range(1, 200), Pane(0), late_ms=late_ms) == []


def test_device_whose_clock_is_an_hour_behind_is_told_when_it_goes_silent() -> None:
    stage = Stage(plan_of(SILENT))
    run(stage, range(1, 21), Pane(0), late_ms=HOUR * MINUTE_MS)

    # Its newest pane came after the tick of minute 20; the next was due a minute later.
    assert told(run(stage, range(21, 40))) == [("pump-7", "", Phase.FIRING, 27)]


def test_backlog_that_is_being_delivered_is_no_silence() -> None:
    stage = Stage(plan_of(SILENT))
    run(stage, range(1, 60), Pane(0))
    backlog = [
        moved
        for minute in range(60, 80)
        for moved in stage.feed(Pane(minute - 1, first_ms=START_MS + (minute - 1) * MINUTE_MS), tick=minute + 300)
    ]

    assert told(backlog) == []


def test_pause_of_the_ticks_is_not_silence_of_the_devices() -> None:
    stage = Stage(plan_of(SILENT))
    run(stage, range(1, 60), Pane(0))

    assert run(stage, range(300, 304)) == []
    assert told(run(stage, range(304, 320))) == [("pump-7", "", Phase.FIRING, 307)]


def test_one_device_is_silent_while_others_report() -> None:
    stage = Stage(plan_of(SILENT))
    run(stage, range(1, 20), Pane(0), Pane(0, device="acme#pump-8"))

    assert {device for device, *_ in told(run(stage, range(20, 60), Pane(0)))} == {"pump-8"}


def test_metric_that_stays_away_is_told_while_its_device_reports() -> None:
    stage = Stage(plan_of(NO_METRIC))
    run(stage, range(1, 21), Pane(0), Pane(0, metric="air_celsius"))

    moved = run(stage, range(21, 40), Pane(0))

    assert told(moved) == [("pump-7", "air_celsius", Phase.FIRING, 28)]
    assert moved[0].summary == (
        "no air data for 7 min while the device reports, expected within 6 min 30 s (missing data no-metric)"
    )
    back = run(stage, range(40, 60), Pane(0), Pane(0, metric="air_celsius"))
    assert told(back) == [("pump-7", "air_celsius", Phase.RESOLVED, 40)]


def test_metric_of_a_silent_device_is_not_told_besides() -> None:
    stage = Stage(plan_of(SILENT, NO_METRIC))
    run(stage, range(1, 21), Pane(0), Pane(0, metric="air_celsius"))

    assert [each.rule for each in run(stage, range(21, 200))] == ["silent"]


def test_metric_that_waits_to_fire_is_not_judged_while_its_device_is_silent() -> None:
    waits = MissingRule(name="no-metric", scope="metric", factor=10.0, floor_ms=5 * MINUTE_MS, for_ms=5 * MINUTE_MS)
    stage = Stage(plan_of(waits))
    run(stage, range(1, 21), Pane(0), Pane(0, metric="air_celsius"))
    run(stage, range(21, 30), Pane(0))

    assert run(stage, range(30, 60)) == []
    assert told(run(stage, range(60, 62), Pane(0))) == [("pump-7", "air_celsius", Phase.FIRING, 61)]


def test_missing_data_never_resolve_an_alert() -> None:
    stage = Stage(plan_of(LOW_FLOW, SILENT))
    run(stage, range(1, 20), Pane(0))
    assert [each.phase for each in run(stage, range(20, 25), Pane(0, 12.0))] == [Phase.FIRING]

    moved = run(stage, range(25, 25 + 4 * HOUR))

    assert [(each.rule, each.phase) for each in moved] == [("silent", Phase.FIRING)]


def test_shard_with_a_backlog_holds_back_the_judgement_of_its_sibling() -> None:
    stage = Stage(plan_of(SILENT))
    run(stage, range(1, 21), Pane(0))
    for minute in range(1, 21):
        stage.feed(tick=minute + 1, shard="s1")

    ahead = [stage.feed(tick=minute, shard="s1") for minute in range(22, 30)]
    behind = [stage.feed(tick=minute, shard="s0") for minute in range(22, 30)]

    assert ahead == [[]] * 8
    assert told([moved for each in behind for moved in each]) == [("pump-7", "", Phase.FIRING, 27)]


def test_shard_that_has_no_more_ticks_is_waited_for_only_so_long() -> None:
    stage = Stage(plan_of(SILENT))
    run(stage, range(1, 21), Pane(0))

    moved = [each for minute in range(22, 60) for each in stage.feed(tick=minute, shard="child")]

    # From minute 32 on the old shard no longer counts, and as nothing was judged meanwhile silence counts anew.
    assert told(moved) == [("pump-7", "", Phase.FIRING, 38)]


def test_arrival_takes_lateness_and_disorder_into_account() -> None:
    timing = Timing(out_of_orderness_ms=10 * MINUTE_MS, lateness_ms=20 * MINUTE_MS)
    stage = Stage(plan_of(SILENT, timing=timing))
    run(stage, range(1, 21), Pane(0))

    assert told(run(stage, range(21, 90))) == [("pump-7", "", Phase.FIRING, 56)]


def test_alerts_about_a_device_name_no_metric_and_no_series() -> None:
    stage = Stage(plan_of(SILENT))
    run(stage, range(1, 21), Pane(0), Pane(0, metric="air_celsius"))

    (fired,) = run(stage, range(21, 40))

    assert (fired.tenant, fired.device, fired.metric, fired.unit) == ("acme", "pump-7", "", "")
    assert fired.evidence.panes == ()
    assert (PUMP, FLOW) == ("acme#pump-7", "flow_lpm")
