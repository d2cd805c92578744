"""A small deployment with devices, windows and alerts of two tenants, and requests to its API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from tests.contract.specimens import STATS, TRANSITION
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.api.dispatch import Api, Reply, Request
from tocsin.api.news import FeedNews, News
from tocsin.api.ratelimit import Rates
from tocsin.api.service import Caller, Role, Service
from tocsin.core.clock import HOUR_MS, MINUTE_MS, VirtualClock
from tocsin.core.devices import ListedDevice, device_entry
from tocsin.core.messages import AlertRef, Decision, DecisionRecord, Phase, Severity, Transition
from tocsin.core.plan.model import DevicePlan, LimitsRule, MetricPlan, Plan, Window
from tocsin.core.ports import Backend, DirectoryEntry, WindowItem
from tocsin.core.silences import Silence

NOW_MS: Final = 1_795_428_000_000 + 30_000
NEWEST_MS: Final = 1_795_428_000_000 - MINUTE_MS
WINDOWS: Final = 60
PLAN: Final = Plan(
    metrics=(
        MetricPlan("flow_lpm", (Window(MINUTE_MS, MINUTE_MS), Window(HOUR_MS, HOUR_MS)), quantiles=(0.5,)),
        MetricPlan("*", (Window(MINUTE_MS, MINUTE_MS),)),
    ),
    rules=(LimitsRule(name="flow_low", metric="flow_lpm", below=150.0),),
    devices=(
        DevicePlan("pump-*", site="north", type="pump", gateway="north-gw"),
        DevicePlan("fan-*", site="south", type="fan"),
    ),
    silences=(Silence("nights", site="south", from_time="22:00", until_time="06:00", zone="UTC"),),
)
FINGERPRINT: Final = "00000000000000f1"


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply, read."""

    status: int
    headers: Mapping[str, str]
    content: Any


class Deployment:
    """The API over an embedded backend in memory."""

    def __init__(self, **service: Any) -> None:
        rates, plan = service.pop("rates", Rates()), service.pop("plan", PLAN)
        self.clock = VirtualClock(NOW_MS)
        self.embedded: Embedded = open_embedded(None, now_ms=self.clock.now_ms)
        self.backend = self.embedded.backend
        self.errors: list[Exception] = []
        self.service = Service(
            self.backend,
            service.pop("news", _feed_news)(self.backend),
            lambda: plan,
            self.clock.now_ms,
            service.pop("mode", "local"),
            "0",
            pause=self._pause,
            **service,
        )
        self.api = Api(self.service, _authorised, log_error=lambda _, error: self.errors.append(error), rates=rates)
        self.pauses: list[float] = []

    def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def ask(self, path: str, *, tenant: str = "acme", role: str = "operator", **request: Any) -> Answered:
        """Return the answer to a request, a GET unless it says otherwise."""
        return read(self.reply(path, tenant=tenant, role=role, **request))

    def reply(self, path: str, *, tenant: str = "acme", role: str = "operator", **request: Any) -> Reply:
        """Return the reply as it is sent."""
        place, _, query = path.partition("?")
        body = request.pop("body", b"")
        headers = request.pop("headers", {})
        return self.api.answer(
            Request(
                request.pop("method", "GET"),
                place,
                parse_qsl(query, keep_blank_values=True),
                headers,
                body if isinstance(body, bytes) else msgspec.json.encode(body),
                claims={"tenant": tenant, "role": role, "sub": "anna"},
                **request,
            )
        )

    def put_windows(self, device: str, values: Sequence[float | None], *, tenant: str = "acme", **window: Any) -> None:
        """Put one window a minute, the last one the newest; None leaves a gap."""
        begin_ms = NEWEST_MS - (len(values) - 1) * MINUTE_MS
        items = [
            WindowItem(
                tenant,
                device,
                MINUTE_MS,
                begin_ms + place * MINUTE_MS,
                window.get("revision", 0),
                {window.get("metric", "flow_lpm"): _stats(value)},
            )
            for place, value in enumerate(values)
            if value is not None
        ]
        self.backend.windows.put(items)
        listed = ListedDevice(device, NEWEST_MS, (window.get("metric", "flow_lpm"),))
        self.backend.directory.put([device_entry(tenant, listed)])

    def put_alert(self, *moves: Transition) -> None:
        """Put the moves, and list the alert as open while it fires."""
        self.backend.alerts.put(moves)
        for move in moves:
            data = msgspec.msgpack.encode(move) if move.phase is Phase.FIRING else None
            self.backend.directory.put([DirectoryEntry(move.tenant, f"OPEN#{move.fingerprint}", data)])
            ref = AlertRef(move.fingerprint, move.episode, move.number)
            record = DecisionRecord(move.tenant, move.device, ref, Decision.SENT, f"n{move.number}", move.at_ms)
            self.backend.decisions.put([record])


def _feed_news(backend: Backend) -> News:
    return FeedNews(backend.alerts.feed)


def _authorised(request: Request) -> Caller:
    claims = dict(request.claims or {})
    return Caller(claims["tenant"], claims["sub"], Role(claims["role"]), NOW_MS, claims)


def _stats(value: float) -> Any:
    return msgspec.structs.replace(
        STATS, mean=value, sum=3 * value, min=value - 1, max=value + 1, first=value - 0.5, last=value + 0.5
    )


def read(reply: Reply) -> Answered:
    return Answered(reply.status, reply.headers, msgspec.json.decode(reply.body))


def fired(number: int = 2, *, episode: int = 1, **changes: Any) -> Transition:
    """Return a move into firing, half an hour ago."""
    at_ms = changes.pop("at_ms", NOW_MS - 30 * MINUTE_MS)
    return replace(
        TRANSITION,
        **{"metric": "flow_lpm", "fingerprint": FINGERPRINT, "severity": Severity.WARNING, "unit": "l/min"} | changes,
        episode=episode,
        number=number,
        at_ms=at_ms,
        since_ms=at_ms - MINUTE_MS,
    )


def resolved(number: int = 3, **changes: Any) -> Transition:
    """Return a move out of firing, ten minutes ago."""
    at_ms = changes.pop("at_ms", NOW_MS - 10 * MINUTE_MS)
    return replace(fired(number, at_ms=at_ms, **changes), phase_from=Phase.FIRING, phase=Phase.RESOLVED)


def filled(**service: Any) -> Deployment:
    """Return a deployment with two pumps and a fan of one tenant, a pump of another, and two alerts."""
    made = Deployment(**service)
    made.put_windows("pump-7", [200.0 + place % 5 for place in range(WINDOWS)])
    made.put_windows("pump-8", [190.0] * 20 + [None] * 5 + [195.0] * 35)
    made.put_windows("fan-1", [3.5] * WINDOWS, metric="current_ampere")
    made.put_windows("pump-7", [999.0] * WINDOWS, tenant="other")
    made.put_alert(fired(device="pump-7"))
    made.put_alert(fired(device="fan-1", fingerprint="00000000000000f2", site="south", at_ms=NOW_MS - HOUR_MS))
    made.put_alert(resolved(device="fan-1", fingerprint="00000000000000f2", site="south"))
    made.put_alert(fired(tenant="other", fingerprint="00000000000000f3", severity=Severity.CRITICAL))
    return made
