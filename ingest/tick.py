"""Time as a record: one tick into each open shard of the log, at every call of a schedule."""

from collections.abc import Callable, Sequence
from random import Random, SystemRandom
from typing import Any, Final

from ingest.put import Backoff, put_all
from tocsin.adapters.function import Entry
from tocsin.core import clock
from tocsin.core.errors import UnavailableError
from tocsin.core.formats.schedule_event import scheduled_ms
from tocsin.core.formats.ticks import encode_tick
from tocsin.core.keys import TICK_KEY
from tocsin.core.messages import Tick
from tocsin.core.plan.book import PlanBook, publish_plan
from tocsin.core.plan.model import plan_hash
from tocsin.core.ports import Backend, Log, LogRecord, Shard


def tick_records(shards: Sequence[Shard], tick_ms: int, plan: str) -> list[LogRecord]:
    """Return a tick for each open shard, with the hash that leads into it.

    Args:
        shards: All shards of the log.
        tick_ms: The instant that has come.
        plan: Hash of the plan in force from there on.
    """
    return [
        LogRecord(
            TICK_KEY,
            encode_tick(Tick(tick_ms, plan, shard.hash_start, shard.hash_end, shard.id)),
            hash_key=shard.hash_start,
        )
        for shard in shards
        if not shard.closed
    ]


NAME: Final = "tick"


class TickHandler:
    """Puts ticks; built once, at cold start."""

    def __init__(self, backend: Backend, plans: PlanBook, backoff: Backoff) -> None:
        self._log: Final[Log] = backend.readings
        self._plan_hash: Final = plan_hash(plans.first)
        self._every_ms: Final = plans.first.timing.tick_ms
        self._backoff: Final = backoff
        self._ticks = 0

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG002  Lambda passes it
        """Put the tick of the schedule's instant; return the instant and how many shards took it.

        The instant is cut to the interval of ticks, so a call that is repeated puts the same ticks again.

        Raises:
            UnavailableError: A shard did not take its tick; the call must be repeated.
            ValueError: The event is not one of a schedule.
        """
        self._ticks = 0
        tick_ms = scheduled_ms(event) // self._every_ms * self._every_ms
        records = tick_records(self._log.shards(), tick_ms, self._plan_hash)
        left = put_all(self._log, records, self._backoff)
        if left:
            raise UnavailableError(f"tick {tick_ms} was not taken by {len(left)} of {len(records)} shards")
        self._ticks = len(records)
        return {"tick_ms": tick_ms, "shards": len(records)}

    def measures(self) -> dict[str, float]:
        """Return what the last call did, as metrics."""
        return {"ticks": self._ticks}


def make_handler(
    backend: Backend,
    plans: PlanBook,
    *,
    random: Random | None = None,
    pause: Callable[[float], None] = clock.pause,
) -> TickHandler:
    """Return the handler on the backend's ports.

    Args:
        backend: All ports.
        plans: Their first plan is the one that ticks name.
        random: Spreads out retries; None for one that is different in each process.
        pause: Waits for seconds.
    """
    return TickHandler(backend, plans, Backoff(random or Random(), pause))  # noqa: S311  no secret


def _make(backend: Backend, plans: PlanBook) -> TickHandler:
    # Ticks name the plan, so it is where everyone finds it before the first one does.
    publish_plan(plans.first, backend.blobs)
    return make_handler(backend, plans, random=SystemRandom())


handler: Final = Entry(NAME, ("readings", "blobs"), _make)
