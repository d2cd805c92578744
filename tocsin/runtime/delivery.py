"""How a batch of a shard is delivered, and what follows from the answer: done with, again, in halves, given up."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tocsin.core.clock import NowMs
from tocsin.core.ports import StoredRecord
from tocsin.runtime.discarded import EXHAUSTED, EXPIRED, Discarded, OnFailure
from tocsin.runtime.lane import Flight, Lane, Segment
from tocsin.runtime.mapping import Context, Handler, MappingSettings, Outcome, invoke
from tocsin.runtime.tumbling import Closing

EventOf = Callable[[Sequence[StoredRecord]], dict[str, Any]]
"""Builds the event of records of one shard, in order."""


class Delivery:
    """Delivers the batches of one mapping's lanes.

    Attributes:
        invocations: How often the handler was called.
        failures: How many of these calls failed, wholly or in part.
        discarded: Records that were given up.
        last_error: The newest failure in words, or empty.
    """

    def __init__(
        self,
        name: str,
        handler: Handler,
        settings: MappingSettings,
        *,
        event_of: EventOf,
        on_failure: OnFailure | None,
        now_ms: NowMs,
    ) -> None:
        self.invocations = self.failures = self.discarded = 0
        self.last_error = ""
        self._name = name
        self._handler = handler
        self._settings = settings
        self._event_of = event_of
        self._on_failure = on_failure
        self._now_ms = now_ms

    def start(self, shard: str, lane: Lane, *, is_last: bool) -> list[StoredRecord]:
        """Begin the lane's next invocation, if it is time; return what is done with by now, in order.

        Args:
            shard: Of the lane.
            lane: With what was read.
            is_last: Whether the shard has no more records than those in its lanes.
        """
        done: list[StoredRecord] = []
        if lane.is_free:
            lane.make_batch(self._settings, self._now_ms(), is_last=is_last)
        if self._may_deliver(lane):
            done += self._give_up_expired(lane)
        if self._may_deliver(lane):
            done += self._deliver(shard, lane)
        return done

    def land(self, lane: Lane) -> list[StoredRecord]:
        """Act on the answer of the invocation under way, if it has ended; return what is done with."""
        if lane.flight is None or lane.flight.ends_ms > self._now_ms():
            return []
        segment, outcome = lane.flight.segment, lane.flight.outcome
        lane.flight = None
        done = outcome.failed[0] if outcome.failed else len(segment.records)
        over = list(segment.records[:done])
        if outcome.error is None and lane.tumbling:
            _keep_state(lane, segment, outcome)
        if outcome.failed or outcome.error:
            self.failures += 1
            self.last_error = str(outcome.error or f"{len(outcome.failed)} items failed")
            over += self._fail(lane, replace(segment, records=segment.records[done:]), outcome, is_cut=done > 0)
        return over

    def _may_deliver(self, lane: Lane) -> bool:
        return bool(lane.segments) and lane.flight is None and lane.due_ms <= self._now_ms()

    def _deliver(self, shard: str, lane: Lane) -> list[StoredRecord]:
        segment = lane.segments.popleft()
        event = self._event_of(segment.records)
        if lane.tumbling:
            event = lane.tumbling.event(event, shard, segment.closing)
        self.invocations += 1
        ids = [record.sequence for record in segment.records]
        outcome = invoke(self._handler, event, self._context(), ids, self._settings)
        lane.flight = Flight(segment, outcome, self._now_ms() + outcome.took_ms)
        return self.land(lane)

    def _fail(self, lane: Lane, rest: Segment, outcome: Outcome, *, is_cut: bool) -> list[StoredRecord]:
        """Decide what follows for the records that are not done with; return those that are given up."""
        attempts = rest.attempts + 1
        if outcome.error and self._settings.bisect and len(rest.records) > 1:
            half = len(rest.records) // 2
            lane.segments.appendleft(replace(rest, records=rest.records[half:]))
            lane.segments.appendleft(replace(rest, records=rest.records[:half]))
        elif is_cut and self._settings.bisect:  # cut at the number that came back; that is no retry either
            lane.segments.appendleft(rest)
        elif self._settings.retries_max is not None and attempts > self._settings.retries_max:
            return self._discard(lane, replace(rest, attempts=attempts), EXHAUSTED, error=outcome.error)
        else:
            lane.segments.appendleft(replace(rest, attempts=attempts))
            lane.due_ms = self._now_ms() + self._settings.retry_wait_ms(attempts)
        return []

    def _give_up_expired(self, lane: Lane) -> list[StoredRecord]:
        if self._settings.age_ms_max is None or not lane.segments[0].records:
            return []
        oldest_ms = self._now_ms() - self._settings.age_ms_max
        segment = lane.segments.popleft()
        expired = sum(record.arrival_ms < oldest_ms for record in segment.records)
        if expired < len(segment.records):
            lane.segments.appendleft(replace(segment, records=segment.records[expired:]))
        if not expired:
            return []
        return self._discard(lane, replace(segment, records=segment.records[:expired]), EXPIRED, error=None)

    def _discard(self, lane: Lane, segment: Segment, condition: str, *, error: Exception | None) -> list[StoredRecord]:
        """Hand the records to the destination, where people can find them; the shard moves on."""
        if segment.closing and lane.tumbling:
            lane.tumbling.close()
        if segment.records and self._on_failure:
            lost = Discarded(self._event_of(segment.records), segment.records, segment.attempts, condition, error)
            self._on_failure(lost, self._context(), self._now_ms())
        self.discarded += len(segment.records)
        return list(segment.records)

    def _context(self) -> Context:
        return Context(self._name, f"{self._name}-{self.invocations}")


def _keep_state(lane: Lane, segment: Segment, outcome: Outcome) -> None:
    """Let the window go on with the answered state, or close it: it is over, or the state too large."""
    tumbling = lane.tumbling
    if tumbling is None:
        return
    if segment.closing:
        tumbling.close()
    elif not tumbling.keep(outcome.answer):
        lane.segments.appendleft(Segment((), closing=Closing.STATE_TOO_LARGE))
