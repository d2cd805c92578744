"""A queue over a dictionary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.core.clock import NowMs
from tocsin.core.ports import QueueMessage

RECEIVES_MAX: Final = 5


@dataclass
class _Message:
    body: str
    attributes: Mapping[str, str]
    sent_ms: int
    visible_ms: int
    receive_count: int = 0
    receipt: int = 0
    is_dead: bool = False


class MemoryQueue:
    """Hands out first what has been visible for longest."""

    def __init__(self, name: str, now_ms: NowMs) -> None:
        self.name = name
        self._now_ms = now_ms
        self._messages: dict[int, _Message] = {}
        self._sent = 0

    def send(self, bodies: Sequence[str], attributes: Mapping[str, str] | None = None) -> Sequence[int]:
        for body in bodies:
            self._sent += 1
            self._messages[self._sent] = _Message(body, dict(attributes or {}), self._now_ms(), self._now_ms())
        return []

    def receive(self, *, limit: int, visibility_ms: int) -> list[QueueMessage]:
        now_ms = self._now_ms()
        found: list[QueueMessage] = []
        visible = [one for one in self._messages.items() if not one[1].is_dead and one[1].visible_ms <= now_ms]
        for number, message in sorted(visible, key=lambda one: (one[1].visible_ms, one[0])):
            if len(found) == limit:
                break
            if message.receive_count >= RECEIVES_MAX:
                message.is_dead = True
                continue
            message.receive_count += 1
            message.receipt += 1
            message.visible_ms = now_ms + visibility_ms
            found.append(_received(number, message))
        return found

    def delete(self, receipts: Sequence[str]) -> None:
        for number in self._named(receipts):
            del self._messages[number]

    def release(self, receipts: Sequence[str]) -> None:
        for number in self._named(receipts):
            self._messages[number].visible_ms = self._now_ms()

    def depth(self) -> int:
        return sum(not message.is_dead for message in self._messages.values())

    def dead_letters(self, *, limit: int) -> list[QueueMessage]:
        dead = [_received(number, message) for number, message in self._messages.items() if message.is_dead]
        return dead[:limit]

    def redrive(self) -> int:
        dead = [message for message in self._messages.values() if message.is_dead]
        for message in dead:
            message.is_dead, message.receive_count, message.visible_ms = False, 0, self._now_ms()
        return len(dead)

    def bodies(self) -> list[str]:
        """Return all bodies ever sent and not deleted, in the order of sending."""
        return [message.body for message in self._messages.values()]

    def _named(self, receipts: Sequence[str]) -> list[int]:
        valid = {f"{number}.{one.receipt}": number for number, one in self._messages.items() if not one.is_dead}
        return [valid[receipt] for receipt in receipts if receipt in valid]


def _received(number: int, message: _Message) -> QueueMessage:
    return QueueMessage(
        str(number),
        f"{number}.{message.receipt}",
        message.body,
        message.attributes,
        message.sent_ms,
        message.receive_count,
    )
