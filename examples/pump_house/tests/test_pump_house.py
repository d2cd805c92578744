"""Would it have fired? Three ways to ask."""

import pytest


@pytest.mark.recording("night.jsonl.gz")
def test_the_night_leads_to_the_alerts_that_we_agreed_on(pipeline, recording, golden_alerts):
    """A night that was recorded: replay it, and compare with golden/test_pump_house/<test>.txt."""
    golden_alerts(pipeline.replay(recording))


def test_a_pump_that_shakes_is_found_within_five_minutes(pipeline, simulator):
    """A night that never was: simulate it, and ask which of its faults were found and how soon."""
    night = simulator("pump_house.yaml", seed=7)

    score = pipeline.replay(night).score(night.truth)

    shaking = next(fault for fault in score.faults if fault.truth.kind == "bias")
    assert shaking.alert.rule == "shaking"
    assert shaking.delay_ms <= 5 * 60_000
    assert not score.false


def test_one_gust_of_shaking_is_not_worth_a_call_but_minutes_of_it_are(pipeline):
    """No recording at all: send readings, let time pass, look."""
    for vibration in (1.4, 1.4, 9.0, 1.4, 1.4):
        pipeline.send("cellar-house-pump-01", {"vibration_mmps": vibration})
        pipeline.wait("30s")
    assert not pipeline.result().fired

    for _ in range(10):
        pipeline.send("cellar-house-pump-01", {"vibration_mmps": 9.0})
        pipeline.wait("30s")

    (alert,) = pipeline.result().fired
    assert (alert.rule, alert.severity) == ("shaking", "critical")
    assert len(pipeline.result().notifications) == 1
