"""The Lambda handler of the query API: the Powertools resolver over the one table of routes."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from tocsin.adapters.function import Entry
from tocsin.adapters.telemetry import fact_logger, told
from tocsin.api.callers import caller_of_claims
from tocsin.api.dispatch import Api, Reply, Request
from tocsin.api.news import TableNews
from tocsin.api.problems import Kind, ProblemError
from tocsin.api.routes import OPENAPI_PATH, ROUTES, Route
from tocsin.api.service import Caller, Service
from tocsin.core.clock import NowMs, elapsed_s, wall_now_ms
from tocsin.core.formats.http_event import parse_http_event
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend

NAME: Final = "api"
NEEDS: Final = ("windows", "alerts", "decisions", "directory")

logger: Final = fact_logger(NAME)


class ApiHandler:
    """Answers requests that an HTTP API with a JWT authoriser lets through; built once, at cold start.

    Issuer, audience, signature and algorithm are the authoriser's to check; what the token says of its
    tenant and role is looked at here.
    """

    def __init__(self, backend: Backend, plans: PlanBook, *, now_ms: NowMs = wall_now_ms) -> None:
        news = TableNews(backend.alerts)
        # A function that waits is paid for waiting, and holds one of the places that others need.
        service = Service(backend, news, lambda: plans.first, now_ms, "aws", _release(), wait_s_max=0.0)
        self._api = Api(service, authorised_before, log_error=_log_error)
        self._resolver = APIGatewayHttpResolver()
        self._measures: dict[str, float] = {}
        for route in ROUTES:
            self._resolver.route(_rule(route.path), method=route.method)(self._runner(route))
        self._resolver.route(OPENAPI_PATH, method="GET")(self._other)
        self._resolver.not_found(self._not_found)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  Lambda's own class
        """Return the reply to a request of an HTTP API.

        Raises:
            ValueError: The event is no such request.
        """
        parse_http_event(event)
        begun_s = elapsed_s()
        reply: dict[str, Any] = self._resolver.resolve(event, context)
        self._measures = {
            "requests": 1.0,
            "problems": float(reply["statusCode"] >= 400),
            "faults": float(reply["statusCode"] >= 500),
            "duration_ms": 1_000 * (elapsed_s() - begun_s),
        }
        return reply

    def prepare(self) -> None:
        """Load what the first request for a series would load: a snapshot holds it as well."""
        import_module("tocsin.api.series")

    def measures(self) -> dict[str, float]:
        """Return what the last call did, as metrics."""
        return self._measures

    def _runner(self, route: Route) -> Callable[..., Response[Any]]:
        def run(**path: str) -> Response[Any]:
            return _response(self._api.run(route, path, self._request()))

        return run

    def _other(self) -> Response[Any]:
        return _response(self._api.answer(self._request()))

    def _not_found(self, error: Exception) -> Response[Any]:  # noqa: ARG002  Powertools passes it
        return self._other()

    def _request(self) -> Request:
        event = self._resolver.current_event.raw_event
        return request_of(event)


def request_of(event: Mapping[str, Any]) -> Request:
    """Return the request of an HTTP API's event."""
    about, context = parse_http_event(event), event["requestContext"]
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return Request(
        method=context["http"]["method"],
        path=event.get("rawPath", ""),
        query=parse_qsl(event.get("rawQueryString", ""), keep_blank_values=True, errors="replace"),
        headers=headers,
        body=about.body,
        peer=context["http"].get("sourceIp", ""),
        claims=about.claims or None,
    )


def authorised_before(request: Request) -> Caller:
    """Return who asks, as the authoriser in front has verified.

    Raises:
        ProblemError: There was none, or the token has neither tenant nor role.
    """
    if request.claims is None:
        raise ProblemError(Kind.UNAUTHORISED, "no authoriser has let this request through")
    return caller_of_claims(request.claims)


def _rule(path: str) -> str:
    """Return the path as Powertools writes names in it."""
    return path.replace("{", "<").replace("}", ">")


def _response(reply: Reply) -> Response[Any]:
    headers = {name: value for name, value in reply.headers.items() if name != "content-type"}
    is_packed = "content-encoding" in reply.headers
    body = b64encode(reply.body).decode() if is_packed else reply.body.decode()
    media = reply.headers["content-type"]
    response: Response[Any] = Response(status_code=reply.status, content_type=media, body=body, headers=dict(headers))
    response.base64_encoded = is_packed  # as bytes Powertools would take JSON for something to be encoded
    return response


def _log_error(where: str, error: Exception) -> None:  # noqa: ARG001  a path may hold what came from outside
    logger.error("request failed", error=told(error))


def _release() -> str:
    """Return the release; a function's package has no record of it."""
    try:
        return version("tocsin")
    except PackageNotFoundError:
        return "unknown"


def make_handler(backend: Backend, plans: PlanBook) -> ApiHandler:
    """Return the handler on the backend's ports."""
    return ApiHandler(backend, plans)


handler: Final = Entry(NAME, NEEDS, make_handler)
