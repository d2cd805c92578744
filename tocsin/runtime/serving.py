"""The query API over a pipeline that runs in this process."""

from base64 import b64encode
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from secrets import token_bytes, token_hex
from threading import Event, Lock
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from ingest.handler import make_handler as make_ingest
from tocsin.adapters.embedded.open import open_embedded
from tocsin.api.answers import Mode
from tocsin.api.assets import Assets
from tocsin.api.dispatch import Api, LogError, Request
from tocsin.api.news import FeedNews
from tocsin.api.problems import Broken, Kind, ProblemError
from tocsin.api.ratelimit import Rates
from tocsin.api.running_answers import Taken
from tocsin.api.server import ApiServer
from tocsin.api.service import Caller, Role, Service, SimulatorControl, TakeReadings
from tocsin.api.tokens import TokenRules, caller_of_token, issue_token
from tocsin.core.clock import DAY_MS, NowMs
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend
from tocsin.runtime.figures import Figures
from tocsin.runtime.host import Host
from tocsin.runtime.pipeline import Pipeline

HOST: Final = "127.0.0.1"
TOKEN_LASTS_MS: Final = 30 * DAY_MS
BEARER: Final = "bearer "


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """How a deployment in this process is served.

    Attributes:
        mode: What the page is told.
        host: Address to listen at.
        port: Port to listen at; 0 for a free one.
        tenant: For whom the printed address speaks.
        rules: What tokens must be like; None for a key of this process alone.
        speed: How much faster than real time the clock goes.
        rates: What each caller may ask for; None for what is usual.
        wait_s_max: How long a long poll waits at most.
        origins: Of pages elsewhere that may ask.
    """

    mode: Mode
    tenant: str
    host: str = HOST
    port: int = 0
    rules: TokenRules | None = None
    speed: float = 1.0
    rates: Rates | None = None
    wait_s_max: float = 25.0
    origins: frozenset[str] = frozenset()


