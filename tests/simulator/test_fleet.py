"""The same seed gives the same bytes, in order of arrival, however the work is cut."""

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.fleet import deliveries, merged, part_of
from simulator.network import Counts
from simulator.scenario import load_scenario
from simulator.scenario_model import Device, Scenario
from simulator.wire import split_body
from tests.simulator.played import TYPES, bytes_of, device, fault, played, scene
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.errors import UnavailableError
from tocsin.core.formats.json_readings import decode_records
from tocsin.core.keys import partition_key
from tocsin.core.plan.model import Bounds
from tocsin.core.plan.resolve import device_plan
from tocsin.core.plan.source import load_plan

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SMALL = load_scenario(SCENARIOS / "small.yaml")
DEMO = load_scenario(SCENARIOS / "demo.yaml")


def test_same_seed_gives_the_same_bytes() -> None:
    assert bytes_of(deliveries(SMALL, 7)) == bytes_of(deliveries(SMALL, 7))


def test_other_seed_gives_other_values_of_the_same_devices() -> None:
    one, other = played(SMALL, 1), played(SMALL, 2)

    assert {delivery.device for delivery in one} == {delivery.device for delivery in other}
    assert not {delivery.data for delivery in one} & {delivery.data for delivery in other}


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**63), step_ms=st.integers(500, 40 * MINUTE_MS), parts=st.integers(1, 7))
def test_neither_steps_nor_parts_change_a_byte(seed: int, step_ms: int, parts: int) -> None:
    whole = bytes_of(deliveries(SMALL, seed))

    shares = [part_of(SMALL, seed, step_ms=step_ms, part=part, parts=parts) for part in range(parts)]

    assert bytes_of(merged(shares)) == whole


def test_processes_give_the_bytes_and_counts_of_one() -> None:
    alone, together = list(deliveries(SMALL, 3)), list(deliveries(SMALL, 3, processes=2))

    assert bytes_of(together) == bytes_of(alone)
    assert [batch.counts for batch in together] == [batch.counts for batch in alone]
    assert [batch.until_ms for batch in together] == [batch.until_ms for batch in alone]


def test_processes_end_when_nobody_reads_on() -> None:
    batches = deliveries(DEMO, 3, processes=2)

    first = next(batches)
    batches.close()  # type: ignore[attr-defined] # the iterator is a generator

    assert first.until_ms == DEMO.start_ms + MINUTE_MS


def test_process_that_dies_is_told_and_not_taken_for_the_end() -> None:
    broken = replace(SMALL, devices={"x": replace(SMALL.devices["north-pump-01"], interval_ms=0)})

    with pytest.raises(UnavailableError, match="ended before its part was played"):
        list(deliveries(broken, 1, processes=2))


def test_other_devices_and_faults_do_not_change_what_a_device_sends() -> None:
    def of_pump(*others: Device, **extra: object) -> list[bytes]:
        scenario = replace(scene(device("pump"), *others), **extra)  # type: ignore[arg-type]
        return [delivery.data for delivery in played(scenario) if delivery.device == "north-pump-01"]

    alone = of_pump()

    assert of_pump(device("motor"), device("pump", 2)) == alone
    assert of_pump(device("motor"), faults=(fault("wear", device("motor")),)) == alone


def test_deliveries_come_in_order_of_arrival_and_within_their_step() -> None:
    since_ms = 0
    for batch in deliveries(SMALL, 1, step_ms=30_000):
        for delivery in batch.deliveries:
            assert since_ms <= delivery.arrival_ms < batch.until_ms
            since_ms = delivery.arrival_ms
        since_ms = batch.until_ms


def test_clocks_of_devices_are_wrong_by_a_constant_within_the_bound() -> None:
    skewed = [
        device("pump", number, network=replace(device("pump").network, clock_skew_ms=60_000)) for number in range(1, 6)
    ]
    offsets = {}
    for delivery in played(scene(*skewed)):
        offsets.setdefault(delivery.device, []).append(json.loads(delivery.data)["ts"] - delivery.arrival_ms)

    middles = [np.median(values) for values in offsets.values()]
    assert all(max(values) - min(values) < 200 for values in offsets.values())
    assert all(abs(middle) < 60_200 for middle in middles)
    assert max(middles) - min(middles) > 10_000


@pytest.mark.parametrize("scenario", [SMALL, DEMO], ids=lambda scenario: scenario.name)
def test_pipeline_accepts_every_message_but_those_of_a_clock_far_ahead(scenario: Scenario) -> None:
    scenario = replace(scenario, end_ms=min(scenario.end_ms, scenario.start_ms + HOUR_MS))
    keys, datas, arrivals = [], [], []
    for delivery in played(scenario):
        messages = split_body(delivery.data) if delivery.via else [(delivery.device, delivery.data)]
        for name, data in messages:
            keys.append(partition_key(delivery.tenant, name))
            datas.append(data)
            arrivals.append(delivery.arrival_ms)

    columns, refused = decode_records(keys, datas, np.array(arrivals), Bounds())

    assert refused == []
    assert len(columns) == len(datas)
    assert columns.counted.all()


def test_demo_has_a_hundred_devices_of_all_types_on_both_ways() -> None:
    devices = DEMO.devices.values()

    assert 90 <= len(devices) <= 120
    assert {entry.profile.type for entry in devices} == set(TYPES)
    assert len({entry.site.name for entry in devices}) == 3
    direct = sum(not entry.gateway for entry in devices)
    assert 30 <= direct <= len(devices) - 30


def test_plan_of_the_demo_knows_where_and_what_each_device_is() -> None:
    plan = load_plan(SCENARIOS / "demo.plan.yaml")

    for name, entry in DEMO.devices.items():
        known = device_plan(plan, DEMO.tenant, name)
        assert (known.site, known.type, known.gateway) == (entry.site.name, entry.profile.type, entry.gateway)


@pytest.mark.parametrize("seed", range(1, 4))
def test_first_room_is_too_warm_within_ten_minutes_of_the_demo(seed: int) -> None:
    warm = [
        delivery.arrival_ms
        for batch in islice(deliveries(DEMO, seed), 10)
        for delivery in batch.deliveries
        if delivery.device == "south-cold-room-03" and json.loads(delivery.data)["metrics"]["air_celsius"] > 9
    ]

    assert warm
    assert warm[0] - DEMO.start_ms < 8 * MINUTE_MS


def test_counts_of_the_demo_add_up_and_it_ends_soon_after_its_last_message() -> None:
    batches = list(deliveries(DEMO, 1))

    total = sum((batch.counts for batch in batches), Counts())
    assert total.generated + total.duplicated == total.lost + total.delivered
    assert min(total.lost, total.duplicated) > 50
    assert batches[-1].until_ms - DEMO.end_ms <= 2 * MINUTE_MS
