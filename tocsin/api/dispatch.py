"""From a request to its reply: route, token, rate limit, parameters, answer; and every problem as a document."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tocsin.api.openapi import openapi_document
from tocsin.api.problems import STATUS, Broken, Kind, ProblemError, invalid
from tocsin.api.ratelimit import RateLimit, Rates
from tocsin.api.routes import OPENAPI_PATH, Route, encode_answer, matched
from tocsin.api.service import ROLE_RANK, Call, Caller, Done, Service
from tocsin.core.clock import elapsed_s
from tocsin.core.errors import TransientError

BODY_BYTES_MAX: Final = 1_048_576
GZIP_BYTES_MIN: Final = 1_024
GZIP_LEVEL: Final = 3
"""Level 6 takes twice the time on series for a tenth fewer bytes."""

KEY_CHARS_MAX: Final = 128
RETRY_AFTER_S: Final = 1.0
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
NOBODY: Final = Caller("", "", None, 0, {})


@dataclass(frozen=True, slots=True)
class Request:
    """A request, from wherever it came.

    Attributes:
        method: In capitals.
        path: As it was sent, without the query.
        query: Names and values, decoded, in order.
        headers: By name in small letters.
        body: As it was sent.
        peer: Address of who sent it: what limits those without a token.
        claims: What an authoriser in front has verified, or None where nobody did.
    """

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    peer: str = ""
    claims: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int
    headers: dict[str, str]
    body: bytes


Authorise = Callable[[Request], Caller]
"""Returns who asks; raises ``ProblemError`` where that is not known."""

LogError = Callable[[str, Exception], None]


class Api:
    """Answers requests; usable by any thread."""

    def __init__(
        self, service: Service, authorise: Authorise, *, log_error: LogError, rates: Rates | None = None
    ) -> None:
        """Prepare to answer.

        Args:
            service: What the routes work with.
            authorise: Tells who asks.
            log_error: Told of errors that nobody foresaw, with the request's method and path.
            rates: What each caller may ask for.
        """
        rates = rates or Rates()
        self._service = service
        self._authorise = authorise
        self._log_error = log_error
        self._limits = {
            "read": RateLimit(rates.read),
            "write": RateLimit(rates.write),
            "readings": RateLimit(rates.readings),
        }

    def answer(self, request: Request) -> Reply:
        """Return the reply to a request, whatever is in it."""
        return self.guarded(request, lambda: self._routed(request))

    def run(self, route: Route, path: Mapping[str, str], request: Request) -> Reply:
        """Return the reply of a route that somebody else has found."""
        return self.guarded(request, lambda: self._run(route, path, request))

    def guarded(self, request: Request, work: Callable[[], Reply]) -> Reply:
        """Return the reply of the work, or the problem that it raises."""
        try:
            return work()
        except ProblemError as error:
            return problem_reply(error)
        except TransientError as error:
            self._log_error(f"{request.method} {request.path[:200]}", error)
            detail = "a store did not answer; ask again"
            return problem_reply(ProblemError(Kind.UNAVAILABLE, detail, retry_after_s=RETRY_AFTER_S))
        except Exception as error:
            self._log_error(f"{request.method} {request.path[:200]}", error)
            return problem_reply(ProblemError(Kind.INTERNAL, "something went wrong here; the log says what"))

    def _routed(self, request: Request) -> Reply:
        if request.path == OPENAPI_PATH and request.method == "GET":
            self._limit("read", request.peer)
            return packed(Reply(200, {"content-type": JSON}, openapi_document(self._service.version)), request)
        route, path = matched(request.method, request.path)
        return self._run(route, path, request)

    def _run(self, route: Route, path: Mapping[str, str], request: Request) -> Reply:
        caller = NOBODY if route.is_open else self._authorise(request)
        self._limit(route.sort, (caller.tenant, caller.subject) if caller.tenant else request.peer)
        if route.role and not route.is_open and (caller.role is None or ROLE_RANK[caller.role] < ROLE_RANK[route.role]):
            raise ProblemError(Kind.FORBIDDEN, f"the token's role must be {route.role}")
        call = Call(caller, path, _query(route, request), _body(route, request), _key(route, request))
        made = route.run(self._service, call)
        answer, is_copy = (made.answer, made.is_copy) if isinstance(made, Done) else (made, False)
        headers = {"content-type": JSON, "cache-control": "no-store"}
        if is_copy:
            headers["idempotency-replayed"] = "true"
        return packed(Reply(route.status, headers, encode_answer(answer)), request)

    def _limit(self, sort: str, caller: object) -> None:
        if wait_s := self._limits[sort].wait_s(caller, elapsed_s()):
            raise ProblemError(Kind.TOO_MANY, "more requests than this caller may make", retry_after_s=wait_s)


def _query(route: Route, request: Request) -> Any:  # noqa: ANN401  of the type that the route declares
    given = dict(request.query)
    if len(given) < len(request.query):
        raise invalid("query", "each parameter may be written once")
    if bad := next((name for name, value in request.query if not (name + value).isprintable()), None):
        raise invalid(f"query {bad[:40]!r}", "must be printable")
    asked = _converted("query", lambda: msgspec.convert(given, route.query, strict=False))
    if empty := next((name for name in given if getattr(asked, name) is None), None):
        raise invalid(f"query {empty}", f"must be left out or have a value, got {given[empty][:40]!r}")
    return asked


def _body(route: Route, request: Request) -> Any:  # noqa: ANN401  of the type that the route declares
    if len(request.body) > BODY_BYTES_MAX:
        raise ProblemError(Kind.TOO_LARGE, f"body must have at most {BODY_BYTES_MAX} bytes")
    if route.body is None:
        if request.body:
            raise invalid("body", "must be absent")
        return None
    if route.body is bytes:
        return request.body
    media = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media != JSON:
        raise ProblemError(Kind.MEDIA, f"content-type must be {JSON}, got {media[:60]!r}")
    wanted = route.body
    return _converted("body", lambda: msgspec.json.decode(request.body, type=wanted))


def _converted(where: str, convert: Callable[[], Any]) -> Any:  # noqa: ANN401  of the type that the route declares
    """Return the converted value; msgspec's message names the field after ``$.``."""
    try:
        return convert()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        rule, _, place = str(error).partition(" - at `")
        name = place.rstrip("`").removeprefix("$").lstrip(".")
        broken = Broken(f"{where} {name}".strip(), rule[:1].lower() + rule[1:200])
        raise ProblemError(Kind.INVALID, f"{broken.where}: {broken.rule}", errors=[broken]) from error


