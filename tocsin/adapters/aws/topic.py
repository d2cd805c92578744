"""The topic on SNS, standard or FIFO."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tocsin.adapters.aws.batches import batches
from tocsin.adapters.aws.faults import ThrottledError, call, once
from tocsin.adapters.aws.limits import (
    SNS_BATCH_BYTES,
    SNS_BATCH_MESSAGES,
    SNS_ID_CHARACTERS,
    SNS_SUBJECT_CHARACTERS,
)
from tocsin.adapters.aws.patience import Patience
from tocsin.adapters.aws.queue import string_attributes
from tocsin.core.formats.links import unlinked
from tocsin.core.messages import Notification
from tocsin.core.ports import FilterPolicy

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

FIFO_END: Final = ".fifo"

Entry = dict[str, Any]


class SnsTopic:
    """A topic whose messages are the notification as JSON, with texts of their own for mail and SMS.

    On a FIFO topic the group of a message is its tenant, and its deduplication id is the notification's: within
    five minutes one copy gets through. A group's next message is sent only after the one before was taken.

    Args:
        client: Of SNS.
        arn: The topic's.
        patience: How long to go on where it throttles.
        queue_arn_of: Finds a queue's ARN by its name.
    """

    def __init__(self, client: "SNSClient", arn: str, patience: Patience, queue_arn_of: Callable[[str], str]) -> None:
        self._client = client
        self._arn = arn
        self._place = f"topic {arn.rpartition(':')[2]}"
        self._patience = patience
        self._queue_arn_of = queue_arn_of
        self._is_fifo = arn.endswith(FIFO_END)

    def publish(self, notifications: Sequence[Notification]) -> Sequence[int]:
        """Publish in order; return the places of those refused for as long as there was time."""
        entries = [self._entry(place, notification) for place, notification in enumerate(notifications)]
        sizes = [_size(entry) for entry in entries]
        refused: set[int] = set()
        for wave in self._waves([notification.tenant for notification in notifications]):
            ready = [place for place in wave if not (self._is_fifo and _behind(place, refused, notifications))]
            refused |= set(wave) - set(ready)
            for batch in batches(ready, count=SNS_BATCH_MESSAGES, size_of=sizes.__getitem__, size=SNS_BATCH_BYTES):
                refused |= set(self._publish([entries[place] for place in batch]))
        return sorted(refused)

    def subscribe(self, queue: str, policy: FilterPolicy | None = None) -> None:
        """Copy to the queue, as it was published, what matches the policy; a second call replaces the policy.

        The queue's own policy must let the topic send to it.
        """
        arn = self._queue_arn_of(queue)
        subscription = self._subscription(arn) or self._new_subscription(arn)
        document = msgspec.json.encode({name: list(values) for name, values in (policy or {}).items()}).decode()
        change = partial(
            self._client.set_subscription_attributes,
            SubscriptionArn=subscription,
            AttributeName="FilterPolicy",
            AttributeValue=document,
        )
        call(self._place, self._patience, change)

    def _subscription(self, queue_arn: str) -> str:
        """Return the queue's subscription, or an empty text: to ask for it anew with other attributes is an error."""
        request: dict[str, Any] = {"TopicArn": self._arn}
        while True:
            answer = call(self._place, self._patience, partial(self._client.list_subscriptions_by_topic, **request))
            for one in answer["Subscriptions"]:
                if one["Endpoint"] == queue_arn:
                    return one["SubscriptionArn"]
            if not answer.get("NextToken"):
                return ""
            request["NextToken"] = answer["NextToken"]

    def _new_subscription(self, queue_arn: str) -> str:
        subscribe = partial(
            self._client.subscribe,
            TopicArn=self._arn,
            Protocol="sqs",
            Endpoint=queue_arn,
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )
        return call(self._place, self._patience, subscribe)["SubscriptionArn"]

    def _waves(self, tenants: Sequence[str]) -> list[list[int]]:
        """Return places in the order of sending; on FIFO each wave has at most one of each tenant."""
        if not self._is_fifo:
            return [list(range(len(tenants)))]
        waves: list[list[int]] = []
        sent: dict[str, int] = {}
        for place, tenant in enumerate(tenants):
            turn = sent.get(tenant, 0)
            sent[tenant] = turn + 1
            if turn == len(waves):
                waves.append([])
            waves[turn].append(place)
        return waves

    def _publish(self, entries: list[Entry]) -> list[int]:
        left = entries
        for _ in self._patience.attempts():
            send: Callable[[], Any] = partial(
                self._client.publish_batch,
                TopicArn=self._arn,
                PublishBatchRequestEntries=left,  # type: ignore[arg-type]
            )
            try:
                answer = once(self._place, send)
            except ThrottledError:
                continue
            failed = {result["Id"]: result for result in answer.get("Failed", [])}
            if faults := [result for result in failed.values() if result.get("SenderFault")]:
                raise ValueError(f"{self._place} refuses a message: {faults[0].get('Code')} {faults[0].get('Message')}")
            left = [entry for entry in left if entry["Id"] in failed]
            if not left:
                break
        return [int(entry["Id"]) for entry in left]

    def _entry(self, place: int, notification: Notification) -> Entry:
        body = msgspec.json.encode(notification).decode()
        texts = {"default": body, "email": unlinked(notification.text), "sms": unlinked(notification.subject)}
        entry: Entry = {
            "Id": str(place),
            "Message": msgspec.json.encode({name: words for name, words in texts.items() if words}).decode(),
            "MessageStructure": "json",
            "MessageAttributes": string_attributes(notification.attributes),
        }
        if subject := _subject(notification.subject):
            entry["Subject"] = subject
        if self._is_fifo:
            SNS_ID_CHARACTERS.hold(len(notification.id), f"notification {notification.id[:140]} for {self._place}")
            entry |= {"MessageDeduplicationId": notification.id, "MessageGroupId": notification.tenant}
        SNS_BATCH_BYTES.hold(_size(entry), f"notification {notification.id} for {self._place}")
        return entry


def _behind(place: int, refused: set[int], notifications: Sequence[Notification]) -> bool:
    """Tell whether an earlier notification of the same tenant was refused."""
    return any(notifications[other].tenant == notifications[place].tenant for other in refused if other < place)


def _subject(subject: str) -> str:
    """Return the subject as SNS takes it: one line without control characters and links, short enough."""
    plain = "".join(character if character.isprintable() else " " for character in unlinked(subject))
    return plain.strip()[: SNS_SUBJECT_CHARACTERS.most]


def _size(entry: Entry) -> int:
    """Return the bytes that SNS counts: the message, and names, types and values of attributes."""
    attributes = entry["MessageAttributes"]
    parts = [entry["Message"], *attributes]
    parts += [word for value in attributes.values() for word in value.values()]
    return sum(len(part.encode(errors="surrogatepass")) for part in parts)
