"""Replays a recording through a fresh pipeline in memory, in virtual time.

Every record keeps its own arrival, and all that arrived before a tick is on the log before it. Time passes
in rounds: what arrives within a round is folded at its end. So neither the wall clock nor the size of batches
has any influence on which alerts come out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Final

import msgspec

from tocsin.adapters.embedded.segments import DatedRecord
from tocsin.core.actions import ACTION_KEY_START, Action, decode_action_json
from tocsin.core.clock import MINUTE_MS, VirtualClock
from tocsin.core.errors import UnavailableError
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.keys import TICK_KEY
from tocsin.core.messages import Notification, Transition
from tocsin.core.plan.model import Plan
from tocsin.runtime.counts import Counts
from tocsin.runtime.host import OpenHost, open_in_memory
from tocsin.runtime.pipeline import DEFAULT_SETTINGS, Pipeline, PipelineSettings
from tocsin.runtime.play import FeedReader
from tocsin.runtime.recorded_time import tick_ms_of, tick_under
from tocsin.runtime.stages import MakeStages, make_stages

TOLD_QUEUE: Final = "told"
TAKEN_MAX: Final = 1_000
FIRST_RECORDS: Final = 200
RECORDS_MAX: Final = 20_000
"""Most records of a step. A step costs some milliseconds a key group whatever it brings, so more come at once than
Lambda would deliver; no split of the records shows in what comes out."""

MAPPINGS: Final = replace(
    DEFAULT_SETTINGS,
    processors=replace(DEFAULT_SETTINGS.processors, batch_records_max=RECORDS_MAX, payload_bytes_max=64 * 1024 * 1024),
)

_notification_decoder: Final = msgspec.json.Decoder(Notification)


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """How a recording is replayed.

    Attributes:
        tick_ms: How often ticks are made where the recording has none. By default as often as the plan says,
            or, for tables of the past (clock ``event``), about as often as rows come where that is less.
        round_ms: Longest round with arrivals, or an interval of ticks where that is above a minute; the times at
            which notifications are sent are as exact as that.
        settle_ms: Ticks go on until the first one this long after the last record. By default windows of a
            minute close, and the silence after the end is not yet long enough to be told.
        put_records_max: Most records put on the log before they are delivered.
        mappings: How each mapping delivers.
        stages: Builds the handlers.
        open_host: Opens the backend; None for memory.
    """

    tick_ms: int | None = None
    round_ms: int = MINUTE_MS
    settle_ms: int = 4 * MINUTE_MS
    put_records_max: int = RECORDS_MAX
    mappings: PipelineSettings = MAPPINGS
    stages: MakeStages = make_stages
    open_host: OpenHost | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a recording led to.

    Attributes:
        records: Records put, without ticks.
        first_ms: Arrival of the first record, or None where there was none.
        until_ms: Where virtual time stands, or None.
        transitions: The alert transitions of live rules, in the order of the change feed.
        all_transitions: With those of shadow rules.
        notifications: All notifications, in the order in which they were sent.
        counts: What every stage did, or None.
    """

    records: int
    first_ms: int | None
    until_ms: int | None
    transitions: tuple[Transition, ...]
    all_transitions: tuple[Transition, ...]
    notifications: tuple[Notification, ...]
    counts: Counts | None


def replay(header: Header, records: Iterable[Recorded], plan: Plan, settings: ReplaySettings | None = None) -> Replayed:
    """Return what the records lead to under the plan.

    Raises:
        UnavailableError: A stage kept failing.
    """
    with ReplayRun(header, plan, settings or ReplaySettings()) as run:
        notifications: list[Notification] = []
        for _ in run.steps(records):
            notifications += run.new_notifications()
        return run.result(notifications)


