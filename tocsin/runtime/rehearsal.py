"""A pipeline in memory and in virtual time, for tests that send single readings and let time pass."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import msgspec

from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import MINUTE_MS, VirtualClock
from tocsin.core.errors import UnavailableError
from tocsin.core.keys import partition_key
from tocsin.core.messages import Notification, Transition
from tocsin.core.plan.model import Plan
from tocsin.core.ports import LogRecord
from tocsin.runtime.pipeline import Pipeline
from tocsin.runtime.play import FeedReader
from tocsin.runtime.record import record_log
from tocsin.runtime.replay import TAKEN_MAX, TOLD_QUEUE

TENANT: Final = "demo"

_encoder: Final = msgspec.json.Encoder()
_notification_decoder: Final = msgspec.json.Decoder(Notification)


class Rehearsal:
    """One pipeline of its own; close it, or use it in a ``with`` statement."""

    def __init__(self, plan: Plan, clock: VirtualClock) -> None:
        """Open it at the clock's instant.

        Args:
            plan: What the pipeline does.
            clock: Moved by ``wait``; readings arrive at its instant.
        """
        self._clock = clock
        self._embedded = open_embedded(None, now_ms=clock.now_ms)
        self._told = self._embedded.queue(TOLD_QUEUE)
        self._embedded.backend.topic.subscribe(TOLD_QUEUE)
        self._pipeline = Pipeline(self._embedded, plan, clock.now_ms)
        self._pipeline.start_ticks()
        self._feed = FeedReader(self._embedded.backend.alerts.feed)
        self._transitions: list[Transition] = []
        self._notifications: list[Notification] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._embedded.close()

    def send(self, device: str, metrics: Mapping[str, float], *, tenant: str, at_ms: int | None) -> None:
        """Put one message on the log; it is folded when time passes.

        Args:
            device: Which device measured.
            metrics: Metric to value.
            tenant: Owner of the device.
            at_ms: When it measured, UTC epoch milliseconds; None for now.

        Raises:
            UnavailableError: The log refused it.
        """
        message = {"device": device, "ts": self._clock.now_ms() if at_ms is None else at_ms, "metrics": dict(metrics)}
        record = LogRecord(partition_key(tenant, device), _encoder.encode(message))
        if self._pipeline.backend.readings.put([record]):
            raise UnavailableError(f"log refused a message of {device}")

    def wait(self, duration_ms: int) -> None:
        """Let virtual time pass, with all ticks and deliveries that fall into it."""
        self._pipeline.advance_to(self._clock, self._clock.now_ms() + duration_ms)

    def transitions(self) -> tuple[Transition, ...]:
        """Return all moves of alerts so far, in the order of the feed."""
        self._transitions += self._feed.new_transitions()
        return tuple(self._transitions)

    def notifications(self) -> tuple[Notification, ...]:
        """Return all notifications so far, in the order in which they were sent."""
        while messages := self._told.receive(limit=TAKEN_MAX, visibility_ms=MINUTE_MS):
            self._notifications += [_notification_decoder.decode(message.body) for message in messages]
            self._told.delete([message.receipt for message in messages])
        return tuple(self._notifications)

    def record(self, path: Path) -> None:
        """Write what the log held so far, ticks included, as a recording that replays to the same alerts."""
        record_log(self._embedded.readings, path, source="test", clock="virtual")
