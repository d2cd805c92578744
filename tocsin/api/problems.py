"""What can be wrong with a request, as problem documents.

Source: RFC 9457, problem details for HTTP APIs.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from tocsin.core.errors import TocsinError

TYPE_START: Final = "urn:tocsin:problem:"
TOLD_MAX: Final = 200
"""Longest part of a request that a problem repeats."""


class Kind(StrEnum):
    """The kinds of problems; each has one status and one title."""

    INVALID = "invalid"
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD = "method"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    MEDIA = "media"
    KEY_REUSED = "key_reused"
    TOO_MANY = "too_many"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


STATUS: Final = {
    Kind.INVALID: 400,
    Kind.UNAUTHORISED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.METHOD: 405,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.MEDIA: 415,
    Kind.KEY_REUSED: 422,
    Kind.TOO_MANY: 429,
    Kind.INTERNAL: 500,
    Kind.UNAVAILABLE: 503,
}
TITLE: Final = {
    Kind.INVALID: "Invalid request",
    Kind.UNAUTHORISED: "Not authorised",
    Kind.FORBIDDEN: "Not allowed",
    Kind.NOT_FOUND: "Not found",
    Kind.METHOD: "Method not allowed",
    Kind.CONFLICT: "Conflict",
    Kind.TOO_LARGE: "Too large",
    Kind.MEDIA: "Media type not supported",
    Kind.KEY_REUSED: "Idempotency key reused",
    Kind.TOO_MANY: "Too many requests",
    Kind.INTERNAL: "Internal error",
    Kind.UNAVAILABLE: "Not available",
}


class Broken(msgspec.Struct, frozen=True):
    """One rule that a request breaks.

    Attributes:
        where: Which part: ``query limit``, ``body for_ms``, ``header Authorization``.
        rule: The rule, and the value.
    """

    where: str
    rule: str


class Problem(msgspec.Struct, frozen=True):
    """A problem document.

    Attributes:
        type: Kind of the problem, for programs: ``urn:tocsin:problem:invalid``.
        title: The kind for people.
        status: HTTP status.
        detail: What it is this time.
        errors: The rules that are broken, one by one; may be empty.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Broken, ...] = ()


class ProblemError(TocsinError):
    """A request that is answered with a problem document."""

    def __init__(
        self, kind: Kind, detail: str, *, errors: Sequence[Broken] = (), retry_after_s: float | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.errors = tuple(errors)
        self.retry_after_s = retry_after_s

    def document(self) -> Problem:
        """Return the body of the answer."""
        return Problem(f"{TYPE_START}{self.kind}", TITLE[self.kind], STATUS[self.kind], str(self), self.errors)


def invalid(where: str, rule: str) -> ProblemError:
    """Return the problem of one broken rule.

    >>> str(invalid("query limit", "must be at least 1, got 0"))
    'query limit: must be at least 1, got 0'
    """
    return ProblemError(Kind.INVALID, f"{where}: {rule}", errors=[Broken(where, rule)])


def not_found(what: str) -> ProblemError:
    """Return the problem of something that is not there, or not the caller's."""
    return ProblemError(Kind.NOT_FOUND, f"there is no {what[:TOLD_MAX]}")
