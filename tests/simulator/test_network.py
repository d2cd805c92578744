"""The network loses, copies, holds up and holds back messages, and counts each of them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.fleet import deliveries
from simulator.messages import FOREVER_MS, Block
from simulator.network import CHANCES, Counts, carry
from simulator.scenario_model import Fault, Network
from simulator.wire import split_body
from tests.simulator.played import MONDAY_MS, device, fault, played, scene
from tocsin.core.clock import HOUR_MS, MINUTE_MS, SECOND_MS

PUMP = device("pump")
TEN = MONDAY_MS + 10 * HOUR_MS


def block(messages: int = 360) -> Block:
    sent_ms = TEN + np.arange(messages) * 10 * SECOND_MS
    return Block(np.arange(messages), sent_ms, [b"%d" % number for number in range(messages)], FOREVER_MS)


def carried(*faults: Fault, network: Network | None = None, seed: int = 1) -> tuple[list[tuple[int, int]], Counts]:
    """Return (arrival, number of the message) in order of arrival, and the counts."""
    chances = np.random.default_rng(seed).random((CHANCES, 360))
    arrivals = carry(block(), network or Network(), faults, chances, first_order=0)
    return [(arrival_ms, int(data)) for arrival_ms, _, data in sorted(arrivals.messages)], arrivals.counts


def test_good_network_delivers_everything_once_in_order_and_soon() -> None:
    arrived, counts = carried()

    assert [number for _, number in arrived] == list(range(360))
    assert all(40 <= at_ms - (TEN + number * 10_000) <= 120 for at_ms, number in arrived)
    assert counts == Counts(generated=360)


def test_lost_messages_are_missing_and_counted() -> None:
    arrived, counts = carried(network=Network(loss=0.1))

    assert len(arrived) == 360 - counts.lost
    assert 15 < counts.lost < 65
    assert len({number for _, number in arrived}) == len(arrived)


def test_duplicates_are_the_same_bytes_again_within_their_delay() -> None:
    arrived, counts = carried(network=Network(duplicates=0.2, duplicate_delay_ms=5_000))

    times: dict[int, list[int]] = {}
    for at_ms, number in arrived:
        times.setdefault(number, []).append(at_ms)
    twice = [times_of for times_of in times.values() if len(times_of) == 2]
    assert len(twice) == counts.duplicated > 40
    assert len(arrived) == 360 + counts.duplicated
    assert all(later - first <= 5_000 for first, later in twice)


def test_disorder_lets_later_messages_overtake() -> None:
    arrived, _ = carried(network=Network(disorder=0.3, disorder_delay_ms=60_000))

    numbers = [number for _, number in arrived]
    assert sorted(numbers) == list(range(360))
    assert numbers != sorted(numbers)
    assert all(at_ms - (TEN + number * 10_000) <= 60_120 for at_ms, number in arrived)


@pytest.mark.parametrize(
    ("wrong", "counted"),
    [
        pytest.param(fault("loss", ratio=1.0), Counts(360, lost=120), id="loss"),
        pytest.param(fault("duplicates", ratio=1.0), Counts(360, duplicated=120), id="duplicates"),
        pytest.param(fault("disorder", ratio=1.0), Counts(360), id="disorder"),
        pytest.param(fault("outage", keep=0.0), Counts(360, lost=120), id="outage that forgets"),
        pytest.param(fault("outage"), Counts(360), id="outage that keeps"),
    ],
)
def test_network_fault_touches_only_messages_sent_in_its_interval(wrong: Fault, counted: Counts) -> None:
    arrived, counts = carried(wrong)
    undisturbed, _ = carried()

    touched = {number for at, number in set(arrived) ^ set(undisturbed)}
    assert counts == counted
    assert touched <= set(range(120, 240))
    assert len(touched) > 100


def test_overlapping_faults_of_the_network_act_together() -> None:
    total, none = fault("loss", ratio=1.0), fault("loss", ratio=0.0)

    assert carried(total, none)[1] == carried(none, total)[1] == Counts(360, lost=120)


def test_two_outages_that_forget_lose_the_messages_of_both() -> None:
    first, second = fault("outage", minutes=5, keep=0.0), fault("outage", from_minute=40, minutes=5, keep=0.0)

    assert carried(first, second)[1] == Counts(360, lost=60)


def test_outage_is_followed_by_a_burst_in_order_with_everything_that_was_held_back() -> None:
    wrong = fault("outage", burst=30_000.0)
    arrived, _ = carried(wrong)

    during = [number for at, number in arrived if wrong.start_ms + 120 <= at < wrong.end_ms]
    burst = [number for at, number in arrived if wrong.end_ms <= at < wrong.end_ms + 30_000 and number < 240]
    assert during == []
    assert burst == list(range(120, 240))


def test_burst_that_meets_the_next_outage_waits_again() -> None:
    first = fault("outage", minutes=10, burst=60_000.0)
    second = fault("outage", from_minute=30.5, minutes=10, burst=60_000.0)
    arrived, counts = carried(second, first)

    assert counts == Counts(360)
    silent = [number for at, number in arrived if second.start_ms + 120 <= at < second.end_ms]
    assert silent == []
    assert sorted(number for _, number in arrived) == list(range(360))


NETWORKS = st.builds(
    Network,
    latency_ms=st.integers(0, 5_000),
    loss=st.floats(0, 1),
    duplicates=st.floats(0, 1),
    disorder=st.floats(0, 1),
)
NETWORK_FAULTS = st.one_of(
    st.builds(
        fault,
        st.sampled_from(["loss", "duplicates", "disorder"]),
        from_minute=st.floats(0, 50),
        minutes=st.floats(0.1, 60),
        ratio=st.floats(0, 1),
    ),
    st.builds(
        fault,
        st.just("outage"),
        from_minute=st.floats(0, 50),
        minutes=st.floats(0.1, 60),
        keep=st.sampled_from([0.0, 1.0]),
    ),
)


@settings(max_examples=100, deadline=None)
@given(network=NETWORKS, faults=st.lists(NETWORK_FAULTS, max_size=4), seed=st.integers(0, 1000))
def test_every_message_is_lost_or_arrives_and_every_copy_arrives(
    network: Network, faults: list[Fault], seed: int
) -> None:
    arrived, counts = carried(*faults, network=network, seed=seed)

    assert counts.generated + counts.duplicated == counts.lost + len(arrived)
    assert len({number for _, number in arrived}) == counts.generated - counts.lost
    assert all(at_ms >= TEN + number * 10 * SECOND_MS for at_ms, number in arrived)


@settings(max_examples=15, deadline=None)
@given(
    network=NETWORKS,
    faults=st.lists(NETWORK_FAULTS, max_size=3),
    gateway=st.sampled_from(["", "gw-1"]),
    step_ms=st.integers(1_000, 20 * MINUTE_MS),
)
def test_generated_and_duplicated_is_lost_and_delivered_when_all_is_played(
    network: Network, faults: list[Fault], gateway: str, step_ms: int
) -> None:
    scenario = scene(replace(PUMP, network=network, gateway=gateway), faults=faults)

    batches = list(deliveries(scenario, 1, step_ms=step_ms))

    total = sum((batch.counts for batch in batches), Counts())
    arrived = [delivery for batch in batches for delivery in batch.deliveries]
    assert total.generated + total.duplicated == total.lost + total.delivered
    assert total.delivered == sum(delivery.messages for delivery in arrived)
    assert total.generated == 360


def test_silence_of_a_device_does_not_change_what_the_network_does_to_its_other_messages() -> None:
    rough = replace(PUMP, network=Network(loss=0.2, duplicates=0.2, disorder=0.2))
    silent = fault("dropout", minutes=5)

    def arrivals_of_others(*faults: Fault) -> list[tuple[int, int]]:
        arrived = [(d.arrival_ms, json.loads(d.data)["ts"]) for d in played(scene(rough, faults=faults))]
        return [(at_ms, ts) for at_ms, ts in arrived if not silent.start_ms <= ts < silent.end_ms]

    assert arrivals_of_others(silent) == arrivals_of_others()


def test_gateway_sends_what_it_gathered_at_every_flush_and_no_body_is_too_long() -> None:
    pumps = [device("pump", number, gateway="gw-1", interval_ms=1_000) for number in range(1, 8)]
    scenario = replace(scene(*pumps, hours=0.2), gateway_flush_ms=5_000, gateway_messages_max=20)

    arrived = played(scenario)

    assert {delivery.device for delivery in arrived} == {"gw-1"} == {delivery.via for delivery in arrived}
    flushes = sorted({delivery.arrival_ms for delivery in arrived})
    assert set(np.diff(flushes)) == {5_000}
    assert max(delivery.messages for delivery in arrived) == 20
    for delivery in arrived:
        assert len(split_body(delivery.data)) == delivery.messages


def test_gateway_outage_holds_back_all_of_its_devices_and_nobody_else() -> None:
    inside = [device("pump", number, gateway="gw-1") for number in (1, 2)]
    outside = device("pump", 3)
    wrong = replace(fault("outage"), devices=frozenset(entry.name for entry in inside))
    scenario = scene(*inside, outside, faults=[wrong])

    arrived = played(scenario)

    quiet = [d for d in arrived if wrong.start_ms + 6_000 <= d.arrival_ms < wrong.end_ms]
    assert {delivery.device for delivery in quiet} == {outside.name}
    burst = [d for d in arrived if d.via and wrong.end_ms <= d.arrival_ms < wrong.end_ms + 40_000]
    assert sum(delivery.messages for delivery in burst) > 240
