"""Time in replays: ticks that were recorded, ticks that must be made, and the pace."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from tocsin.adapters.embedded.segments import DatedRecord
from tocsin.core.clock import HOUR_MS, MINUTE_MS, NowMs
from tocsin.core.errors import DamagedError
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.formats.ticks import decode_tick, encode_tick
from tocsin.core.keys import TICK_KEY
from tocsin.core.plan.model import Plan

TICKS_MS: Final = (5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS)
"""What ticks fall back to where rows come that rarely; each divides the next."""

OVERTAKEN: Final = "overtaken by a split or merge"
"""No shard is called that."""


def tick_ms_of(header: Header, plan: Plan, first: Sequence[Recorded]) -> int:
    """Return how often ticks are made: a year of hourly rows is not worth half a million of them."""
    steps = sorted(after.arrival_ms - before.arrival_ms for before, after in pairwise(first))
    if header.clock != "event" or not steps:
        return plan.timing.tick_ms
    usual_ms = steps[len(steps) // 2]
    return max([plan.timing.tick_ms, *(tick_ms for tick_ms in TICKS_MS if tick_ms <= usual_ms)])


def tick_under(plan_hash: str, record: Recorded) -> DatedRecord:
    """Return the recorded tick, naming the plan of the replay instead of the one that was in force.

    The shards of the replay are others. A tick that meant nothing where it stood means nothing here either.
    """
    try:
        said = decode_tick(record.data)
    except DamagedError:
        return DatedRecord(TICK_KEY, record.data, None, record.arrival_ms)
    was_overtaken = said.shard not in {"", record.position.partition(":")[0]}
    tick = replace(said, plan_hash=plan_hash, shard=OVERTAKEN if was_overtaken else "")
    return DatedRecord(TICK_KEY, encode_tick(tick), tick.hash_start, record.arrival_ms)


def pacer(speed: float, now_ms: NowMs, pause: Callable[[float], None]) -> Callable[[int], None]:
    """Return a function that waits until a virtual instant has come, counted from its first call.

    Args:
        speed: Virtual seconds per second, above 0.
        now_ms: The real clock.
        pause: Waits for some seconds.
    """
    began: list[int] = []

    def wait_for(instant_ms: int) -> None:
        began[:] = began or [now_ms(), instant_ms]
        due_ms = began[0] + (instant_ms - began[1]) / speed
        if due_ms > now_ms():
            pause((due_ms - now_ms()) / 1_000)

    return wait_for