class ReplayRun:
    """A replay under way, for whoever wants to watch it or to hold its pace.

    Attributes:
        pipeline: The pipeline, once the first record is known.
    """

    def __init__(self, header: Header, plan: Plan, settings: ReplaySettings) -> None:
        self.pipeline: Pipeline | None = None
        self._header = header
        self._plan = plan
        self._settings = settings
        self._clock = VirtualClock(0)
        self._embedded = (settings.open_host or open_in_memory)(self._clock.now_ms, header.shards)
        self._told = self._embedded.queue(TOLD_QUEUE)
        self._embedded.backend.topic.subscribe(TOLD_QUEUE)
        self._records = 0
        self._first_ms: int | None = None
        self._round_end_ms = 0
        self._actions: list[Action] = []

    def __enter__(self) -> "ReplayRun":
        return self

    def __exit__(self, *_: object) -> None:
        self._embedded.close()

    def now_ms(self) -> int:
        """Return the virtual instant."""
        return self._clock.now_ms()

    def steps(self, records: Iterable[Recorded]) -> Iterator[int]:
        """Replay; yield the virtual instant after each step, a minute or less.

        Raises:
            DamagedError: A recorded action cannot be read.
            UnavailableError: A stage kept failing.
        """
        arriving = iter(records)
        first = list(islice(arriving, FIRST_RECORDS))
        if not first:
            return
        pipeline = self._start(first)
        round_ms = self._settings.round_ms if pipeline.tick_ms <= MINUTE_MS else pipeline.tick_ms
        last_ms = first[0].arrival_ms
        pending: list[DatedRecord] = []
        for record in chain(first, arriving):
            while record.arrival_ms >= self._round_end_ms:
                self._put(pipeline, pending)
                yield self._end_round(pipeline)
            if not pending:
                whole_ms = (record.arrival_ms // round_ms + 1) * round_ms
                self._round_end_ms = min(whole_ms, self._round_end_ms)
            if record.partition_key.startswith(ACTION_KEY_START):
                self._actions.append(decode_action_json(record.data))
            else:
                pending.append(self._dated(record, pipeline.plan_hash))
            last_ms = max(last_ms, record.arrival_ms)
            if len(pending) >= self._settings.put_records_max:
                self._put(pipeline, pending)
                # At the round's end, as all of the round: how much is put at once must not show.
                self._clock.advance_to(self._round_end_ms)
                pipeline.drain()
        self._put(pipeline, pending)
        yield from self._settle(pipeline, last_ms + self._settings.settle_ms)

    def new_notifications(self) -> list[Notification]:
        """Return what was sent since the last call, in order."""
        taken: list[Notification] = []
        while messages := self._told.receive(limit=TAKEN_MAX, visibility_ms=MINUTE_MS):
            taken += [_notification_decoder.decode(message.body) for message in messages]
            self._told.delete([message.receipt for message in messages])
        return taken

    def result(self, notifications: Iterable[Notification]) -> Replayed:
        """Return what came out, with the notifications that were taken on the way."""
        feed = self._embedded.backend.alerts.feed
        return Replayed(
            records=self._records,
            first_ms=self._first_ms,
            until_ms=None if self._first_ms is None else self._clock.now_ms(),
            transitions=tuple(FeedReader(feed).new_transitions()),
            all_transitions=tuple(FeedReader(feed).with_shadows()),
            notifications=tuple(notifications),
            counts=self.pipeline.counts() if self.pipeline else None,
        )

    def _start(self, first: Sequence[Recorded]) -> Pipeline:
        self._first_ms = first[0].arrival_ms
        self._clock.advance_to(first[0].arrival_ms)
        self.pipeline = Pipeline(
            self._embedded,
            self._plan,
            self._clock.now_ms,
            settings=self._settings.mappings,
            stages=self._settings.stages,
            is_lasting=False,
            tick_ms=self._settings.tick_ms or tick_ms_of(self._header, self._plan, first),
        )
        if not self._header.ticks:
            self.pipeline.start_ticks()
        self._round_end_ms = self.pipeline.due_ms()
        return self.pipeline

    def _dated(self, record: Recorded, plan_hash: str) -> DatedRecord:
        if record.partition_key == TICK_KEY:
            return tick_under(plan_hash, record)
        self._records += 1
        return DatedRecord(record.partition_key, record.data, None, record.arrival_ms)

    def _put(self, pipeline: Pipeline, pending: list[DatedRecord]) -> None:
        if pending:
            pipeline.backend.readings.put(pending)
            pending.clear()

    def _end_round(self, pipeline: Pipeline) -> int:
        """Do all that is to be done at the round's end, and begin the next; return the end."""
        ended_ms = self._round_end_ms
        self._clock.advance_to(ended_ms)
        for action in self._actions:
            pipeline.backend.alerts.put_action(action)
        self._actions.clear()
        pipeline.run_due()
        self._round_end_ms = pipeline.due_ms()
        return ended_ms

    def _settle(self, pipeline: Pipeline, end_ms: int) -> Iterator[int]:
        """Let time pass after the last record, and see that everything came to rest."""
        if self._header.ticks:
            yield self._end_round(pipeline)
            pipeline.start_ticks()
        end_ms = -(-end_ms // pipeline.tick_ms) * pipeline.tick_ms
        while self._round_end_ms <= end_ms:
            yield self._end_round(pipeline)
        while pipeline.waiting_for() and self._round_end_ms < end_ms + pipeline.tick_ms:
            yield self._end_round(pipeline)
        if waiting := pipeline.waiting_for():
            raise UnavailableError(f"replay ended with work undone: {waiting}")
