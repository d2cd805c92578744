"""A queue in memory, standard or FIFO, with visibility, redrive, delay and retention as Amazon SQS documents them.

Source: Amazon SQS Developer Guide, "Amazon SQS visibility timeout", "Using dead-letter queues", "FIFO delivery
logic", "Exactly-once processing".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from tocsin.core.clock import DAY_MS, MINUTE_MS, SECOND_MS, NowMs
from tocsin.core.ports import QueueMessage

DEDUPLICATION_MS: Final = 5 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """What is declared of a queue.

    Attributes:
        visibility_ms: How long a received message is hidden.
        delay_ms: How long a new message is hidden.
        retention_ms: How long a message is kept.
        receives_max: Receives after which a message is a dead letter; None for no dead letters.
        is_fifo: Whether messages of a group come in order.
        deduplicates_content: Whether messages without a deduplication id have one of their body.
    """

    visibility_ms: int = 30 * SECOND_MS
    delay_ms: int = 0
    retention_ms: int = 4 * DAY_MS
    receives_max: int | None = None
    is_fifo: bool = False
    deduplicates_content: bool = False


@dataclass(slots=True)
class Held:
    """A message in the queue.

    Attributes:
        number: Its place in the order of sending.
        body: As sent.
        attributes: As sent.
        group: Message group of a FIFO queue; empty elsewhere.
        deduplication: Deduplication id of a FIFO queue; empty elsewhere.
        sent_ms: When it was sent.
        visible_ms: From when on it may be received.
        receives: How often it was received.
        first_received_ms: When first, or None.
    """

    number: int
    body: str
    attributes: Mapping[str, str]
    group: str
    deduplication: str
    sent_ms: int
    visible_ms: int
    receives: int = 0
    first_received_ms: int | None = None


@dataclass(slots=True)
class LocalQueue:
    """A queue in memory.

    Attributes:
        name: The queue's name.
        settings: As declared.
        now_ms: Clock of sendings and visibility.
        dead: Where dead letters go, or None.
    """

    name: str
    settings: QueueSettings
    now_ms: NowMs
    dead: "LocalQueue | None" = None
    _held: dict[int, Held] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)
    _sent: int = 0

    def send(self, bodies: Sequence[str], attributes: Mapping[str, str] | None = None) -> Sequence[int]:
        """Send a message a body; none is refused."""
        for body in bodies:
            self.send_one(body, attributes)
        return []

    def send_one(
        self, body: str, attributes: Mapping[str, str] | None = None, *, group: str = "", deduplication: str = ""
    ) -> None:
        """Send a message; on a FIFO queue, a copy within five minutes is taken and not delivered.

        Raises:
            ValueError: A FIFO queue needs a group, and a deduplication id unless it makes one of the body.
        """
        now_ms = self.now_ms()
        if self.settings.is_fifo and self._is_copy(body, group, deduplication, now_ms):
            return
        self._sent += 1
        visible_ms = now_ms + self.settings.delay_ms
        self._held[self._sent] = Held(self._sent, body, attributes or {}, group, deduplication, now_ms, visible_ms)

    def receive(self, *, limit: int, visibility_ms: int) -> list[QueueMessage]:
        """Return visible messages and hide them; one received too often moves to the dead letters."""
        now_ms = self.now_ms()
        self._forget_old(now_ms)
        received: list[QueueMessage] = []
        blocked: set[str] = set()
        for held in list(self._held.values()):
            if len(received) == limit:
                break
            is_hidden = held.visible_ms > now_ms
            if self.settings.is_fifo and (is_hidden or held.group in blocked):
                blocked.add(held.group)  # what comes after it in its group waits for it
            elif not is_hidden and not self._is_buried(held):
                received.append(self._hidden(held, now_ms, visibility_ms))
        return received

    def delete(self, receipts: Sequence[str]) -> None:
        """Remove the messages of the receipts; unknown or outdated receipts change nothing."""
        for held in self._of(receipts):
            del self._held[held.number]

    def release(self, receipts: Sequence[str]) -> None:
        """Make the messages visible at once."""
        for held in self._of(receipts):
            held.visible_ms = self.now_ms()

    def depth(self) -> int:
        """Return how many messages are in the queue, hidden ones included, dead letters not."""
        return len(self._held)

    def due_ms(self) -> int | None:
        """Return when the next hidden message shows, or None where none is hidden."""
        now_ms = self.now_ms()
        return min((held.visible_ms for held in self._held.values() if held.visible_ms > now_ms), default=None)

    def dead_letters(self, *, limit: int) -> list[QueueMessage]:
        """Return dead letters, oldest first, without hiding them."""
        return self.dead.messages()[:limit] if self.dead else []

    def redrive(self) -> int:
        """Move all dead letters back into the queue; return how many."""
        if self.dead is None:
            return 0
        letters = list(self.dead._held.values())
        self.dead._held.clear()
        for held in letters:
            self._take(held)
        return len(letters)

    def messages(self) -> list[QueueMessage]:
        """Return all messages, oldest first, without hiding them."""
        return [_message(held) for held in self._held.values()]

    def system_attributes(self, message: QueueMessage) -> dict[str, str]:
        """Return what the queue itself says of a message that was received."""
        held = self._held.get(int(message.id))
        if held is None:
            return {}
        said = {"ApproximateFirstReceiveTimestamp": str(held.first_received_ms or held.sent_ms)}
        if self.settings.is_fifo:
            said["MessageGroupId"] = held.group
            said["MessageDeduplicationId"] = held.deduplication or sha256(held.body.encode()).hexdigest()
            said["SequenceNumber"] = str(18_849_496_460_467_696_128 + held.number)
        return said

    def _is_copy(self, body: str, group: str, deduplication: str, now_ms: int) -> bool:
        if not group or not (deduplication or self.settings.deduplicates_content):
            raise ValueError(f"{self.name} is FIFO: a message must have a group and a deduplication id")
        self._seen = {name: at_ms for name, at_ms in self._seen.items() if at_ms > now_ms - DEDUPLICATION_MS}
        name = deduplication or sha256(body.encode()).hexdigest()
        is_copy = name in self._seen
        self._seen.setdefault(name, now_ms)
        return is_copy

    def _forget_old(self, now_ms: int) -> None:
        oldest_ms = now_ms - self.settings.retention_ms
        self._held = {number: held for number, held in self._held.items() if held.sent_ms >= oldest_ms}

    def _is_buried(self, held: Held) -> bool:
        """Move the message to the dead letters if it was received too often; tell whether it was."""
        most = self.settings.receives_max
        if most is None or self.dead is None or held.receives < most:
            return False
        del self._held[held.number]
        self.dead._take(held)
        return True

    def _take(self, held: Held) -> None:
        """Take a message of another queue; when it was sent stays as it was."""
        self._sent += 1
        self._held[self._sent] = Held(
            self._sent, held.body, held.attributes, held.group, held.deduplication, held.sent_ms, self.now_ms()
        )

    def _hidden(self, held: Held, now_ms: int, visibility_ms: int) -> QueueMessage:
        held.receives += 1
        held.visible_ms = now_ms + visibility_ms
        held.first_received_ms = now_ms if held.first_received_ms is None else held.first_received_ms
        return _message(held)

    def _of(self, receipts: Sequence[str]) -> list[Held]:
        found = []
        for receipt in receipts:
            number, _, receives = receipt.partition(".")
            held = self._held.get(int(number)) if number.isdecimal() else None
            if held is not None and str(held.receives) == receives:
                found.append(held)
        return found


def _message(held: Held) -> QueueMessage:
    return QueueMessage(
        str(held.number), f"{held.number}.{held.receives}", held.body, held.attributes, held.sent_ms, held.receives
    )
