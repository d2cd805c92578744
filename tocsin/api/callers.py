"""Who calls, as claims say that somebody has verified."""

from collections.abc import Mapping
from typing import Any, Final

from tocsin.api.problems import Kind, ProblemError
from tocsin.api.service import Caller, Role
from tocsin.core.keys import is_id

SUBJECT_CHARS_MAX: Final = 128


def caller_of_claims(claims: Mapping[str, Any]) -> Caller:
    """Return for whom claims speak that somebody has verified.

    Raises:
        ProblemError: They name no tenant, or neither a role nor a sender of readings.
    """
    texts = {name: value for name, value in claims.items() if isinstance(value, str)}
    tenant = texts.get("tenant", "")
    if not is_id(tenant):
        raise ProblemError(Kind.UNAUTHORISED, "token must name a tenant")
    named = texts.get("role", "")
    role = Role(named) if named in set(Role) else None
    if role is None and not {"device", "gateway"} & texts.keys():
        raise ProblemError(Kind.UNAUTHORISED, f"token must have a role: {', '.join(Role)}")
    subject = texts.get("sub", "")[:SUBJECT_CHARS_MAX]
    if not subject.isprintable() or not subject:
        raise ProblemError(Kind.UNAUTHORISED, "token must name its subject, in printable characters")
    return Caller(tenant, subject, role, _expires_ms(claims.get("exp")), texts)


def _expires_ms(claim: object) -> int:
    """Return the end of the token; authorisers hand on numbers as text."""
    try:
        return int(float(str(claim))) * 1_000
    except (ValueError, OverflowError):
        return 0
