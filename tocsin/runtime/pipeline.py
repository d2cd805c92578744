"""The whole pipeline in one process: the stages' handlers over the logs, the queue and the schedules.

Single-threaded, and deterministic where the clock is virtual: the same records at the same instants
lead to the same bytes everywhere.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, NowMs, VirtualClock, pause
from tocsin.core.errors import TransientError
from tocsin.core.plan.book import PlanBook, plan_blob, publish_plan
from tocsin.core.plan.model import Plan
from tocsin.core.ports import LogReader, StoredRecord
from tocsin.runtime.counting import Passed, counted
from tocsin.runtime.counts import Counts, counts_of
from tocsin.runtime.delivery import EventOf
from tocsin.runtime.discarded import kept_in
from tocsin.runtime.events import feed_event, kinesis_event_of, schedule_event_of, sqs_event_of
from tocsin.runtime.handed_on import HandedOn
from tocsin.runtime.host import Host
from tocsin.runtime.mapping import Handler, MappingSettings
from tocsin.runtime.queues import QueueMapping
from tocsin.runtime.schedule import Schedule
from tocsin.runtime.stages import MakeStages, make_stages
from tocsin.runtime.stream import StreamMapping

INGEST: Final = "ingest"
PROCESSORS: Final = "processors"
ANOMALY: Final = "anomaly"
ALERTS: Final = "alerts"
TICK: Final = "tick"
QUEUE_SETTINGS: Final = MappingSettings(batch_records_max=10, survives=TransientError)
READINGS_SETTINGS: Final = MappingSettings(batch_records_max=5_000, survives=TransientError)
SMALL_SETTINGS: Final = MappingSettings(batch_records_max=500, survives=TransientError)
RETENTION_MS: Final = 7 * DAY_MS
IDLE_PAUSE_MS: Final = 50
BACKLOG_MAX: Final = 1_000
"""Most records of a shard that are counted as waiting."""


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """How each mapping delivers, and whether panes have a log.

    An error that nobody foresaw stops the pipeline, as it would be repeated for ever otherwise.
    """

    ingest: MappingSettings = QUEUE_SETTINGS
    processors: MappingSettings = READINGS_SETTINGS
    anomaly: MappingSettings = SMALL_SETTINGS
    alerts: MappingSettings = SMALL_SETTINGS
    is_joined: bool = False
    """Whether panes are handed on to the anomaly stage, and none are put on their log."""


DEFAULT_SETTINGS: Final = PipelineSettings()


class Pipeline:
    """Queue to ingest, readings to processors, panes to anomaly, alerts to their stage; and time as ticks.

    Attributes:
        backend: The ports, counting what passes; who feeds the pipeline puts through these.
        plan: In force from the next tick on.
        plan_hash: Its hash.
        tick_ms: How often ticks are put.
    """

    def __init__(
        self,
        embedded: Host,
        plan: Plan,
        now_ms: NowMs,
        *,
        settings: PipelineSettings = DEFAULT_SETTINGS,
        stages: MakeStages = make_stages,
        is_lasting: bool = True,
        tick_ms: int | None = None,
    ) -> None:
        """Publish the plan and build the handlers.

        Args:
            embedded: The open backend.
            plan: What to do; where the backend was used before, it takes effect with the next tick.
            now_ms: The clock.
            settings: How each mapping delivers.
            stages: Builds the handlers.
            is_lasting: Whether the logs keep what is done with for ``RETENTION_MS``, and not only until then.
            tick_ms: How often ticks are put, a multiple of what the plan says; None for just that.
        """
        self.plan = plan
        self.plan_hash = publish_plan(plan, embedded.backend.blobs)
        self.tick_ms = tick_ms or plan.timing.tick_ms
        self.passed = Passed()
        self.backend = counted(
            replace(embedded.backend, panes=HandedOn(self._judge)) if settings.is_joined else embedded.backend,
            self.passed,
        )
        self._now_ms = now_ms
        self._is_lasting = is_lasting
        self._forget_ms = now_ms() + HOUR_MS
        blobs = embedded.backend.blobs
        self._stages = stages(self.backend, PlanBook(plan, lambda named: blobs.get(plan_blob(named))))
        self._mappings = self._make_mappings(embedded, settings)
        self._tick: Schedule | None = None
        self._minute = Schedule(
            ALERTS,
            max(MINUTE_MS, self.tick_ms),
            self._stages.alerts,
            event_of=schedule_event_of(ALERTS),
            now_ms=now_ms,
        )

    def start_ticks(self) -> None:
        """Put ticks into the log from now on; without it they must come from elsewhere."""
        self._tick = Schedule(
            TICK, self.tick_ms, self._stages.tick, event_of=schedule_event_of(TICK), now_ms=self._now_ms
        )

    def drain(self) -> int:
        """Deliver until nothing more can be delivered now; return how many invocations that took."""
        moved = 0
        while invocations := sum(mapping.poll() for mapping in self._mappings):
            moved += invocations
        return moved

    def run_due(self) -> int:
        """Do all that is to be done at this instant: tick, deliver, then let alerts see the time.

        Returns:
            How many invocations that took.
        """
        moved = (self._tick.poll() if self._tick else 0) + self.drain()
        moved += self._minute.poll() + self.drain()
        if moved:
            self._forget()
        return moved

    def due_ms(self) -> int:
        """Return the next instant at which something is to be done."""
        waits = [due_ms for mapping in self._mappings if (due_ms := mapping.due_ms()) is not None]
        schedules = [self._minute, self._tick] if self._tick else [self._minute]
        return min([*waits, *(schedule.due_ms() for schedule in schedules)])

    def advance_to(self, clock: VirtualClock, instant_ms: int) -> None:
        """Let virtual time pass, stopping wherever something is to be done.

        Args:
            clock: The clock that the pipeline was built with.
            instant_ms: Where it stands afterwards.
        """
        while (due_ms := self.due_ms()) <= instant_ms:
            clock.advance_to(due_ms)
            self.run_due()
        clock.advance_to(instant_ms)
        self.run_due()

    def run_forever(self, stop: Callable[[], bool]) -> None:
        """Run on the real clock, ticks included, until ``stop`` says so; it is asked between rounds."""
        self.start_ticks()
        while not stop():
            if not self.run_due():
                pause(min(IDLE_PAUSE_MS, max(1, self.due_ms() - self._now_ms())) / 1_000)

    def waiting_for(self) -> str:
        """Return what the mappings that wait for a retry failed with, or an empty text."""
        return "; ".join(f"{name}: {error}" for name, error in self.failing().items())

    def failing(self) -> dict[str, str]:
        """Return the mappings that wait for a retry, and what they failed with."""
        return {mapping.name: mapping.last_error for mapping in self._mappings if mapping.is_retrying}

    def backlog(self) -> dict[str, tuple[int, int | None]]:
        """Return what each mapping is not done with, up to ``BACKLOG_MAX`` a shard, and the age of the oldest, ms."""
        queue, *streams = self._mappings
        found: dict[str, tuple[int, int | None]] = {queue.name: (self.backend.gateway.depth(), None)}
        for mapping in streams:
            waiting, arrival_ms = mapping.backlog(BACKLOG_MAX)
            found[mapping.name] = (waiting, None if arrival_ms is None else max(0, self._now_ms() - arrival_ms))
        return found

    def unpublished(self) -> dict[str, int]:
        """Return how many entries each stage had committed and not published when it was called last."""
        stages = self._stages
        measures = {
            PROCESSORS: stages.processors.measures(),
            ANOMALY: stages.anomaly.measures(),
            ALERTS: stages.alerts.measures(),
        }
        return {name: round(one.get("outbox_unpublished", 0)) for name, one in measures.items()}

    def counts(self) -> Counts:
        """Return what every stage did."""
        return counts_of(self.passed, self._stages.processors.accounts(), self._stages.anomaly.counts())

    def _judge(self, records: Sequence[StoredRecord]) -> Mapping[int, TransientError]:
        return self._stages.anomaly.judge(records)

    def _make_mappings(
        self, embedded: Host, settings: PipelineSettings
    ) -> tuple[QueueMapping, StreamMapping, StreamMapping, StreamMapping]:
        backend, stages, now_ms = embedded.backend, self._stages, self._now_ms
        queue = QueueMapping(
            INGEST,
            backend.gateway,
            stages.ingest,
            settings.ingest,
            event_of=sqs_event_of(backend.gateway.name),
            now_ms=now_ms,
        )

        def stream(
            name: str, reader: LogReader, handler: Handler, how: MappingSettings, event_of: EventOf
        ) -> StreamMapping:
            return StreamMapping(
                name,
                reader,
                handler,
                how,
                event_of=event_of,
                checkpoints=embedded.checkpoints,
                now_ms=now_ms,
                on_failure=kept_in(backend.blobs),
            )

        return (
            queue,
            stream(PROCESSORS, backend.readings, stages.processors, settings.processors, kinesis_event_of("readings")),
            stream(ANOMALY, backend.panes, stages.anomaly, settings.anomaly, kinesis_event_of("panes")),
            stream(ALERTS, backend.alerts.feed, stages.alerts, settings.alerts, feed_event),
        )

    def _forget(self) -> None:
        """Have the logs forget what nobody needs any more; the feed of alerts is small, and stays."""
        _, readings, panes, _ = self._mappings
        if not self._is_lasting:
            readings.forget_done()
            panes.forget_done()
        elif self._now_ms() >= self._forget_ms:
            self._forget_ms = self._now_ms() + HOUR_MS
            readings.forget_before(self._now_ms() - RETENTION_MS)
            panes.forget_before(self._now_ms() - RETENTION_MS)
