"""Signatures of webhooks, so that a receiver knows who sent one and that it is no replay.

Source: the Standard Webhooks specification 1.0: HMAC-SHA256 over ``id.timestamp.body``, in headers ``webhook-id``,
``webhook-timestamp`` and ``webhook-signature``. Libraries for many languages verify it.
"""

import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

TOLERANCE_MS: Final = 300_000
"""How old, or how far ahead, a signature may be: what was recorded on the way is worth nothing later."""

SECRET_START: Final = "whsec_"  # noqa: S105  what the specification begins secrets with, no secret itself


def signed_headers(secret: str, message_id: str, body: bytes, now_ms: int) -> dict[str, str]:
    """Return the headers that sign the body at the instant.

    Args:
        secret: ``whsec_`` and base64, else taken as it is.
        message_id: The same in every copy.
        body: What is posted.
        now_ms: UTC epoch milliseconds.
    """
    seconds = str(now_ms // 1_000)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{_signature(secret, message_id, seconds, body)}",
    }


def problem_with(headers: Mapping[str, str], body: bytes, secret: str, now_ms: int) -> str:
    """Return why a receiver must not believe a webhook, one line; empty where it may.

    It must still remember the ids that it has seen for as long as ``TOLERANCE_MS``, and skip copies.
    """
    named = {name.lower(): value for name, value in headers.items()}
    message_id, seconds = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 12):
        return "webhook-timestamp must be seconds"
    if abs(int(seconds) * 1_000 - now_ms) > TOLERANCE_MS:
        return "webhook-timestamp is too far from now"
    expected = _signature(secret, message_id, seconds, body)
    given = [part.removeprefix("v1,") for part in named.get("webhook-signature", "").split(" ")]
    if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in given):
        return "webhook-signature is not of this body"
    return ""


def _signature(secret: str, message_id: str, seconds: str, body: bytes) -> str:
    signed = b"%b.%b.%b" % (message_id.encode(), seconds.encode(), body)
    return b64encode(hmac.new(_key(secret), signed, sha256).digest()).decode()


def _key(secret: str) -> bytes:
    if not secret.startswith(SECRET_START):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(SECRET_START), validate=True)
    except Base64Error:
        return secret.encode()
