"""The same answers in Lambda as from the local server: the resolver over the one table of routes."""

import gzip
import json
from base64 import b64decode, b64encode
from copy import deepcopy
from typing import Any

import pytest

from tests.api.deployment import NOW_MS, PLAN, Deployment, filled
from tocsin.api.handler import ApiHandler, request_of
from tocsin.api.routes import ROUTES
from tocsin.core.plan.book import PlanBook

EVENT: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/v1/health",
    "rawQueryString": "",
    "headers": {"Content-Type": "application/json", "x-forwarded-for": "203.0.113.7"},
    "requestContext": {
        "accountId": "111122223333",
        "apiId": "api",
        "authorizer": {"jwt": {"claims": {"tenant": "acme", "role": "operator", "sub": "anna", "exp": "1795428600"}}},
        "http": {"method": "GET", "path": "/v1/health", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"},
        "requestId": "id",
        "stage": "$default",
        "timeEpoch": NOW_MS,
    },
    "isBase64Encoded": False,
}


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return filled()


@pytest.fixture(scope="module")
def handler(deployment: Deployment) -> ApiHandler:
    return ApiHandler(deployment.backend, PlanBook(PLAN), now_ms=deployment.clock.now_ms)


def event_of(method: str, path: str, query: str = "", body: str | None = None, **headers: str) -> dict[str, Any]:
    event = deepcopy(EVENT)
    event["rawPath"], event["rawQueryString"] = path, query
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["headers"] |= headers
    return event if body is None else event | {"body": body}


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=lambda route: route.name)
def test_answer_is_the_local_servers(handler: ApiHandler, deployment: Deployment, route: Any) -> None:
    path = route.path.format(device="pump-7", alert="00000000000000f1-1")
    query = "device=pump-7&metric=flow_lpm&resolution=5m" if route.name == "show_series" else ""

    reply = handler(event_of("GET", path, query), None)

    local = deployment.ask(f"{path}?{query}")
    assert reply["statusCode"] == local.status
    assert reply["headers"]["Content-Type"] == local.headers["content-type"]
    volatile = {"mode", "version", "expires_ms", "newest_ms", "cursor"}
    got, wanted = (
        {k: v for k, v in content.items() if k not in volatile}
        for content in (json.loads(reply["body"]), local.content)
    )
    assert got == wanted


def test_person_acts_and_a_repeated_key_changes_nothing(handler: ApiHandler) -> None:
    event = event_of(
        "POST",
        "/v1/alerts/00000000000000f1-1/actions",
        body='{"kind": "note", "text": "é"}',
        **{"Idempotency-Key": "k"},
    )
    packed = event | {"body": b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}

    first, second = handler(event, None), handler(packed, None)

    assert (first["statusCode"], second["statusCode"]) == (201, 201)
    assert json.loads(first["body"]) == json.loads(second["body"])
    assert json.loads(first["body"])["text"] == "é"
    assert second["headers"]["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/", 404),
        ("PATCH", "/v1/fleet", 405),
        ("GET", "/v1/devices/a%2Fb", 404),
        ("GET", "/v1/devices/a b", 404),
        ("POST", "/v1/readings", 403),
    ],
)
def test_problem_is_a_document_here_too(handler: ApiHandler, method: str, path: str, status: int) -> None:
    reply = handler(event_of(method, path), None)

    assert (reply["statusCode"], json.loads(reply["body"])["status"]) == (status, status)
    assert reply["headers"]["Content-Type"] == "application/problem+json"


def test_request_that_no_authoriser_let_through_is_refused(handler: ApiHandler) -> None:
    event = event_of("GET", "/v1/fleet")
    del event["requestContext"]["authorizer"]

    assert handler(event, None)["statusCode"] == 401
    assert handler(event | {"rawPath": "/v1/health"}, None)["statusCode"] == 200


def test_long_answer_is_compressed_for_who_takes_it(handler: ApiHandler) -> None:
    reply = handler(event_of("GET", "/v1/openapi.json", **{"Accept-Encoding": "gzip"}), None)

    assert (reply["isBase64Encoded"], reply["headers"]["content-encoding"]) == (True, "gzip")
    assert json.loads(gzip.decompress(b64decode(reply["body"])))["openapi"] == "3.1.0"


def test_call_is_measured_without_anything_of_what_came(handler: ApiHandler) -> None:
    handler(event_of("GET", "/v1/nothing"), None)

    measures = handler.measures()
    assert {name: measures[name] for name in ("requests", "problems", "faults")} == {
        "requests": 1,
        "problems": 1,
        "faults": 0,
    }


def test_event_of_something_else_is_refused(handler: ApiHandler) -> None:
    with pytest.raises(ValueError, match="must be a request to an HTTP API"):
        handler({"Records": []}, None)


def test_query_is_read_as_the_server_reads_it() -> None:
    request = request_of(event_of("GET", "/v1/devices", "q=a%20b&state=&q=c"))

    assert request.query == [("q", "a b"), ("state", ""), ("q", "c")]


def test_poll_does_not_wait_in_a_function(handler: ApiHandler, deployment: Deployment) -> None:
    cursor = json.loads(handler(event_of("GET", "/v1/changes"), None)["body"])["cursor"]

    reply = handler(event_of("GET", "/v1/changes", f"since={cursor}&wait_s=25"), None)

    assert (reply["statusCode"], deployment.pauses) == (200, [])
    assert handler.measures()["duration_ms"] < 2_000
