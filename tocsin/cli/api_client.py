"""Clients of the query API: over HTTP, or of a file in this process; answers come as the API's own types."""

import http.client
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar
from urllib.parse import SplitResult, parse_qs, quote, urlencode, urlsplit

import msgspec

from tocsin.adapters.embedded.open import Embedded, open_for_acting
from tocsin.api.dispatch import Api, Reply, Request
from tocsin.api.news import FeedNews
from tocsin.api.problems import Problem
from tocsin.api.ratelimit import Rate, Rates
from tocsin.api.service import Caller, Role, Service
from tocsin.core.actions import Action
from tocsin.core.clock import wall_now_ms
from tocsin.core.errors import UnavailableError, UsageError
from tocsin.core.messages import Transition
from tocsin.core.plan.model import Plan
from tocsin.core.ports import AlertTable, LogReader

TOKEN_VARIABLE: Final = "TOCSIN_TOKEN"  # noqa: S105  the name of a variable
TIMEOUT_S: Final = 40.0
"""Longer than a long poll may take."""

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
FREE: Final = Rate(1e9, 1e9)
T = TypeVar("T")


class Client(Protocol):
    """Asks the API; usable by one thread at a time."""

    place: str

    def get(self, path: str, kind: type[T], **query: object) -> T:
        """Return the answer of a route.

        Raises:
            UnavailableError: There was none, or it was a problem; the message says which.
        """
        ...

    def post(self, path: str, kind: type[T], body: Mapping[str, object]) -> T:
        """Return what was made.

        Raises:
            UnavailableError: There was no answer, or it was a problem.
        """
        ...


def _read(reply: Reply, kind: type[T]) -> T:
    if reply.status >= 400:
        try:
            problem = msgspec.json.decode(reply.body, type=Problem)
        except msgspec.MsgspecError:
            raise UnavailableError(f"the server answered {reply.status}, and no problem document") from None
        raise UnavailableError(f"{problem.title}: {problem.detail}")
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except msgspec.MsgspecError as error:
        raise UnavailableError(f"the answer is not what this release knows: {error}") from error


def _parameters(query: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in query.items() if value is not None]


class RemoteClient:
    """Asks over HTTP, on a connection that is kept; use it in a ``with`` statement.

    Attributes:
        place: What is asked, for people.
    """

    def __init__(self, url: str, token: str) -> None:
        """Prepare to ask.

        Args:
            url: Address of the API, without a path; a fragment ``#token=…`` has the token, as it is printed.
            token: Used where the address has none.

        Raises:
            UsageError: The address is none.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"--url must be like http://127.0.0.1:8430, got {url.partition('#')[0][:80]!r}")
        self.place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._base = parts.path.rstrip("/")
        self._token = parse_qs(parts.fragment).get("token", [token])[0]
        self._connection = _connection(parts)

    def get(self, path: str, kind: type[T], **query: object) -> T:
        """Return the answer of a route."""
        text = urlencode(_parameters(query), quote_via=quote)
        return _read(self._asked("GET", f"{path}?{text}" if text else path, None, {}), kind)

    def post(self, path: str, kind: type[T], body: Mapping[str, object]) -> T:
        """Return what was made; a repeated request makes nothing more."""
        headers = {"content-type": "application/json", "idempotency-key": token_hex(16)}
        return _read(self._asked("POST", path, msgspec.json.encode(body), headers), kind)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def _asked(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        """Ask, and once more where the kept connection had ended."""
        headers = {"authorization": f"Bearer {self._token}", **headers}
        try:
            return self._exchange(method, path, body, headers)
        except (http.client.HTTPException, ConnectionError):
            self._connection.close()
        try:
            return self._exchange(method, path, body, headers)
        except (http.client.HTTPException, OSError) as error:
            self._connection.close()
            raise UnavailableError(f"{self.place} does not answer: {error}") from error

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        try:
            self._connection.request(method, self._base + path, body, headers)
            response = self._connection.getresponse()
            return Reply(response.status, {}, response.read(ANSWER_BYTES_MAX))
        except TimeoutError as error:
            self._connection.close()
            raise UnavailableError(f"{self.place} does not answer in time") from error


def _connection(parts: SplitResult) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        return kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    except ValueError as error:
        raise UsageError(f"--url must have a port from 0 to 65535: {error}") from error


class LocalClient:
    """Asks the API of a file in this process, beside whoever runs the pipeline on it.

    Attributes:
        place: What is asked, for people.
    """

    def __init__(self, embedded: Embedded, path: Path, tenant: str, plan: Plan, by: str) -> None:
        """Prepare to ask.

        Args:
            embedded: The file, opened for reading.
            path: The file, to act on.
            tenant: Whose devices and alerts.
            plan: The plan in force.
            by: Who acts.
        """
        self.place = str(path)
        backend = replace(embedded.backend, alerts=_Acting(embedded.backend.alerts, path))
        news = FeedNews(embedded.backend.alerts.feed)
        service = Service(backend, news, lambda: plan, wall_now_ms, "local", version("tocsin"))
        caller = Caller(tenant, by, Role.OPERATOR, 0, {})
        self._failed = ""
        self._api = Api(service, lambda _: caller, log_error=self._note, rates=Rates(FREE, FREE, FREE))

    def get(self, path: str, kind: type[T], **query: object) -> T:
        """Return the answer of a route."""
        return _read(self._api.answer(Request("GET", path, _parameters(query))), kind)

    def post(self, path: str, kind: type[T], body: Mapping[str, object]) -> T:
        """Return what was made."""
        return _read(self._api.answer(Request("POST", path, body=msgspec.json.encode(body))), kind)

    def _note(self, _where: str, error: Exception) -> None:
        self._failed = str(error)


class _Acting:
    """The table of alerts of a file that is read, where an action opens the file to write it."""

    def __init__(self, table: AlertTable, path: Path) -> None:
        self._table = table
        self.query = table.query
        self.actions = table.actions
        self.put_action = partial(_put_action, path)

    def put(self, transitions: Sequence[Transition]) -> list[bool]:
        return self._table.put(transitions)

    @property
    def feed(self) -> LogReader:
        return self._table.feed


def _put_action(path: Path, action: Action) -> bool:
    with open_for_acting(path, now_ms=wall_now_ms) as embedded:
        return embedded.backend.alerts.put_action(action)


def token_of_environment() -> str:
    """Return the token of the environment, or nothing."""
    return os.environ.get(TOKEN_VARIABLE, "")
