"""Queues lose nothing that failed, and schedules fall at every multiple of their interval."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.runtime.fakes import FakeClock, Scripted, fails, raises
from tocsin.core.clock import MINUTE_MS
from tocsin.core.errors import UnavailableError
from tocsin.core.ports import Queue, QueueMessage
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.queues import QueueMapping
from tocsin.runtime.schedule import Schedule

SETTINGS = MappingSettings(batch_records_max=10, visibility_ms=30_000)


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        pytest.param(lambda _: {}, [], id="all done"),
        pytest.param(fails("m-1"), ["b"], id="one failed, the others are gone"),
        pytest.param(fails("m-2", "m-0"), ["a", "c"], id="those that failed, not those behind them"),
        pytest.param(raises, ["a", "b", "c"], id="the handler failed"),
        pytest.param(fails("m-9"), ["a", "b", "c"], id="an answer that cannot be read"),
    ],
)
def test_what_failed_comes_again_when_its_visibility_ends(answer: Any, again: list[str]) -> None:
    clock, handler = FakeClock(), Scripted(answer)
    queue = _Queue(clock, *"abc")
    mapping = _mapping(queue, handler, clock)

    mapping.poll()

    assert mapping.due_ms() == (clock.at_ms + 30_000 if again else None)
    assert mapping.poll() == 0
    clock.at_ms += 30_000
    assert mapping.poll() == (1 if again else 0)
    assert handler.calls[1:] == ([again] if again else [])
    assert mapping.due_ms() is None
    assert not queue.messages


def test_a_schedule_falls_at_every_multiple_of_its_interval() -> None:
    clock, called = FakeClock(MINUTE_MS * 100 + 1), []
    schedule = _schedule(clock, called.append)

    for _ in range(180):
        clock.at_ms += 1_000
        schedule.poll()

    assert called == [MINUTE_MS * 101, MINUTE_MS * 102, MINUTE_MS * 103]


def test_missed_instants_are_made_up_for_by_the_newest() -> None:
    clock, called = FakeClock(MINUTE_MS * 100), []
    schedule = _schedule(clock, called.append)
    clock.at_ms += 7 * MINUTE_MS + 30_000

    schedule.poll()

    assert called == [MINUTE_MS * 107]
    assert schedule.due_ms() == MINUTE_MS * 108


def test_a_call_that_failed_is_repeated_for_the_same_instant_a_second_later() -> None:
    clock, called = FakeClock(MINUTE_MS * 100), []

    def call(instant_ms: int) -> None:
        called.append(instant_ms)
        if len(called) < 3:
            raise UnavailableError("log did not answer")

    schedule = _schedule(clock, call)
    clock.at_ms += MINUTE_MS
    for _ in range(5):
        schedule.poll()
        clock.at_ms += 1_000

    assert called == [MINUTE_MS * 101] * 3
    assert schedule.failures == 2
    assert schedule.due_ms() == MINUTE_MS * 102


def _schedule(clock: FakeClock, call: Any) -> Schedule:
    def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
        call(event["at_ms"])
        return {}

    return Schedule("tick", MINUTE_MS, handler, event_of=lambda instant_ms: {"at_ms": instant_ms}, now_ms=clock.now_ms)


def _mapping(queue: "_Queue", handler: Scripted, clock: FakeClock) -> QueueMapping:
    def event(messages: Sequence[QueueMessage]) -> dict[str, Any]:
        return {"names": [message.body for message in messages]}

    port: Queue = queue  # type: ignore[assignment]  # only what a mapping calls
    return QueueMapping("ingest", port, handler, SETTINGS, event_of=event, now_ms=clock.now_ms)


class _Queue:
    """What a mapping uses of a queue."""

    def __init__(self, clock: FakeClock, *bodies: str) -> None:
        self._clock = clock
        self.messages = {f"m-{place}": body for place, body in enumerate(bodies)}
        self._hidden_until = dict.fromkeys(self.messages, 0)

    def receive(self, *, limit: int, visibility_ms: int) -> list[QueueMessage]:
        visible = [name for name in self.messages if self._hidden_until[name] <= self._clock.at_ms][:limit]
        self._hidden_until |= dict.fromkeys(visible, self._clock.at_ms + visibility_ms)
        return [QueueMessage(name, f"r-{name}", self.messages[name], {}, 0, 1) for name in visible]

    def delete(self, receipts: Sequence[str]) -> None:
        for receipt in receipts:
            self.messages.pop(receipt.removeprefix("r-"), None)
