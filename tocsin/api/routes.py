"""The one table of routes: what the resolver in Lambda, the local server and the OpenAPI document are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal
from urllib.parse import unquote

import msgspec

from tocsin.api.about import show_health, show_me
from tocsin.api.acting import act, end_silence, list_silences, make_silence
from tocsin.api.alert_answers import (
    ActionAnswer,
    AlertDetail,
    AlertPage,
    Changes,
    DeviceDetail,
    SilenceAnswer,
    SilencePage,
)
from tocsin.api.alerts import list_alerts, show_alert
from tocsin.api.answers import Answer, DevicePage, Fleet, Health, Me, Series
from tocsin.api.asked import (
    AlertsAsked,
    Asked,
    ChangesAsked,
    DevicesAsked,
    FleetAsked,
    NewAction,
    NewFault,
    NewSilence,
    SeriesAsked,
)
from tocsin.api.changes import show_changes
from tocsin.api.devices import list_devices, show_device
from tocsin.api.fleet import show_fleet
from tocsin.api.problems import Kind, ProblemError, not_found
from tocsin.api.running import inject_fault, post_readings, show_pipeline, show_simulator
from tocsin.api.running_answers import Fault, PipelineFigures, Simulator, Taken
from tocsin.api.service import Call, Done, Role, Service

Sort = Literal["read", "write", "readings"]
OPENAPI_PATH: Final = "/v1/openapi.json"


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Attributes:
        method: HTTP method.
        path: Names in braces are parts of the path.
        summary: What it answers, one line.
        run: What answers.
        answer: Type of the answer.
        name: Its operation's id.
        query: Type of the parameters.
        body: Type of the body, ``bytes`` for one that is taken as it is, or None for none.
        status: Of the answer.
        role: Who may ask, or None: whoever has a token.
        is_open: Whether no token is needed.
        sort: Which rate limit holds.
        takes_key: Whether an idempotency key is looked at.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    summary: str
    run: Callable[[Service, Call[Any, Any]], Answer | Done[Answer]]
    answer: type[Answer]
    query: type[Asked] = Asked
    body: type[Any] | None = None
    status: int = 200
    role: Role | None = Role.VIEWER
    is_open: bool = False
    sort: Sort = "read"
    takes_key: bool = False

    @property
    def name(self) -> str:
        """Name of the operation, unique."""
        return self.run.__name__


def show_series(service: Service, call: Call[SeriesAsked, None]) -> Series:
    """Return one series in steps; the first call loads columns, which a third of the cold start would go into."""
    from tocsin.api.series import show_series as show  # noqa: PLC0415  most requests need no columns

    return show(service, call)


ROUTES: Final = (
    Route("GET", "/v1/health", "Whether it serves", show_health, Health, is_open=True),
    Route("GET", "/v1/me", "For whom the token speaks", show_me, Me),
    Route("GET", "/v1/fleet", "All devices at a glance", show_fleet, Fleet, FleetAsked),
    Route("GET", "/v1/devices", "Devices by id, with their newest values", list_devices, DevicePage, DevicesAsked),
    Route("GET", "/v1/devices/{device}", "One device", show_device, DeviceDetail),
    Route("GET", "/v1/series", "One series in steps", show_series, Series, SeriesAsked),
    Route("GET", "/v1/alerts", "Alerts, newest move first", list_alerts, AlertPage, AlertsAsked),
    Route("GET", "/v1/alerts/{alert}", "One alert, why it fired, and its history", show_alert, AlertDetail),
    Route(
        "POST",
        "/v1/alerts/{alert}/actions",
        "Acknowledge, assign, note, close or silence",
        act,
        ActionAnswer,
        body=NewAction,
        status=201,
        role=Role.OPERATOR,
        sort="write",
        takes_key=True,
    ),
    Route("GET", "/v1/silences", "Silences that are not over", list_silences, SilencePage),
    Route(
        "POST",
        "/v1/silences",
        "Keep alerts back for a while",
        make_silence,
        SilenceAnswer,
        body=NewSilence,
        status=201,
        role=Role.OPERATOR,
        sort="write",
        takes_key=True,
    ),
    Route(
        "DELETE",
        "/v1/silences/{silence}",
        "End a person's silence",
        end_silence,
        ActionAnswer,
        role=Role.OPERATOR,
        sort="write",
    ),
    Route("GET", "/v1/changes", "What is new, as a long poll", show_changes, Changes, ChangesAsked),
    Route(
        "POST",
        "/v1/readings",
        "Send readings, as a device or a gateway",
        post_readings,
        Taken,
        body=bytes,
        status=202,
        role=None,
        sort="readings",
    ),
    Route("GET", "/v1/pipeline", "How the pipeline runs", show_pipeline, PipelineFigures),
    Route("GET", "/v1/simulator", "What is simulated", show_simulator, Simulator),
    Route(
        "POST",
        "/v1/simulator/faults",
        "Have a fault begin now",
        inject_fault,
        Fault,
        body=NewFault,
        status=201,
        role=Role.OPERATOR,
        sort="write",
        takes_key=True,
    ),
)


def matched(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Return the route of a request and the names in its path.

    Raises:
        ProblemError: There is no such path, or not with this method.
    """
    parts = path.split("/")
    fitting = [route for route in ROUTES if _names(route.path, parts) is not None]
    if not fitting:
        raise not_found("such route; /v1/openapi.json has all of them")
    for route in fitting:
        if route.method == method:
            return route, _names(route.path, parts) or {}
    allowed = ", ".join(sorted({route.method for route in fitting}))
    raise ProblemError(Kind.METHOD, f"method must be of {allowed}")


def _names(template: str, parts: list[str]) -> dict[str, str] | None:
    wanted = _parts(template)
    if len(wanted) != len(parts):
        return None
    names: dict[str, str] = {}
    for want, part in zip(wanted, parts, strict=True):
        if want.startswith("{"):
            names[want[1:-1]] = unquote(part)
        elif want != part:
            return None
    return names


@lru_cache(maxsize=64)
def _parts(template: str) -> tuple[str, ...]:
    return tuple(template.split("/"))


def path_names(route: Route) -> list[str]:
    """Return the names in the route's path, in order."""
    return [part[1:-1] for part in _parts(route.path) if part.startswith("{")]


def encode_answer(answer: object) -> bytes:
    """Return the answer as JSON; numbers that are not finite become null."""
    return msgspec.json.encode(answer)
