"""Devices that speak HTTP, or by a gateway with a queue: what they send goes through the handler of ingest."""

from typing import Any, Final

from tests.simulation.script import DEVICES, TENANTS
from tests.simulation.setting import BOUNDS
from tocsin.core.formats.http_event import PAYLOAD_VERSION
from tocsin.core.keys import split_key

ACCEPTED: Final = 202


def request_of(key: str, data: bytes, number: int, now_ms: int) -> dict[str, Any]:
    """Return the event of a request in which a device sends one message.

    Args:
        key: Partition key of the device, for which the request vouches.
        data: The message.
        number: Of the request in the history.
        now_ms: When the API took it.
    """
    tenant, device = split_key(key)
    claims = {"tenant": tenant, "device": device, "sub": device}
    context = {
        "requestId": f"request-{number}",
        "timeEpoch": now_ms,
        "authorizer": {"jwt": {"claims": claims, "scopes": None}},
        "http": {"method": "POST", "path": "/readings"},
    }
    return {"version": PAYLOAD_VERSION, "requestContext": context, "body": data.decode(), "isBase64Encoded": False}


def is_of_queue(message: list[Any]) -> bool:
    """Tell whether the device is behind the gateway that has a queue."""
    return DEVICES[message[0]].startswith(f"{TENANTS[0]}#")


def is_valid(message: list[Any], now_ms: int) -> bool:
    """Tell whether ingest takes the message; what it would reject is put to the log as it is, by somebody else."""
    _, time_ms, _, temp, _ = message
    return temp is not None and now_ms - BOUNDS.age_ms_max <= time_ms <= now_ms + BOUNDS.skew_ms