def _key(route: Route, request: Request) -> str:
    key = request.headers.get("idempotency-key", "").strip() if route.takes_key else ""
    if len(key) > KEY_CHARS_MAX or not key.isprintable():
        raise invalid("header Idempotency-Key", f"must be at most {KEY_CHARS_MAX} printable characters")
    return key


def problem_reply(error: ProblemError) -> Reply:
    """Return the problem as a reply."""
    headers = {"content-type": PROBLEM, "cache-control": "no-store"}
    if error.retry_after_s is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after_s)))
    if error.kind is Kind.UNAUTHORISED:
        headers["www-authenticate"] = 'Bearer realm="tocsin"'
    if error.kind is Kind.METHOD:
        headers["allow"] = str(error).partition("must be of ")[2]
    return Reply(STATUS[error.kind], headers, encode_answer(error.document()))


def packed(reply: Reply, request: Request) -> Reply:
    """Return the reply compressed, where it is long and the caller takes that."""
    takes = [part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")]
    headers = reply.headers | {"vary": "accept-encoding"}
    if "gzip" not in takes or len(reply.body) < GZIP_BYTES_MIN:
        return Reply(reply.status, headers, reply.body)
    body = gzip.compress(reply.body, GZIP_LEVEL, mtime=0)
    return Reply(reply.status, headers | {"content-encoding": "gzip"}, body)
