"""A fleet in virtual time before a pipeline whose processors take time: so much a call, so much a record.

Senders go on while the pipeline is at work, so a backlog grows where more comes than can be folded.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.runtime.walk import PLAN, START_MS
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.adapters.embedded.segments import DatedRecord
from tocsin.core.clock import MINUTE_MS, SECOND_MS, VirtualClock
from tocsin.core.errors import TransientError
from tocsin.core.formats.kinesis_event import kinesis_columns
from tocsin.core.keys import TICK_KEY
from tocsin.core.plan.book import PlanBook
from tocsin.core.port_values import WindowItem
from tocsin.core.ports import Backend
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.pipeline import Pipeline, PipelineSettings
from tocsin.runtime.stages import Stages, make_stages

DEVICES: Final = 20
CALL_MS: Final = 50
RECORDS_A_SECOND_MAX: Final = 50
"""What the processors can fold, beside ``CALL_MS`` a call; the fleet sends 20 a second."""

Rate = Callable[[int, int], int]
"""(device, second) to how many messages it sends in that second."""


def steady(device: int, second: int) -> int:  # noqa: ARG001  the shape of a rate
    """Return one message a second of each device."""
    return 1


@dataclass
class Factory:
    """One run.

    Attributes:
        clock: Virtual time; the processors move it as well.
        embedded: Where everything is kept.
        pipeline: The stages.
        sent: Messages put, by device.
        delays_ms: For each record of the processors' calls: device, and how long after arrival it was folded.
        left_s: At the end of each round, how many seconds of messages had piled up.
    """

    clock: VirtualClock
    embedded: Embedded
    pipeline: Pipeline
    sent: dict[str, int] = field(default_factory=dict)
    delays_ms: list[tuple[str, int]] = field(default_factory=list)
    left_s: list[int] = field(default_factory=list)

    def run(self, seconds: int, rate: Rate, extra: Callable[[int], list[tuple[str, bytes]]] = lambda _: []) -> None:
        """Let the fleet send for so long, then let everything be folded and closed.

        Args:
            seconds: How long.
            rate: How much each device sends.
            extra: Second to further records, as key and bytes.
        """
        second = 0
        while second < seconds:
            begun = second
            while second < seconds and START_MS + second * SECOND_MS <= self.clock.now_ms():
                self._send(second, rate, extra(second))
                second += 1
            self.left_s.append(second - begun)
            self.pipeline.run_due()
            self.clock.advance_to(START_MS + second * SECOND_MS)
        self.pipeline.advance_to(self.clock, self.clock.now_ms() + 10 * MINUTE_MS)

    def windows(self, device: str) -> list[WindowItem]:
        """Return the device's windows."""
        return self.embedded.backend.windows.query(
            "acme", device, size_ms=MINUTE_MS, start_ms=0, end_ms=1 << 60, limit=10_000
        )

    def counted(self, device: str) -> int:
        """Return how many of the device's messages are in windows."""
        return sum(item.metrics["level_percent"].count for item in self.windows(device))

    def delays_of(self, *, but: str = "") -> list[int]:
        """Return the delays of all records but those of one device, in milliseconds, ascending."""
        return sorted(delay_ms for key, delay_ms in self.delays_ms if key != f"acme#{but}")

    def _send(self, second: int, rate: Rate, extra: list[tuple[str, bytes]]) -> None:
        at_ms = START_MS + second * SECOND_MS
        put = []
        for number in range(DEVICES):
            device, times = f"pump-{number}", rate(number, second)
            for turn in range(times):
                self.sent[device] = self.sent.get(device, 0) + 1
                time_ms = at_ms - SECOND_MS + (turn + 1) * SECOND_MS // times
                put.append((f"acme#{device}", message(device, time_ms, seq=self.sent[device])))
        self.embedded.backend.readings.put([DatedRecord(key, data, None, at_ms) for key, data in put + extra])


def message(device: str, time_ms: int, *, seq: int) -> bytes:
    """Return a message's bytes."""
    metrics = {"level_percent": float(seq % 10)}
    return json.dumps({"device": device, "ts": time_ms, "seq": seq, "metrics": metrics}).encode()


@contextmanager
def factory() -> Iterator[Factory]:
    """Open a factory in memory."""
    clock = VirtualClock(START_MS)
    delays_ms: list[tuple[str, int]] = []

    def slowly(backend: Backend, plans: PlanBook) -> Stages:
        stages = make_stages(backend, plans)
        fold: Any = stages.processors

        def take_time(event: dict[str, Any], context: object) -> dict[str, Any]:
            records = kinesis_columns(event)
            took_ms = CALL_MS + len(records.keys) * SECOND_MS // RECORDS_A_SECOND_MAX
            clock.advance_to(clock.now_ms() + took_ms)
            answer: dict[str, Any] = fold(event, context)
            for key, arrival_ms in zip(records.keys, records.arrivals_ms.tolist(), strict=True):
                if key != TICK_KEY:
                    delays_ms.append((key, clock.now_ms() - arrival_ms))
            return answer

        take_time.accounts = fold.accounts  # type: ignore[attr-defined]  the pipeline asks its processors
        return replace(stages, processors=take_time)  # type: ignore[arg-type]

    settings = PipelineSettings(processors=MappingSettings(batch_records_max=200, survives=TransientError))
    with open_embedded(None, now_ms=clock.now_ms) as embedded:
        pipeline = Pipeline(embedded, PLAN, clock.now_ms, stages=slowly, settings=settings)
        pipeline.start_ticks()
        yield Factory(clock, embedded, pipeline, delays_ms=delays_ms)
