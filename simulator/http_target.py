"""Deliveries posted to an HTTP endpoint, as gateways post: a message a line, a limited number in each body."""

from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, Self
from urllib.parse import SplitResult, urlsplit

from simulator.sources import Delivery
from simulator.targets import PUT_AGAIN_S, PUT_ATTEMPTS_MAX
from tocsin.core.errors import UnavailableError, UsageError

MESSAGES_MAX: Final = 100
TIMEOUT_S: Final = 10.0
TRY_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which the same body may be taken: it was too much, or too early, or somebody else's fault."""


class HttpTarget:
    """Posts messages to one URL over one connection; close it, or use it in a ``with`` statement."""

    def __init__(self, url: str, pause: Callable[[float], None]) -> None:
        """Prepare to post.

        Args:
            url: Where to, ``http`` or ``https``.
            pause: Waits for some seconds before what was refused is posted again.

        Raises:
            UsageError: The URL is none.
        """
        parts = _parts(url)
        made = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = made(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._name = f"{parts.scheme}://{parts.netloc}"
        self._pause = pause

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def put(self, deliveries: Sequence[Delivery]) -> None:
        """Post the messages in their order, and again what was refused for now.

        Raises:
            UnavailableError: A body was refused, or nobody answered, too often.
        """
        for first in range(0, len(deliveries), MESSAGES_MAX):
            self._insist(b"\n".join(one.data for one in deliveries[first : first + MESSAGES_MAX]))

    def _insist(self, body: bytes) -> None:
        answer = ""
        for attempt in range(PUT_ATTEMPTS_MAX):
            if attempt:
                self._pause(PUT_AGAIN_S * 2**attempt)
            try:
                status = self._post(body)
            except (OSError, HTTPException) as error:
                self._connection.close()  # the next request opens it again
                answer = str(error) or type(error).__name__
                continue
            if status < 300:
                return
            answer = f"status {status}"
            if status not in TRY_AGAIN:
                break
        raise UnavailableError(f"{self._name} did not take messages: {answer}")

    def _post(self, body: bytes) -> int:
        self._connection.request("POST", self._path, body, {"Content-Type": "application/x-ndjson"})
        response = self._connection.getresponse()
        response.read()
        return response.status


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or parts.username:
        raise UsageError(f"URL must be like http://host:8080/path, without a user, got {url[:80]!r}")
    return parts
