"""The outlet over HTTP(S): no redirects are followed, and little of an answer is read."""

import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from tocsin.core.clock import HOUR_MS, SECOND_MS
from tocsin.core.outlet import Answer, Post

ANSWER_BYTES_MAX: Final = 1_024
"""So much of an answer is read; nobody needs more of it."""

DETAIL_MAX: Final = 200


class WebOutlet:
    """Posts over a connection of its own each time, so that a receiver that hangs holds nothing else up."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None

    def post(self, post: Post) -> Answer:
        """Return what came of it; whatever goes wrong outside is an answer, not an error."""
        try:
            return self._exchange(post)
        except (OSError, HTTPException, ValueError) as error:
            return Answer(0, f"{type(error).__name__}: {error}"[:DETAIL_MAX])

    def _exchange(self, post: Post) -> Answer:
        parts = urlsplit(post.url)
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port, post.timeout_ms / 1_000)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, post.body, dict(post.headers))
            response = connection.getresponse()
            said = response.read(ANSWER_BYTES_MAX).decode("utf-8", "replace")
            shown = "".join(letter if letter.isprintable() else " " for letter in said)
            detail = "" if 200 <= response.status < 300 else f"{response.status} {shown}".strip()[:DETAIL_MAX]
            return Answer(response.status, detail, _retry_after_ms(response.getheader("Retry-After")))
        finally:
            connection.close()

    def _connection(self, scheme: str, host: str, port: int | None, timeout_s: float) -> HTTPConnection:
        if scheme == "http":
            return HTTPConnection(host, port, timeout=timeout_s)
        self._context = self._context or ssl.create_default_context()
        return HTTPSConnection(host, port, timeout=timeout_s, context=self._context)


def _retry_after_ms(said: str | None) -> int:
    """Return what the receiver asked for in seconds, at most an hour; dates are not read."""
    if not said or not (said.isascii() and said.isdigit() and len(said) <= 6):
        return 0
    return min(int(said) * SECOND_MS, HOUR_MS)
