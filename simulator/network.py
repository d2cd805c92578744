"""The way from a device to whoever takes its messages: loss, copies, disorder, outages and late bursts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.course import BLOCK_MESSAGES
from simulator.disturbance import Bools, delay_at, ratio_at, within
from simulator.messages import Block, blocks_of
from simulator.randomness import stream
from simulator.scenario_model import Device, Fault, Network, Scenario
from simulator.weather import Floats, Int64s

CHANCES: Final = 6
"""Numbers drawn for each message, sent or not: loss, copy, hold-up, latency, length of both delays."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages, by what became of them.

    Those generated and duplicated are on the way until they are lost or delivered; once a scenario is
    played to its end, ``generated + duplicated == lost + delivered``.

    Attributes:
        generated: Sent by devices.
        lost: Never to arrive anywhere.
        duplicated: Copies that the network made.
        delivered: Arrived, copies included; each message of a gateway's body counts.
    """

    generated: int = 0
    lost: int = 0
    duplicated: int = 0
    delivered: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.generated + other.generated,
            self.lost + other.lost,
            self.duplicated + other.duplicated,
            self.delivered + other.delivered,
        )


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Some messages of a device as they arrive.

    Attributes:
        messages: Arrival, order and bytes of each, copies included; the order settles ties.
        next_ms: None that is yet to come arrives before this.
        counts: What the network did; ``delivered`` is 0, as they have only arrived.
    """

    messages: list[tuple[int, int, bytes]]
    next_ms: int
    counts: Counts


def arrivals_of(scenario: Scenario, device: Device, seed: int) -> Iterator[Arrivals]:
    """Yield the device's messages as they arrive at the log, or at its gateway."""
    faults = scenario.faults_of(device.name)
    drawn = stream(seed, device.name, "network")
    for number, block in enumerate(blocks_of(scenario, device, seed)):
        chances = drawn.random((CHANCES, BLOCK_MESSAGES))[:, block.slots]
        yield carry(block, device.network, faults, chances, first_order=2 * number * BLOCK_MESSAGES)


def carry(block: Block, network: Network, faults: Iterable[Fault], chances: Floats, *, first_order: int) -> Arrivals:
    """Return the arrivals of the block's messages. Pure.

    Args:
        block: m messages.
        network: What the way is like.
        faults: All faults of the device.
        chances: shape (6, m), numbers in ``[0, 1)``.
        first_order: Order of the first message; it has room for each message and its copy.
    """
    faults = tuple(faults)
    sent_ms = block.sent_ms
    released_ms, swallowed = _through_outages(sent_ms, faults)
    lost = swallowed | (chances[0] < ratio_at(network.loss, faults, "loss", sent_ms))
    copied = ~lost & (chances[1] < ratio_at(network.duplicates, faults, "duplicates", sent_ms))
    held = chances[2] < ratio_at(network.disorder, faults, "disorder", sent_ms)
    under_way = released_ms + network.latency_ms * (0.5 + chances[3])
    wait = delay_at(network.disorder_delay_ms, faults, "disorder", sent_ms) * chances[4] * held
    copy_wait = delay_at(network.duplicate_delay_ms, faults, "duplicates", sent_ms) * chances[5]
    order = first_order + 2 * np.arange(len(sent_ms))
    messages = [
        *_messages(under_way + wait, order, block.data, ~lost),
        *_messages(under_way + copy_wait, order + 1, block.data, copied),
    ]
    counts = Counts(generated=len(sent_ms), lost=int(lost.sum()), duplicated=int(copied.sum()))
    return Arrivals(messages, block.next_ms, counts)


def _through_outages(sent_ms: Int64s, faults: Iterable[Fault]) -> tuple[Int64s, Bools]:
    """Return when each message leaves, and which never do.

    What is sent during an outage waits, and follows it in a burst, in order, at an even pace. A burst
    that meets the next outage waits again.
    """
    outages = sorted((fault for fault in faults if fault.kind == "outage"), key=lambda fault: fault.start_ms)
    released_ms = sent_ms
    swallowed = np.zeros(len(sent_ms), np.bool_)
    for fault in outages:
        inside = within(fault, released_ms)
        if not fault.settings["keep"]:
            swallowed |= inside
        share = (released_ms - fault.start_ms) / (fault.end_ms - fault.start_ms)
        burst_ms = np.rint(share * fault.settings["burst"]).astype(np.int64)
        released_ms = np.where(inside, fault.end_ms + burst_ms, released_ms)
    return released_ms, swallowed


def _messages(arrival_ms: Floats, order: Int64s, data: list[bytes], chosen: Bools) -> Iterable[tuple[int, int, bytes]]:
    places = np.flatnonzero(chosen)
    when = np.rint(arrival_ms[places]).astype(np.int64).tolist()
    return zip(when, order[places].tolist(), [data[place] for place in places.tolist()], strict=True)
