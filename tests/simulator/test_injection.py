"""Faults that are put in while a scenario is played: nothing before them differs, and everything is counted once."""

import pytest

from simulator.fleet import Batch, deliveries
from simulator.injection import INJECTED_MAX, LiveFleet, Wish
from simulator.network import Counts
from simulator.scenario import load_scenario
from simulator.scenario_model import Scenario
from tocsin.cli.files import scenario_file
from tocsin.core.clock import MINUTE_MS

STEP_MS = MINUTE_MS


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(scenario_file("small"))


def played(fleet: LiveFleet, wish: Wish | None = None, after: int = 0) -> list[Batch]:
    batches = []
    for batch in fleet.batches(STEP_MS):
        batches.append(batch)
        if wish and len(batches) == after:
            fleet.inject(wish)
    return batches


def total(batches: list[Batch]) -> Counts:
    return sum((batch.counts for batch in batches), Counts())


def test_without_a_fault_put_in_it_plays_what_the_scenario_plays(scenario: Scenario) -> None:
    assert played(LiveFleet(scenario, 3)) == list(deliveries(scenario, 3, step_ms=STEP_MS))


@pytest.mark.parametrize("behind_gateway", [True, False])
@pytest.mark.parametrize("kind", ["dropout", "outage", "duplicates"])
def test_fault_changes_nothing_before_it_nobody_else_and_every_message_is_counted(
    scenario: Scenario, kind: str, *, behind_gateway: bool
) -> None:
    device = next(one for one in scenario.devices.values() if bool(one.gateway) == behind_gateway)
    sender = device.gateway or device.name
    settings = {"duplicates": {"ratio": 0.5}}.get(kind, {})

    plain = played(LiveFleet(scenario, 3))
    hurt = played(LiveFleet(scenario, 3), Wish(kind, device.name, "", 10 * MINUTE_MS, settings), after=8)

    assert hurt[:8] == plain[:8]
    for before, after in zip(plain, hurt, strict=False):
        others = [[one for one in batch.deliveries if one.device != sender] for batch in (before, after)]
        assert others[0] == others[1]
    assert [batch.deliveries for batch in hurt] != [batch.deliveries for batch in plain]
    counts = total(hurt)
    assert counts.generated + counts.duplicated == counts.lost + counts.delivered
    assert counts.delivered == sum(one.messages for batch in hurt for one in batch.deliveries)


def test_fault_begins_where_the_play_stands_and_ends_with_the_scenario(scenario: Scenario) -> None:
    fleet = LiveFleet(scenario, 3)
    batches = fleet.batches(STEP_MS)
    for _ in range(3):
        next(batches)

    fault = fleet.inject(Wish("dropout", "north-motor-01", "", 10**9))

    assert (fault.start_ms, fault.end_ms) == (scenario.start_ms + 3 * STEP_MS, scenario.end_ms)
    assert fleet.scenario.faults[-1] == fault


def test_faults_are_limited_in_number_and_none_comes_after_the_end(scenario: Scenario) -> None:
    fleet = LiveFleet(scenario, 3)
    for _ in range(INJECTED_MAX - len(scenario.faults)):
        fleet.inject(Wish("reboot", "north-motor-01", "", 1_000))
    with pytest.raises(ValueError, match="at most 1000 faults"):
        fleet.inject(Wish("reboot", "north-motor-01", "", 1_000))

    over = LiveFleet(scenario, 3)
    played(over)
    with pytest.raises(ValueError, match="the scenario is over"):
        over.inject(Wish("reboot", "north-motor-01", "", 1_000))
