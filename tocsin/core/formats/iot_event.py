"""The envelope in which a rule of IoT Core hands a device's message to a function.

The rule's statement makes it, so that bytes stay bytes and the topic, which IoT's policies guard, says whose they are:

    SELECT encode(*, 'base64') AS payload, topic() AS topic, timestamp() AS received_ms, traceId() AS id
    FROM 'tocsin/+/+/readings'
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tocsin.core.keys import is_id


@dataclass(frozen=True, slots=True)
class Published:
    """What a device published.

    Attributes:
        id: Names it in IoT's own logs.
        tenant: Owner of the device, from the topic; empty where the topic has another form.
        device: Which device, from the topic.
        body: As published.
        received_ms: When IoT Core took it, UTC epoch milliseconds.
    """

    id: str
    tenant: str
    device: str
    body: bytes
    received_ms: int


def is_iot_event(event: Mapping[str, Any]) -> bool:
    """Tell whether the event is the envelope."""
    return {"payload", "topic", "received_ms"} <= event.keys()


def parse_iot_event(event: Mapping[str, Any]) -> Published:
    """Return what was published.

    Raises:
        ValueError: The event is not the envelope.
    """
    try:
        parts = event["topic"].split("/")
        is_ours = len(parts) == 4 and parts[0] == "tocsin" and parts[3] == "readings" and all(map(is_id, parts[1:3]))
        tenant, device = parts[1:3] if is_ours else ("", "")
        body = b64decode(event["payload"], validate=True)
        received_ms = int(event["received_ms"])
    except (KeyError, TypeError, AttributeError, Base64Error) as error:
        raise ValueError(f"event must be the envelope of a rule of IoT: {error!r}") from error
    return Published(str(event.get("id") or f"{event['topic']}@{received_ms}"), tenant, device, body, received_ms)
