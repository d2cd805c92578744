"""Which messages of a device may change places on the log without any of them becoming late."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tocsin.core.formats.json_message import Message
from tocsin.core.formats.json_record import examine_record
from tocsin.core.formats.recording import Recorded
from tocsin.core.keys import TICK_KEY
from tocsin.core.plan.model import Plan

REACH: Final = 6
"""How many messages of a device one may be brought forward or back."""


@dataclass(frozen=True, slots=True)
class _At:
    """A record with messages: its place, their event times, the highest of its device before, and if it may move."""

    place: int
    low_ms: int
    high_ms: int
    before_ms: int
    period: int
    may_move: bool


class Overtaking:
    """The messages of each device that may change places, found once for a recording."""

    def __init__(self, records: Sequence[Recorded], plan: Plan) -> None:
        """Look at every message; costs some 20 µs a record."""
        self._out_of_orderness_ms = plan.timing.out_of_orderness_ms
        self._devices: dict[str, list[_At]] = {}
        for key, message in _messages(records, plan):
            self._devices.setdefault(key, []).append(message)
        self._keys = sorted(key for key, found in self._devices.items() if len(found) > 1)

    def pairs(self, random: Random, count: int) -> list[tuple[int, int]]:
        """Return at most so many pairs of places, no stretch between a pair overlapping another's."""
        found: list[tuple[int, int]] = []
        taken: set[tuple[str, int]] = set()
        for _ in range(count if self._keys else 0):
            key = random.choice(self._keys)
            messages = self._devices[key]
            first = random.randrange(len(messages) - 1)
            last = min(len(messages) - 1, first + random.randint(1, REACH))
            stretch = messages[first : last + 1]
            spots = {(key, place) for place in range(first, last + 1)}
            if not spots & taken and self._may_mix(stretch):
                taken |= spots
                found.append((stretch[0].place, stretch[-1].place))
        return found

    def _may_mix(self, stretch: Sequence[_At]) -> bool:
        """Tell whether the ends may change places: in any order nothing in the stretch is late because of it."""
        highest_ms = max(stretch[0].before_ms, *(at.high_ms for at in stretch))
        in_order_enough = highest_ms - min(at.low_ms for at in stretch) <= self._out_of_orderness_ms
        ends_move = stretch[0].may_move and stretch[-1].may_move
        return ends_move and in_order_enough and len({at.period for at in stretch}) == 1


def _messages(records: Sequence[Recorded], plan: Plan) -> Iterator[tuple[str, _At]]:
    """Yield the records that hold messages; one may move if it holds one, not far from the time of arrival.

    A period lasts from tick to tick; a message that crosses one may find its window closed.
    """
    highest: dict[str, int] = {}
    near_ms = min(plan.timing.idle_ms, plan.bounds.skew_ms) // 4
    ticks = 0
    for place, record in enumerate(records):
        if record.partition_key == TICK_KEY:
            ticks += 1
            continue
        events = _events_ms(record, plan)
        if not events:
            continue
        before_ms = highest.get(record.partition_key, 0)
        highest[record.partition_key] = max(before_ms, *events)
        may_move = len(events) == 1 and abs(record.arrival_ms - events[0]) <= near_ms
        period = ticks << 48 | record.arrival_ms // plan.timing.tick_ms
        yield record.partition_key, _At(place, min(events), max(events), before_ms, period, may_move)


def _events_ms(record: Recorded, plan: Plan) -> list[int]:
    """Return the event times of the messages that are accepted."""
    found = examine_record(record.partition_key, record.data, record.arrival_ms, plan.bounds)
    return [int(message.ts) for _, message in found if isinstance(message, Message)]
