"""Plays a scenario through the pipeline as it is deployed, in virtual time, and counts what that would be billed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import lcm
from typing import Any, Final, cast

from alerts.handler import make_handler as make_alerts
from anomaly.handler import make_handler as make_anomaly
from ingest.archive import make_handler as make_archive
from ingest.handler import make_handler as make_ingest
from ingest.tick import make_handler as make_tick
from processors.handler import make_handler as make_processors
from simulator.fleet import deliveries
from simulator.scenario_model import Scenario
from simulator.targets import LogTarget
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import MINUTE_MS, SECOND_MS, VirtualClock
from tocsin.core.errors import TransientError, UsageError
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend
from tocsin.runtime.cost.counted_ports import Book, CountedPorts
from tocsin.runtime.cost.deployment import Deployment
from tocsin.runtime.cost.functions import CountedFunction
from tocsin.runtime.cost.prices import PriceTable
from tocsin.runtime.events import kinesis_event_of
from tocsin.runtime.host import Host
from tocsin.runtime.pipeline import Pipeline
from tocsin.runtime.stages import Stages
from tocsin.runtime.stream import StreamMapping

STEP_MS: Final = SECOND_MS
"""How often messages arrive in the run, and how often Lambda asks a shard whether there is something."""

SOURCES: Final = "sources"
ARCHIVE: Final = "archive"
INDEXES: Final[Mapping[str, tuple[str, ...]]] = {"alerts": ("at_ms", "tenant", "fingerprint")}
"""Table to the attribute that puts an item into each of its indexes, as the template has them."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was counted in a run.

    Attributes:
        book: What each stage used.
        deployment: Of what.
        plan: With which plan.
        span_ms: For how long it was counted.
        readings: Readings folded meanwhile.
        messages: Messages that they came in.
        devices: How many devices there are.
    """

    book: Book
    deployment: Deployment
    plan: Plan
    span_ms: int
    readings: int
    messages: int
    devices: int


def spans_ms(scenario: Scenario, plan: Plan, deployment: Deployment, for_ms: int | None) -> tuple[int, int]:
    """Return how long the run is not counted, as it begins, and how long it is.

    What is counted is whole windows and whole batches of the archive, so that each has closed as often as it does in
    the long run.

    Args:
        scenario: What is played.
        plan: With the windows.
        deployment: With the batches.
        for_ms: Most that is counted; None for all of it.

    Raises:
        UsageError: The scenario is too short for one window after the beginning.
    """
    sizes_ms = [window.size_ms for metric in plan.metrics for window in metric.windows]
    unit_ms = lcm(MINUTE_MS, max(MINUTE_MS, deployment.archive.window_ms), *sizes_ms)
    waits_ms = plan.timing.out_of_orderness_ms + plan.timing.lateness_ms + deployment.settings.processors.window_ms
    skipped_ms = -(-(max(sizes_ms) + waits_ms + MINUTE_MS) // unit_ms) * unit_ms
    lasts_ms = scenario.end_ms - scenario.start_ms - skipped_ms
    counted_ms = min(lasts_ms, for_ms or lasts_ms) // unit_ms * unit_ms
    if counted_ms < unit_ms:
        raise UsageError(
            f"{scenario.name} must last {(skipped_ms + unit_ms) // MINUTE_MS} minutes and be counted for "
            f"{unit_ms // MINUTE_MS} at least, so that a window closes"
        )
    return skipped_ms, counted_ms


def measure(
    scenario: Scenario,
    plan: Plan,
    deployment: Deployment,
    prices: PriceTable,
    *,
    seed: int,
    for_ms: int | None,
    show: Callable[[float], None] = lambda _: None,
) -> Measured:
    """Return what a run of the scenario used.

    Args:
        scenario: What is played.
        plan: What the pipeline does.
        deployment: How it is deployed.
        prices: Has what is assumed of requests.
        seed: Which run of the scenario.
        for_ms: How long is counted at most; None for all of it.
        show: Takes how much is played, in [0, 1].

    Raises:
        UsageError: The scenario is too short.
        ConfigError: boto3 is not installed.
    """
    skipped_ms, counted_ms = spans_ms(scenario, plan, deployment, for_ms)
    begins_ms, ends_ms = scenario.start_ms + skipped_ms, scenario.start_ms + skipped_ms + counted_ms
    shards = int(deployment.stack.parameters["ReadingsShards"])
    with open_embedded(None, now_ms=(clock := VirtualClock(scenario.start_ms)).now_ms, shards=shards) as host:
        run = _Run(host, plan, deployment, prices, clock)
        before = (0, 0)
        for batch in deliveries(replace(scenario, end_ms=ends_ms), seed, step_ms=STEP_MS):
            if batch.until_ms > ends_ms:
                break
            run.step(batch.until_ms, batch.deliveries)
            show((batch.until_ms - scenario.start_ms) / (ends_ms - scenario.start_ms))
            if batch.until_ms == begins_ms:
                run.book.clear()
                before = run.folded()
    readings, messages = (after - earlier for after, earlier in zip(run.folded(), before, strict=True))
    return Measured(run.book, deployment, plan, counted_ms, readings, messages, len(scenario.devices))


class _Run:
    """A pipeline whose ports and functions count."""

    def __init__(self, host: Host, plan: Plan, deployment: Deployment, prices: PriceTable, clock: VirtualClock) -> None:
        self.book = Book()
        self._clock = clock
        self._deployment = deployment
        self._model = prices.model
        self._ports = CountedPorts(
            self.book, prices.waits_ms, INDEXES, clock.now_ms, retention_ms=deployment.retention_ms
        )
        self._pipeline = Pipeline(
            host, plan, clock.now_ms, settings=deployment.settings, stages=self._stages, is_lasting=True
        )
        self._pipeline.start_ticks()
        sources = self._ports.of_stage(SOURCES, self._pipeline.backend)
        self._target = LogTarget(sources.readings, sources.gateway, _no_pause)
        archive = make_archive(self._ports.of_stage(ARCHIVE, host.backend), PlanBook(plan))
        self._archive = StreamMapping(
            ARCHIVE,
            host.backend.readings,
            self._counted(ARCHIVE, archive),
            replace(deployment.archive, survives=TransientError),
            event_of=kinesis_event_of("readings"),
            checkpoints=host.checkpoints,
            now_ms=clock.now_ms,
        )

    def step(self, until_ms: int, arrived: Any) -> None:  # noqa: ANN401  deliveries of the simulator
        """Let time pass, then have the deliveries arrive."""
        self._pipeline.advance_to(self._clock, until_ms)
        self._target.put(arrived)
        self._pipeline.run_due()
        while self._archive.poll():
            pass

    def folded(self) -> tuple[int, int]:
        """Return how many readings and messages were folded so far."""
        counts = self._pipeline.counts()
        return counts.readings, counts.messages

    def _stages(self, backend: Backend, plans: PlanBook) -> Stages:
        makers = {
            "ingest": make_ingest,
            "tick": make_tick,
            "processors": make_processors,
            "anomaly": make_anomaly,
            "alerts": make_alerts,
        }
        ports = {name: self._ports.of_stage(name, backend) for name in makers}
        if (
            self._deployment.settings.is_joined
        ):  # then what takes panes is no log but the anomaly stage, whose own ports count
            ports["processors"] = replace(ports["processors"], panes=backend.panes)
        made = {name: self._counted(name, cast("Any", make)(ports[name], plans)) for name, make in makers.items()}
        return Stages(**cast("Any", made))

    def _counted(self, name: str, handler: Any) -> CountedFunction:  # noqa: ANN401  each stage has a class of its own
        return CountedFunction(
            name, handler, self.book, self._model, self._clock.now_ms, namespace=self._deployment.namespace
        )


def _no_pause(seconds: float) -> None:
    """Wait for nothing: in virtual time a refused put is put again at once."""
