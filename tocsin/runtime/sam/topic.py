"""A topic and a bucket in memory: what is published or put there goes to subscribers.

Source: Amazon SNS Developer Guide, "Amazon SNS message filtering"; Amazon S3 User Guide, "Configuring event
notifications using object key name filtering".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tocsin.core.clock import NowMs
from tocsin.runtime.event_pattern import matches
from tocsin.runtime.sam.events import s3_event


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who gets messages of a topic.

    Attributes:
        deliver: Takes the message (``Message``, ``Subject``, ``MessageAttributes``) and its id.
        policy: Filter policy; empty wants everything.
        sees_body: Whether the policy is about the body, as JSON, and not about the attributes.
    """

    deliver: Callable[[Mapping[str, Any], str], None]
    policy: Mapping[str, Any] = field(default_factory=dict)
    sees_body: bool = False

    def wants(self, message: Mapping[str, Any]) -> bool:
        """Tell whether the policy lets the message through."""
        if not self.policy:
            return True
        if not self.sees_body:
            return matches(self.policy, message["MessageAttributes"])
        try:
            return matches(self.policy, msgspec.json.decode(message["Message"]))
        except msgspec.DecodeError:
            return False


@dataclass(slots=True)
class LocalTopic:
    """A topic.

    Attributes:
        arn: Its name.
        subscribers: Who gets its messages.
        published: What was published, oldest first.
    """

    arn: str
    subscribers: list[Subscriber] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, message: str, *, subject: str | None = None, attributes: Mapping[str, str] | None = None) -> None:
        """Hand the message to all subscribers that want it."""
        said = {"Message": message, "Subject": subject, "MessageAttributes": dict(attributes or {})}
        self.published.append(said)
        for subscriber in self.subscribers:
            if subscriber.wants(said):
                subscriber.deliver(said, f"message-{len(self.published)}")


@dataclass(frozen=True, slots=True)
class Notification:
    """Who is told of a bucket's objects.

    Attributes:
        deliver: Takes the event.
        events: Patterns such as ``s3:ObjectCreated:*``.
        prefix: Of keys.
        suffix: Of keys.
    """

    deliver: Callable[[dict[str, Any]], object]
    events: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""

    def wants(self, event: str, key: str) -> bool:
        """Tell whether it is to be told."""
        told = f"s3:{event}"
        is_named = any(one == told or (one.endswith("*") and told.startswith(one[:-1])) for one in self.events)
        return is_named and key.startswith(self.prefix) and key.endswith(self.suffix)


@dataclass(slots=True)
class LocalBucket:
    """A bucket.

    Attributes:
        name: Its name.
        now_ms: Clock of events.
        notifications: Who is told of objects.
        objects: Key to object.
    """

    name: str
    now_ms: NowMs
    notifications: list[Notification] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    _changes: int = 0

    def put(self, key: str, data: bytes) -> None:
        """Write or overwrite the object."""
        self.objects[key] = data
        self._tell("ObjectCreated:Put", key, data)

    def delete(self, key: str) -> None:
        """Remove the object, if there is one."""
        if self.objects.pop(key, None) is not None:
            self._tell("ObjectRemoved:Delete", key, b"")

    def _tell(self, event: str, key: str, data: bytes) -> None:
        self._changes += 1
        told = s3_event(self.name, key, event, data, self._changes, self.now_ms())
        for notification in self.notifications:
            if notification.wants(event, key):
                notification.deliver(told)
