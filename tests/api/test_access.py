"""Who may ask what: tokens, roles, tenants, rates."""

import base64
from collections.abc import Iterator

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.deployment import Deployment, filled
from tocsin.api.dispatch import Request
from tocsin.api.problems import ProblemError
from tocsin.api.ratelimit import CALLERS_MAX, Rate, RateLimit, Rates
from tocsin.api.routes import ROUTES
from tocsin.api.service import Role
from tocsin.api.tokens import TokenRules, caller_of_token, issue_token
from tocsin.core.clock import wall_now_ms
from tocsin.core.errors import ConfigError
from tocsin.runtime.serving import authorised

SECRET = b"0123456789abcdef" * 4
RULES = TokenRules(SECRET)
CLAIMS = {"tenant": "acme", "role": "viewer", "sub": "anna"}


DAY_S = 86_400
"""Tokens of parameters are made as tests are collected, which may be long before they run."""


def token(rules: TokenRules = RULES, *, lasts_ms: int = 1_000 * DAY_S, **claims: str) -> str:
    return issue_token(rules, CLAIMS | claims, lasts_ms=lasts_ms)


def signed(claims: dict[str, object], key: object = SECRET, algorithm: str = "HS256") -> str:
    whole = {"iss": "tocsin", "aud": "tocsin-api", "exp": wall_now_ms() // 1_000 + DAY_S, **CLAIMS} | claims
    return jwt.encode({name: value for name, value in whole.items() if value is not None}, key, algorithm)  # type: ignore[arg-type]


def test_token_says_tenant_role_and_subject() -> None:
    caller = caller_of_token(token(lasts_ms=60_000), RULES)

    assert (caller.tenant, caller.role, caller.subject) == ("acme", Role.VIEWER, "anna")
    assert caller.expires_ms - wall_now_ms() == pytest.approx(60_000, abs=5_000)


def unsigned() -> str:
    parts = ({"alg": "none", "typ": "JWT"}, {**CLAIMS, "iss": "tocsin", "aud": "tocsin-api", "exp": 4e9})
    return ".".join(base64.urlsafe_b64encode(msgspec.json.encode(part)).decode().rstrip("=") for part in parts) + "."


@pytest.mark.parametrize(
    ("given_token", "rule"),
    [
        (token(lasts_ms=-120_000), "it has expired"),
        (token(TokenRules(SECRET, issuer="other")), "it is of another issuer"),
        (token(TokenRules(SECRET, audience="other")), "it is for another audience"),
        (token(TokenRules(b"x" * 32)), "its signature does not hold"),
        (signed({}, algorithm="HS512"), "its algorithm is not the one agreed on"),
        (unsigned(), "its algorithm is not the one agreed on"),
        (signed({"exp": None}), "it needs exp, iss, aud, sub"),
        (signed({"sub": None}), "it needs exp, iss, aud, sub"),
        ("nonsense", "it is no valid JWT"),
        ("", "it is no valid JWT"),
        ("a" * 9_000, "token must have at most 8192 characters"),
        (token(tenant="a b"), "token must name a tenant"),
        (signed({"tenant": ["acme"]}), "token must name a tenant"),
        (token(role="admin"), "token must have a role: viewer, operator"),
        (token(sub="\n"), "token must name its subject, in printable characters"),
    ],
)
def test_token_that_breaks_a_rule_is_not_accepted(given_token: str, rule: str) -> None:
    with pytest.raises(ProblemError) as caught:
        caller_of_token(given_token, RULES)

    assert str(caught.value).removeprefix("token is not accepted: ") == rule
    assert caught.value.document().status == 401


def pems(key: object) -> tuple[bytes, bytes]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return private, public


def keys() -> Iterator[tuple[str, bytes, bytes]]:
    yield "RS256", *pems(rsa.generate_private_key(65_537, 2_048))
    yield "ES256", *pems(ec.generate_private_key(ec.SECP256R1()))
    yield "EdDSA", *pems(ed25519.Ed25519PrivateKey.generate())


def test_public_key_takes_tokens_of_its_algorithm_alone() -> None:
    for algorithm, private, public in keys():
        rules = TokenRules(public, algorithm)

        assert caller_of_token(signed({}, private, algorithm), rules).tenant == "acme"
        with pytest.raises(ProblemError):  # the public key as if it were a secret
            caller_of_token(signed({}, base64.b64encode(public)), rules)


def test_weak_secret_and_unknown_algorithm_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 32 bytes, got 5"):
        TokenRules(b"short")
    with pytest.raises(ConfigError, match="must be one of HS256"):
        TokenRules(SECRET, "none")


@pytest.mark.parametrize("header", ["", "Basic abc", "Bearer", "Bearer "])
def test_request_without_a_token_is_told_how_to_send_one(header: str) -> None:
    with pytest.raises(ProblemError) as caught:
        authorised(Request("GET", "/v1/me", headers={"authorization": header}), RULES)

    assert caught.value.document().status == 401


def test_every_route_that_changes_something_needs_an_operator() -> None:
    deployment = filled()
    for route in ROUTES:
        path = route.path.format(alert="00000000000000f1-1", device="pump-7", silence="x")
        answer = deployment.ask(path, method=route.method, role="viewer", body=b"{}" if route.body else b"")
        assert (answer.status == 403) == (route.method != "GET"), route.path


def test_every_route_but_health_and_the_document_needs_a_token() -> None:
    assert [route.path for route in ROUTES if route.is_open] == ["/v1/health"]


PATHS = [route.path for route in ROUTES if route.method == "GET" and route.query.__name__ == "Asked"]


@given(st.sampled_from(PATHS), st.sampled_from(["pump-7", "00000000000000f1-1", "fan-1", "x"]))
@settings(max_examples=60, deadline=None)
def test_nothing_of_a_tenant_shows_in_what_another_gets(path: str, name: str) -> None:
    reply = DEPLOYMENT.reply(path.format(device=name, alert=name, silence=name), tenant="stranger")

    assert reply.status in {200, 404}
    assert not any(secret in reply.body for secret in (b"north", b"too-hot", b"below", b"999.0", b"flow_lpm"))


DEPLOYMENT = filled()


def test_caller_who_asks_too_often_is_told_when_to_ask_again_and_others_are_not() -> None:
    deployment = Deployment(rates=Rates(read=Rate(0.001, 3)))

    answers = [deployment.ask("/v1/me") for _ in range(4)]

    assert [one.status for one in answers] == [200, 200, 200, 429]
    assert int(answers[3].headers["retry-after"]) > 60
    assert deployment.ask("/v1/me", tenant="other").status == 200


@given(st.lists(st.floats(0, 10), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_rate_is_never_passed_over_any_time(pauses_s: list[float]) -> None:
    limit, now_s, taken = RateLimit(Rate(2.0, 5.0)), 0.0, []
    for pause_s in pauses_s:
        now_s += pause_s
        wait_s = limit.wait_s("anna", now_s)
        if not wait_s:
            taken.append(now_s)
        else:
            assert limit.wait_s("anna", now_s + wait_s + 1e-9) == 0.0
            now_s += wait_s + 1e-9
            taken.append(now_s)

    for first, begin_s in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= 5.0 + 2.0 * (taken[last] - begin_s) + 1e-6


def test_buckets_are_limited_in_number() -> None:
    limit = RateLimit(Rate(1.0, 1.0))
    for caller in range(CALLERS_MAX + 10):
        limit.wait_s(caller, 0.0)

    assert limit.wait_s(CALLERS_MAX + 9, 0.0) > 0
    assert limit.wait_s(0, 0.0) == 0.0
