"""Plays a scenario through the whole pipeline in virtual time, step by step."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from simulator.fleet import Batch, deliveries
from simulator.injection import LiveFleet
from simulator.network import Counts as WireCounts
from simulator.scenario_model import Scenario
from simulator.targets import LogTarget
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.actions import Action, decode_action, is_action_key
from tocsin.core.clock import MINUTE_MS, VirtualClock
from tocsin.core.formats.alert_item import decode_transition
from tocsin.core.messages import Notification, Phase, Transition
from tocsin.core.plan.model import Plan
from tocsin.core.plan.warnings import OUTAGES
from tocsin.core.ports import LogReader, WindowItem
from tocsin.runtime.counts import Counts
from tocsin.runtime.host import Host, OpenHost
from tocsin.runtime.pipeline import Pipeline
from tocsin.runtime.stages import MakeStages, make_stages

STEP_MS: Final = 20_000
SETTLE_MS: Final = 6 * MINUTE_MS
"""How long time goes on after the last delivery, so that the last windows close and are judged."""
FEED_RECORDS_MAX: Final = 500
WINDOWS_MAX: Final = 2_000


@dataclass(slots=True)
class Frame:
    """The state of the play after a step.

    Attributes:
        now_ms: Virtual instant.
        share: How much of the scenario has been played, in [0, 1].
        wire: What the network did up to here.
        counts: What the stages did up to here.
        transitions: What has come from the feed of alerts since the frame before.
        outages: What people were told of failed gateways and sites since then.
    """

    now_ms: int
    share: float
    wire: WireCounts
    counts: Counts
    transitions: list[Transition] = field(default_factory=list)
    outages: list[Notification] = field(default_factory=list)


class Play:
    """One play of a scenario on a backend of its own; close it, or use it in a ``with`` statement.

    Attributes:
        fleet: What is played; where one process generates, faults can be added to it.
        embedded: The backend.
        pipeline: What runs on it.
        now_ms: The virtual clock.
    """

    def __init__(
        self,
        scenario: Scenario,
        plan: Plan,
        *,
        seed: int,
        path: Path | None = None,
        processes: int = 1,
        stages: MakeStages = make_stages,
        open_host: OpenHost | None = None,
    ) -> None:
        """Open the backend.

        Args:
            scenario: What is played.
            plan: What the pipeline does.
            seed: Which run of the scenario.
            path: File of the backend, or None for memory.
            processes: How many processes generate the readings.
            stages: Builds the handlers.
            open_host: Opens another backend than a file or memory.
        """
        self.fleet = LiveFleet(scenario, seed)
        self._scenario = scenario
        self._seed = seed
        self._processes = processes
        self._clock = VirtualClock(scenario.start_ms)
        self.now_ms = self._clock.now_ms
        self.embedded: Host = open_host(self.now_ms, 1) if open_host else open_embedded(path, now_ms=self.now_ms)
        self.pipeline = Pipeline(self.embedded, plan, self.now_ms, is_lasting=path is not None, stages=stages)
        self._feed = FeedReader(self.embedded.backend.alerts.feed)
        self._wire = WireCounts()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.embedded.close()

    def frames(self, step_ms: int = STEP_MS) -> Iterator[Frame]:
        """Play to the end; yield a frame a step."""
        pipeline = self.pipeline
        target = LogTarget(pipeline.backend.readings, pipeline.backend.gateway, _no_pause)
        pipeline.start_ticks()
        for batch in self._batches(step_ms):
            pipeline.advance_to(self._clock, batch.until_ms)
            target.put(batch.deliveries)
            pipeline.run_due()
            self._wire += batch.counts
            yield self._frame()
        for _ in range(0, SETTLE_MS, step_ms):
            pipeline.advance_to(self._clock, self._clock.now_ms() + step_ms)
            yield self._frame()

    def _batches(self, step_ms: int) -> Iterator[Batch]:
        if self._processes == 1:
            return self.fleet.batches(step_ms)
        return deliveries(self.fleet.scenario, self._seed, step_ms=step_ms, processes=self._processes)

    def windows(self, device: str, *, span_ms: int) -> list[WindowItem]:
        """Return the device's windows of a minute that began within the last ``span_ms``."""
        now_ms = self._clock.now_ms()
        return self.embedded.backend.windows.query(
            self._scenario.tenant,
            device,
            size_ms=MINUTE_MS,
            start_ms=now_ms - span_ms,
            end_ms=now_ms,
            limit=WINDOWS_MAX,
        )

    def _frame(self) -> Frame:
        played = (self._clock.now_ms() - self._scenario.start_ms) / (self._scenario.end_ms - self._scenario.start_ms)
        told = self.pipeline.passed.told
        outages = [one for one in told if one.attributes["kind"] in OUTAGES]
        told.clear()
        return Frame(
            self._clock.now_ms(),
            min(1.0, played),
            self._wire,
            self.pipeline.counts(),
            self._feed.new_transitions(),
            outages,
        )


class FeedReader:
    """Reads a feed of alerts from where it stood."""

    def __init__(self, feed: LogReader) -> None:
        self._feed = feed
        self._after: dict[str, str] = {}
        self._shadowed: set[tuple[str, str]] = set()

    def new_transitions(self) -> list[Transition]:
        """Return the transitions of live rules that were not returned yet, in order."""
        return [one for one in self.with_shadows() if not self._is_shadow(one)]

    def with_shadows(self) -> list[Transition]:
        """Return the transitions that were not returned yet, those of shadow rules too, in order."""
        found: list[Transition] = []
        for shard in self._feed.shards():
            while read := self._feed.read(shard.id, after=self._after.get(shard.id), limit=FEED_RECORDS_MAX):
                found += [decode_transition(record.data) for record in read if not is_action_key(record.partition_key)]
                self._after[shard.id] = read[-1].sequence
        return found

    def _is_shadow(self, transition: Transition) -> bool:
        """Tell whether nobody is to see it: a shadow that leaves the plan is known by what came before it."""
        key = (transition.tenant, transition.fingerprint)
        if transition.shadow_of:
            self._shadowed.add(key)
            return True
        return key in self._shadowed and transition.phase is not Phase.FIRING

    def all_actions(self) -> list[Action]:
        """Return what people did, as far as the feed keeps it, in order."""
        found: list[Action] = []
        for shard in self._feed.shards():
            after: str | None = None
            while read := self._feed.read(shard.id, after=after, limit=FEED_RECORDS_MAX):
                found += [decode_action(record.data) for record in read if is_action_key(record.partition_key)]
                after = read[-1].sequence
        return found


def _no_pause(seconds: float) -> None:
    """Wait for nothing: in virtual time a refused put is put again at once."""
