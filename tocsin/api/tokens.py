"""Tokens: who calls, for which tenant, in which role. JWT with one pinned algorithm, issuer and audience."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt

from tocsin.api.callers import caller_of_claims
from tocsin.api.problems import Kind, ProblemError
from tocsin.api.service import Caller
from tocsin.core.clock import wall_now_ms
from tocsin.core.errors import ConfigError

ALGORITHMS: Final = ("HS256", "RS256", "ES256", "EdDSA")
SECRET_BYTES_MIN: Final = 32
LEEWAY_S: Final = 30
"""How far the clock of who issues tokens may be wrong."""

TOKEN_CHARS_MAX: Final = 8_192
REQUIRED: Final = ("exp", "iss", "aud", "sub")


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must be like.

    Attributes:
        key: Secret of ``HS256``, else the public key as PEM.
        algorithm: The only one that is accepted, whatever a token says of itself.
        issuer: Who must have issued it.
        audience: For whom it must be.
    """

    key: bytes
    algorithm: str = "HS256"
    issuer: str = "tocsin"
    audience: str = "tocsin-api"

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise ConfigError(f"algorithm must be one of {', '.join(ALGORITHMS)}, got {self.algorithm[:40]!r}")
        if self.algorithm == "HS256" and len(self.key) < SECRET_BYTES_MIN:
            raise ConfigError(f"secret of HS256 must have at least {SECRET_BYTES_MIN} bytes, got {len(self.key)}")


def caller_of_token(token: str, rules: TokenRules) -> Caller:
    """Return for whom the token speaks.

    Raises:
        ProblemError: It breaks a rule, is over, or names no tenant.
    """
    if len(token) > TOKEN_CHARS_MAX:
        raise ProblemError(Kind.UNAUTHORISED, f"token must have at most {TOKEN_CHARS_MAX} characters")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            rules.key,
            algorithms=[rules.algorithm],
            issuer=rules.issuer,
            audience=rules.audience,
            leeway=LEEWAY_S,
            options={"require": list(REQUIRED)},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise ProblemError(Kind.UNAUTHORISED, f"token is not accepted: {_reason(error)}") from error
    return caller_of_claims(claims)


def _reason(error: Exception) -> str:
    """Return which rule the token breaks, without repeating anything of it."""
    known = {
        jwt.ExpiredSignatureError: "it has expired",
        jwt.InvalidIssuerError: "it is of another issuer",
        jwt.InvalidAudienceError: "it is for another audience",
        jwt.InvalidSignatureError: "its signature does not hold",
        jwt.InvalidAlgorithmError: "its algorithm is not the one agreed on",
        jwt.MissingRequiredClaimError: f"it needs {', '.join(REQUIRED)}",
    }
    return known.get(type(error), "it is no valid JWT")


def issue_token(rules: TokenRules, claims: Mapping[str, str], *, lasts_ms: int) -> str:
    """Return a token under a local key.

    Args:
        rules: Of ``HS256``.
        claims: ``tenant``, ``sub``, ``role`` and what else it says.
        lasts_ms: How long it is valid.
    """
    now_s = wall_now_ms() // 1_000
    times = {"iat": now_s, "exp": now_s + lasts_ms // 1_000}
    return jwt.encode({"iss": rules.issuer, "aud": rules.audience, **times, **claims}, rules.key, rules.algorithm)
