"""Pages of other origins: exactly those that are named may ask, and with exactly these headers."""

import pytest

from tests.api.deployment import filled
from tocsin.api.cors import answered, checked_origin
from tocsin.api.dispatch import Reply, Request
from tocsin.core.errors import ConfigError

PAGE = "https://page.example"
ORIGINS = frozenset({PAGE})
DEPLOYMENT = filled()


def asked(method: str, *, origins: frozenset[str] = ORIGINS, path: str = "/v1/fleet", **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    claims = {"tenant": "acme", "role": "viewer", "sub": "anna"}
    return answered(Request(method, path, headers=named, claims=claims), origins, DEPLOYMENT.api.answer)


def cors(reply: Reply) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name.startswith("access-control")}


def test_preflight_says_what_a_named_page_may_do() -> None:
    reply = asked("OPTIONS", origin=PAGE, access_control_request_method="POST")

    assert (reply.status, reply.body, reply.headers["vary"]) == (204, b"", "origin")
    assert cors(reply) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-methods": "GET, POST, DELETE",
        "access-control-allow-headers": "authorization, content-type, idempotency-key",
        "access-control-max-age": "600",
    }


@pytest.mark.parametrize(("path", "status"), [("/v1/fleet", 200), ("/v1/nothing", 404)])
def test_answers_and_problems_can_be_read_by_a_named_page(path: str, status: int) -> None:
    reply = asked("GET", path=path, origin=PAGE)

    assert (reply.status, reply.headers["vary"].split(", ")[-1]) == (status, "origin")
    assert cors(reply) == {
        "access-control-allow-origin": PAGE,
        "access-control-expose-headers": "idempotency-replayed, retry-after",
    }


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://page.example.evil.example", "http://page.example", "null", "*", ""]
)
def test_no_other_origin_is_told_anything(origin: str) -> None:
    preflight = asked("OPTIONS", origin=origin, access_control_request_method="GET")
    answer = asked("GET", origin=origin)

    assert (preflight.status, answer.status) == (405, 200)
    assert cors(preflight) == cors(answer) == {}
    assert "origin" in answer.headers["vary"]


def test_nobody_elsewhere_may_ask_where_no_origin_is_named() -> None:
    reply = asked("OPTIONS", origins=frozenset(), origin=PAGE, access_control_request_method="GET")

    assert (reply.status, cors(reply)) == (405, {})


@pytest.mark.parametrize(
    "origin", ["*", "page.example", "https://page.example/", "https://Page.example", "ftp://page.example", ""]
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(ConfigError, match="an origin must be like"):
        checked_origin(origin)