class Serving:
    """Serves the pipeline until it is closed; use it in a ``with`` statement.

    Attributes:
        address: Where, as a URL without a path.
        page: The same with a token that the page keeps: for the person who started it.
        token: That token; empty where the keys are somebody else's.
    """

    def __init__(
        self,
        embedded: Host,
        pipeline: Pipeline,
        now_ms: NowMs,
        settings: ServingSettings,
        *,
        log_error: LogError,
        file: Path | None = None,
        simulator: SimulatorControl | None = None,
        takes_readings: bool = True,
    ) -> None:
        """Begin to serve.

        Args:
            embedded: The open backend.
            pipeline: What runs on it.
            now_ms: Its clock.
            settings: How it is served.
            log_error: Told of errors that nobody foresaw.
            file: Where the backend is; readers get a connection of their own to it. None for memory.
            simulator: What feeds the pipeline, if something simulated does.
            takes_readings: Whether readings may be posted.

        Raises:
            ConfigError: The address cannot be had.
        """
        rules = settings.rules or TokenRules(token_bytes(32))
        self._closing = Event()
        self._tell_error = log_error
        self._figures = Figures(pipeline, now_ms, version=version("tocsin"), mode=settings.mode)
        with ExitStack() as opening:
            backend = _reading(embedded, file, now_ms, opening)
            service = self._service(backend, pipeline, now_ms, settings)
            taker = readings_taker(pipeline, now_ms) if takes_readings else None
            service = replace(service, take_readings=taker, simulator=simulator)
            server = self._opened_server(service, settings, rules)
            opening.callback(server.close)
            self._opened = opening.pop_all()
        self.address = server.address
        self.token = "" if rules.algorithm != "HS256" else _own_token(settings.tenant, rules)
        self.page = f"{self.address}/#token={self.token}" if self.token else f"{self.address}/"

    def _service(self, backend: Backend, pipeline: Pipeline, now_ms: NowMs, settings: ServingSettings) -> Service:
        return Service(
            backend=backend,
            news=FeedNews(backend.alerts.feed),
            plan=lambda: pipeline.plan,
            now_ms=now_ms,
            mode=settings.mode,
            version=version("tocsin"),
            speed=settings.speed,
            pause=self._pause,
            wait_s_max=settings.wait_s_max,
            pipeline=self._figures.answer,
        )

    def _opened_server(self, service: Service, settings: ServingSettings, rules: TokenRules) -> ApiServer:
        def authorise(request: Request) -> Caller:
            return authorised(request, rules)

        api = Api(service, authorise, log_error=self._log_error, rates=settings.rates)
        return ApiServer(api, Assets(), host=settings.host, port=settings.port, origins=settings.origins)

    def observe(self) -> None:
        """Take figures; called by the thread that runs the pipeline, in every round."""
        self._figures.observe()

    def close(self) -> None:
        """End, and whoever waits with it; the pipeline and its backend stay as they are."""
        self._closing.set()
        self._opened.close()

    def _pause(self, seconds: float) -> None:
        """Wait between two looks of a long poll, unless all ends.

        Raises:
            ProblemError: The server is closing.
        """
        if self._closing.wait(seconds):
            raise ProblemError(Kind.UNAVAILABLE, "the server is closing", retry_after_s=1.0)

    def _log_error(self, where: str, error: Exception) -> None:
        if not self._closing.is_set():  # what is asked while all ends has no answer, and that is no error
            self._tell_error(where, error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _own_token(tenant: str, rules: TokenRules) -> str:
    claims = {"tenant": tenant, "sub": "local", "role": Role.OPERATOR.value, "gateway": "local"}
    return issue_token(rules, claims, lasts_ms=TOKEN_LASTS_MS)


def _reading(embedded: Host, file: Path | None, now_ms: NowMs, opening: ExitStack) -> Backend:
    """Return the ports, where what takes long to read does not hold up the pipeline."""
    if file is None:
        return embedded.backend
    beside = opening.enter_context(open_embedded(file, now_ms=now_ms, read_only=True)).backend
    return replace(embedded.backend, windows=beside.windows, directory=beside.directory, decisions=beside.decisions)


def authorised(request: Request, rules: TokenRules) -> Caller:
    """Return who asks, by the token of the request.

    Raises:
        ProblemError: There is none, or it breaks a rule.
    """
    header = request.headers.get("authorization", "")
    if not header.lower().startswith(BEARER):
        raise ProblemError(Kind.UNAUTHORISED, "header Authorization must be: Bearer, then a token")
    return caller_of_token(header[len(BEARER) :].strip(), rules)


def readings_taker(pipeline: Pipeline, now_ms: NowMs) -> TakeReadings:
    """Return what takes bodies of readings by the handler of ingest, as the function in front of the log does."""
    handler = make_ingest(pipeline.backend, PlanBook(pipeline.plan))
    taking = Lock()

    def take(caller: Caller, body: bytes) -> Taken:
        context = {
            "http": {"method": "POST"},
            "requestId": token_hex(16),
            "timeEpoch": now_ms(),
            "authorizer": {"jwt": {"claims": dict(caller.claims)}},
        }
        event = {
            "version": "2.0",
            "requestContext": context,
            "body": b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        with taking:
            answer = handler(event, None)
        return _taken(answer["statusCode"], msgspec.json.decode(answer["body"]))

    return take


def _taken(status: int, content: dict[str, Any]) -> Taken:
    if status == 202:
        return Taken(content["accepted"], content["rejected"], content["reasons"])
    if status == 400:
        errors = [Broken("body", rule) for rule in content.get("details", ())]
        raise ProblemError(Kind.INVALID, content["detail"], errors=errors)
    if status == 401:
        raise ProblemError(Kind.FORBIDDEN, content["detail"])
    raise ProblemError(Kind.UNAVAILABLE, content["detail"], retry_after_s=1.0)
