"""The event of an HTTP API (payload format 2.0) behind a JWT authoriser, and the answers to it."""

from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

PAYLOAD_VERSION: Final = "2.0"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that the API let through.

    Attributes:
        id: Names the request in the API's own logs.
        body: As sent; empty where there is none.
        claims: What the authoriser vouches for; empty where there was none.
        time_ms: When the API took it, UTC epoch milliseconds.
    """

    id: str
    body: bytes
    claims: Mapping[str, str]
    time_ms: int


def is_http_event(event: Mapping[str, Any]) -> bool:
    """Tell whether the event is a request to an HTTP API."""
    return event.get("version") == PAYLOAD_VERSION and "http" in event.get("requestContext", {})


def parse_http_event(event: Mapping[str, Any]) -> Request:
    """Return the request.

    Raises:
        ValueError: The event is no request to an HTTP API.
    """
    try:
        context = event["requestContext"]
        body = event.get("body") or ""
        return Request(
            id=context["requestId"],
            body=a2b_base64(body) if event.get("isBase64Encoded") else body.encode(errors="surrogatepass"),
            claims=_claims(context.get("authorizer") or {}),
            time_ms=int(context["timeEpoch"]),
        )
    except (KeyError, TypeError, AttributeError, Base64Error) as error:
        raise ValueError(f"event must be a request to an HTTP API: {error!r}") from error


def _claims(authorizer: Mapping[str, Any]) -> dict[str, str]:
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    return {name: value for name, value in claims.items() if isinstance(value, str)}


def answer(status: int, content: object) -> dict[str, Any]:
    """Return the answer with a JSON body."""
    return _answer(status, "application/json", content)


def problem(status: int, title: str, detail: str, **members: object) -> dict[str, Any]:
    """Return the answer that says what is wrong.

    Source: RFC 9457, problem details for HTTP APIs.

    Args:
        status: HTTP status.
        title: Kind of the problem, the same for each of its kind.
        detail: What it is this time.
        members: What else the body tells.
    """
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail} | members
    return _answer(status, "application/problem+json", content)


def _answer(status: int, media: str, content: object) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": media, "cache-control": "no-store"},
        "body": msgspec.json.encode(content).decode(),
    }
