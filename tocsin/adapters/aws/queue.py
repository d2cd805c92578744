"""A queue on SQS; its redrive policy moves what is received too often to the queue of dead letters."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.adapters.aws.batches import batches
from tocsin.adapters.aws.faults import ThrottledError, call, once
from tocsin.adapters.aws.limits import SQS_ATTRIBUTES, SQS_BATCH_BYTES, SQS_BATCH_MESSAGES
from tocsin.adapters.aws.patience import Patience
from tocsin.core.errors import ConfigError
from tocsin.core.ports import QueueMessage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LETTERS_READ_MAX: Final = 10_000
LOOK_S: Final = 30
"""How long dead letters are hidden while they are looked at or moved; they are shown again at once afterwards."""

SENDERS_FAULT: Final = "SenderFault"


class SqsQueue:
    """A standard queue.

    Args:
        client: Of SQS.
        url: The queue's.
        patience: How long to go on where it throttles.
    """

    def __init__(self, client: "SQSClient", url: str, patience: Patience) -> None:
        self._client = client
        self._url = url
        self._name = url.rstrip("/").rpartition("/")[2]
        self._place = f"queue {self._name}"
        self._patience = patience
        self._dead_url = ""

    @property
    def name(self) -> str:
        """The queue's name."""
        return self._name

    def send(self, bodies: Sequence[str], attributes: Mapping[str, str] | None = None) -> Sequence[int]:
        """Send a message a body; return the places of those refused for as long as there was time."""
        return self._send(self._url, [(body, attributes or {}) for body in bodies])

    def receive(self, *, limit: int, visibility_ms: int) -> list[QueueMessage]:
        """Return visible messages and hide them, for whole seconds."""
        found: list[QueueMessage] = []
        while len(found) < limit:
            wanted = min(limit - len(found), SQS_BATCH_MESSAGES.most)
            part = self._receive(self._url, wanted, -(-visibility_ms // 1_000))
            found += part
            if not part:
                break
        return found

    def delete(self, receipts: Sequence[str]) -> None:
        """Remove the messages of the receipts; unknown or outdated receipts change nothing."""
        self._delete(self._url, receipts)

    def release(self, receipts: Sequence[str]) -> None:
        """Make the messages visible at once."""
        self._release(self._url, receipts)

    def depth(self) -> int:
        """Return how many messages are in the queue, hidden ones included; about as many, as SQS counts them."""
        names = (
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        )
        found = self._attributes(self._url, names)
        return sum(int(found.get(name, 0)) for name in names)

    def dead_letters(self, *, limit: int) -> list[QueueMessage]:
        """Return dead letters, oldest first, without hiding them for longer than this takes."""
        found: list[QueueMessage] = []
        url = self._dead_letters_url()
        try:
            for part in self._letters(url):
                found += part
        finally:
            self._release(url, [letter.receipt for letter in found])
        return sorted(found, key=lambda letter: (letter.sent_ms, letter.id))[:limit]

    def redrive(self) -> int:
        """Move all dead letters back into the queue; return how many.

        Each is sent before it is deleted: a crash between the two leaves a copy, never a loss.
        """
        moved = 0
        url = self._dead_letters_url()
        for part in self._letters(url):
            refused = set(self._send(self._url, [(letter.body, letter.attributes) for letter in part]))
            done = [letter.receipt for place, letter in enumerate(part) if place not in refused]
            self._delete(url, done)
            moved += len(done)
            if refused:
                raise ThrottledError(f"{self._place} did not take {len(refused)} dead letters in the time there was")
        return moved

    def _send(self, url: str, messages: Sequence[tuple[str, Mapping[str, str]]]) -> list[int]:
        entries = [self._entry(place, body, attributes) for place, (body, attributes) in enumerate(messages)]
        sizes = [_size(body, attributes) for body, attributes in messages]
        refused: list[int] = []
        for batch in batches(
            range(len(messages)), count=SQS_BATCH_MESSAGES, size_of=sizes.__getitem__, size=SQS_BATCH_BYTES
        ):
            refused += self._send_batch(url, [entries[place] for place in batch])
        return refused

    def _send_batch(self, url: str, entries: list[dict[str, Any]]) -> list[int]:
        left = entries
        for _ in self._patience.attempts():
            send: Callable[[], Any] = partial(self._client.send_message_batch, QueueUrl=url, Entries=left)  # type: ignore[arg-type]
            try:
                answer = once(self._place, send)
            except ThrottledError:
                continue
            failed = {result["Id"]: result for result in answer.get("Failed", [])}
            if faults := [result for result in failed.values() if result.get(SENDERS_FAULT)]:
                raise ValueError(f"{self._place} refuses a message: {faults[0].get('Code')} {faults[0].get('Message')}")
            left = [entry for entry in left if entry["Id"] in failed]
            if not left:
                break
        return [int(entry["Id"]) for entry in left]

    def _entry(self, place: int, body: str, attributes: Mapping[str, str]) -> dict[str, Any]:
        SQS_BATCH_BYTES.hold(_size(body, attributes), f"message for {self._place}")
        SQS_ATTRIBUTES.hold(len(attributes), f"message for {self._place}")
        if not body or not is_text(body):
            raise ValueError(f"message for {self._place} must be text without control characters, got {body[:40]!r}")
        entry: dict[str, Any] = {"Id": str(place), "MessageBody": body}
        if attributes:
            entry["MessageAttributes"] = string_attributes(attributes)
        return entry

    def _receive(self, url: str, limit: int, visibility_s: int) -> list[QueueMessage]:
        answer = call(
            self._place,
            self._patience,
            lambda: self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=limit,
                VisibilityTimeout=visibility_s,
                WaitTimeSeconds=0,  # the queue's own wait is for Lambda: whoever polls here has more to do
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            ),
        )
        return [_message(found) for found in answer.get("Messages", [])]

    def _letters(self, url: str) -> Iterator[list[QueueMessage]]:
        """Yield dead letters, hidden, as long as there are any that were not yielded yet."""
        known: set[str] = set()
        while len(known) < LETTERS_READ_MAX:
            part = self._receive(url, SQS_BATCH_MESSAGES.most, LOOK_S)
            new = [letter for letter in part if letter.id not in known]
            if not new:
                return
            known |= {letter.id for letter in new}
            yield new

    def _delete(self, url: str, receipts: Sequence[str]) -> None:
        for batch in batches([receipt for receipt in receipts if receipt], count=SQS_BATCH_MESSAGES):
            entries = [{"Id": str(place), "ReceiptHandle": receipt} for place, receipt in enumerate(batch)]
            delete: Callable[[], Any] = partial(self._client.delete_message_batch, QueueUrl=url, Entries=entries)  # type: ignore[arg-type]
            call(self._place, self._patience, delete)

    def _release(self, url: str, receipts: Sequence[str]) -> None:
        for batch in batches([receipt for receipt in receipts if receipt], count=SQS_BATCH_MESSAGES):
            entries = [
                {"Id": str(place), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for place, receipt in enumerate(batch)
            ]
            show: Callable[[], Any] = partial(
                self._client.change_message_visibility_batch,
                QueueUrl=url,
                Entries=entries,  # type: ignore[arg-type]
            )
            call(self._place, self._patience, show)

    def _dead_letters_url(self) -> str:
        if not self._dead_url:
            policy = self._attributes(self._url, ("RedrivePolicy",)).get("RedrivePolicy", "")
            if not policy:
                raise ConfigError(f"{self._place} must have a redrive policy, it has none")
            name = msgspec.json.decode(policy)["deadLetterTargetArn"].rpartition(":")[2]
            answer = call(self._place, self._patience, lambda: self._client.get_queue_url(QueueName=name))
            self._dead_url = answer["QueueUrl"]
        return self._dead_url

    def _attributes(self, url: str, names: Sequence[str]) -> dict[str, str]:
        get: Callable[[], Any] = partial(self._client.get_queue_attributes, QueueUrl=url, AttributeNames=list(names))  # type: ignore[arg-type]
        found: dict[str, str] = call(self._place, self._patience, get).get("Attributes", {})
        return found


def string_attributes(attributes: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return attributes as SQS and SNS take them; those without a value are left out, as none may be empty."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value}


def is_text(body: str) -> bool:
    """Tell whether SQS takes the text. Source: SQS API Reference, SendMessageBatch, allowed characters.

    >>> is_text("a line"), is_text(chr(0)), is_text(chr(0xFFFE))
    (True, False, False)
    """
    return all(
        character in "\t\n\r"
        or " " <= character <= "\ud7ff"
        or "\ue000" <= character <= "\ufffd"
        or character > "\uffff"
        for character in body
    )


def _size(body: str, attributes: Mapping[str, str]) -> int:
    """Return the bytes that SQS counts: the body, and names, types and values of attributes."""
    parts = [body, *attributes, *attributes.values(), *("String" for _ in attributes)]
    return sum(len(part.encode(errors="surrogatepass")) for part in parts)


def _message(found: Any) -> QueueMessage:  # noqa: ANN401  as the client returns it
    system = found.get("Attributes", {})
    return QueueMessage(
        found["MessageId"],
        found["ReceiptHandle"],
        found["Body"],
        {name: value.get("StringValue", "") for name, value in found.get("MessageAttributes", {}).items()},
        int(system.get("SentTimestamp", 0)),
        int(system.get("ApproximateReceiveCount", 1)),
    )
