"""Pages of other origins: who may ask, with exactly the headers that a browser wants to see.

A token in a header is all that lets anybody in, so no cookie is ever allowed, and no origin that is not named.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from tocsin.api.dispatch import Reply, Request
from tocsin.core.errors import ConfigError

METHODS: Final = "GET, POST, DELETE"
ASKED_WITH: Final = "authorization, content-type, idempotency-key"
SHOWN: Final = "idempotency-replayed, retry-after"
KNOWN_S: Final = 600
"""How long a browser may remember what it was told."""


def checked_origin(origin: str) -> str:
    """Return the origin as browsers write it.

    Raises:
        ConfigError: It is none: scheme, host and port, and nothing else.
    """
    place = urlsplit(origin)
    if (
        origin != f"{place.scheme}://{place.netloc}"
        or place.scheme not in {"http", "https"}
        or origin != origin.lower()
    ):
        raise ConfigError(f"an origin must be like https://page.example.com, got {origin[:80]!r}")
    return origin


def answered(request: Request, origins: frozenset[str], answer: Callable[[Request], Reply]) -> Reply:
    """Return the reply with what the request's origin is allowed; without origins, the reply as it is."""
    if not origins:
        return answer(request)
    origin = request.headers.get("origin", "")
    allowed = {"access-control-allow-origin": origin} if origin in origins else {}
    if allowed and request.method == "OPTIONS" and "access-control-request-method" in request.headers:
        return Reply(204, {**allowed, **_PREFLIGHT, "vary": "origin"}, b"")
    reply = answer(request)
    shown = {"access-control-expose-headers": SHOWN} if allowed else {}
    vary = ", ".join(filter(None, (reply.headers.get("vary"), "origin")))
    return Reply(reply.status, {**reply.headers, **allowed, **shown, "vary": vary}, reply.body)


_PREFLIGHT: Final = {
    "access-control-allow-methods": METHODS,
    "access-control-allow-headers": ASKED_WITH,
    "access-control-max-age": str(KNOWN_S),
}
