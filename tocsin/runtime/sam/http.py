"""Requests to the HTTP API of a template: routes, events of payload format 2.0, and what an answer becomes.

Source: API Gateway Developer Guide, "Create routes for HTTP APIs" and "Create AWS Lambda proxy integrations for HTTP
APIs".
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from tocsin.core.clock import iso
from tocsin.runtime.events import ACCOUNT, REGION

TEXT_MEDIA: Final = ("text/", "application/json", "application/javascript", "application/xml")
_BRACES: Final = re.compile(r"\{(\w+)(\+?)\}")


@dataclass(frozen=True, slots=True)
class Call:
    """A request.

    Attributes:
        method: Upper case.
        path: Without the query.
        body: As sent.
        headers: Name to value.
        query: Name to value.
        claims: What a JWT authoriser vouches for; None without one.
    """

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the one who asked gets.

    Attributes:
        status: HTTP status.
        headers: Name to value.
        body: Bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401  any JSON
        """Return the body as plain data."""
        return msgspec.json.decode(self.body)


@dataclass(frozen=True, slots=True)
class Route:
    """A route: what an event of type ``HttpApi`` declares.

    Attributes:
        method: Upper case, or ``ANY``.
        path: With names in braces; ``$default`` takes what no other takes.
    """

    method: str
    path: str

    @property
    def key(self) -> str:
        """The route's key as events have it."""
        return self.path if self.path == "$default" else f"{self.method} {self.path}"

    def matched(self, call: Call) -> dict[str, str] | None:
        """Return what stands for the names in braces, or None where the call goes elsewhere."""
        if self.path == "$default":
            return {}
        if self.method not in {"ANY", call.method}:
            return None
        pattern = _BRACES.sub(lambda name: f"(?P<{name[1]}>{'.+' if name[2] else '[^/]+'})", self.path)
        found = re.fullmatch(pattern, call.path)
        return found.groupdict() if found else None


def chosen(routes: Sequence[Route], call: Call) -> tuple[int, dict[str, str]] | None:
    """Return the place of the most specific route that takes the call, with its path parameters; or None.

    A full match comes before a greedy one, a method before ``ANY``, and ``$default`` last.
    """
    found = [(place, route, names) for place, route in enumerate(routes) if (names := route.matched(call)) is not None]
    if not found:
        return None
    place, _, names = min(found, key=lambda one: _unspecific(one[1]))
    return place, names


def _unspecific(route: Route) -> tuple[bool, bool, int, bool]:
    braces = _BRACES.findall(route.path)
    return route.path == "$default", any(greedy for _, greedy in braces), len(braces), route.method == "ANY"


def http_event(call: Call, route: Route, names: Mapping[str, str], request: str, at_ms: int) -> dict[str, Any]:
    """Return the event of the call.

    Args:
        call: The request.
        route: That it matched.
        names: What stands for the names in the route's braces.
        request: Id of the request.
        at_ms: When it came.
    """
    headers = {name.lower(): value for name, value in call.headers.items()}
    is_text = headers.get("content-type", "text/plain").startswith(TEXT_MEDIA)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": call.path,
        "rawQueryString": urlencode(call.query),
        "headers": headers,
        "requestContext": _context(call, route, headers, request, at_ms),
        "isBase64Encoded": bool(call.body) and not is_text,
    }
    if call.query:
        event["queryStringParameters"] = dict(call.query)
    if names:
        event["pathParameters"] = dict(names)
    if call.body:
        event["body"] = call.body.decode(errors="replace") if is_text else b64encode(call.body).decode()
    return event


def _context(call: Call, route: Route, headers: Mapping[str, str], request: str, at_ms: int) -> dict[str, Any]:
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": f"local.execute-api.{REGION}.amazonaws.com",
        "domainPrefix": "local",
        "http": {
            "method": call.method,
            "path": call.path,
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request,
        "routeKey": route.key,
        "stage": "$default",
        "time": iso(at_ms),
        "timeEpoch": at_ms,
    }
    if call.claims is not None:
        context["authorizer"] = {"jwt": {"claims": dict(call.claims), "scopes": None}}
    return context


def answer_of(answered: object) -> Answer:
    """Return what the answer of a handler becomes: without a status it is the body, as JSON."""
    if not (isinstance(answered, dict) and "statusCode" in answered):
        return Answer(200, {"content-type": "application/json"}, msgspec.json.encode(answered))
    body = answered.get("body") or ""
    data = b64decode(body) if answered.get("isBase64Encoded") else str(body).encode()
    return Answer(int(answered["statusCode"]), answered.get("headers") or {}, data)
