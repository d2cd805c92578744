"""Runs the pipeline, each function with the rights of its own role, and has it do what it does seldom as well."""

import json
from dataclasses import replace
from typing import Any, Final

import msgspec

from alerts.handler import make_handler as make_alerts
from anomaly.handler import make_handler as make_anomaly
from ingest.archive import make_handler as make_archive
from ingest.handler import make_handler as make_ingest
from ingest.tick import make_handler as make_tick
from processors.handler import make_handler as make_processors
from simulator.scenario_model import Scenario
from tocsin.api.handler import ApiHandler
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.formats.http_event import PAYLOAD_VERSION
from tocsin.core.plan.book import PlanBook, plan_blob, publish_plan
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend, LogRecord, StateKey, StateWrite, StoredRecord
from tocsin.runtime.cloudformation.resolve import Stack
from tocsin.runtime.events import kinesis_event_of
from tocsin.runtime.handed_on import HandedOn
from tocsin.runtime.iam.calls import STATE_ITEM_BYTES
from tocsin.runtime.iam.guard import Ledger
from tocsin.runtime.iam.platform import platform_calls
from tocsin.runtime.iam.rights import Rights, rights_of
from tocsin.runtime.iam.seldom import deliver, take_from_everywhere
from tocsin.runtime.iam.tenants import own_calls
from tocsin.runtime.mapping import Context, Handler
from tocsin.runtime.play import Play
from tocsin.runtime.stages import Stages

INGEST_QUEUE: Final = "IngestQueueFunction"
INGEST_HTTP: Final = "IngestHttpFunction"
API: Final = "ApiFunction"
ARCHIVE: Final = "ArchiveFunction"
STATEFUL: Final = {"processors": "ProcessorsFunction", "anomaly": "AnomalyFunction", "alerts": "AlertsFunction"}
"""Stage to the logical id of its function, where panes have a log."""

TICK: Final = "TickFunction"
DELIVERY: Final = "DeliveryFunction"
OTHER_GENERATION: Final = 999_999
"""Where states are written that nobody folds."""

STEP_MS: Final = MINUTE_MS


def exercise(stack: Stack, scenario: Scenario, plan: Plan, *, seed: int = 1, enforces: bool = False) -> list[Ledger]:
    """Return what each role was asked: by AWS itself, by the scenario, and by what happens seldom.

    Args:
        stack: With the roles.
        scenario: What is played.
        plan: What the pipeline does.
        seed: Which run of the scenario.
        enforces: Whether a refused call fails, as on AWS; else all of them are found.

    Raises:
        AccessDeniedError: A call was refused, and this enforces.
    """
    rights = rights_of(stack, enforces=enforces)
    for arn, call in [*platform_calls(stack), *own_calls(stack)]:
        rights.ledgers[arn].ask([call])
    # Functions begin with another plan than ticks name, so each must fetch the one in force.
    older = _older(plan)

    def stages(backend: Backend, plans: PlanBook) -> Stages:
        return _stages(rights, backend, plans, older)

    with Play(scenario, plan, seed=seed, stages=stages) as play:
        for _ in play.frames(STEP_MS):
            pass
        _do_seldom(rights, play, scenario, plan)
    return list(rights.ledgers.values())


def _older(plan: Plan) -> Plan:
    """Return a plan that differs, and in nothing that state depends on."""
    return msgspec.structs.replace(
        plan, grouping=msgspec.structs.replace(plan.grouping, interval_ms=plan.grouping.interval_ms + MINUTE_MS)
    )


def _stateful(stack: Stack) -> dict[str, str]:
    """Return stage to the logical id of its function; where panes have no log, that of the readings judges them."""
    return {stage: one if one in stack.resources else STATEFUL["processors"] for stage, one in STATEFUL.items()}


def _stages(rights: Rights, backend: Backend, plans: PlanBook, older: Plan) -> Stages:
    """Return the handlers, each on ports with the rights of its function."""
    ports = {stage: rights.backend_of(function, backend) for stage, function in _stateful(rights.stack).items()}
    anomaly = make_anomaly(ports["anomaly"], _book(older, ports["anomaly"]))
    if STATEFUL["anomaly"] not in rights.stack.resources:
        ports["processors"] = replace(ports["processors"], panes=HandedOn(anomaly.judge))
    ticking = rights.backend_of(TICK, backend)
    publish_plan(plans.first, ticking.blobs)
    return Stages(
        ingest=make_ingest(rights.backend_of(INGEST_QUEUE, backend), plans),
        tick=make_tick(ticking, plans),
        processors=make_processors(ports["processors"], _book(older, ports["processors"])),
        anomaly=anomaly,
        alerts=make_alerts(ports["alerts"], _book(older, ports["alerts"])),
    )


def _book(first: Plan, ports: Backend) -> PlanBook:
    return PlanBook(first, lambda named: ports.blobs.get(plan_blob(named)))


def _do_seldom(rights: Rights, play: Play, scenario: Scenario, plan: Plan) -> None:
    """Have bad input, late readings, large states, requests and queries pass."""
    backend, now_ms = play.embedded.backend, play.now_ms()
    backend.gateway.send(["this is no message"])
    key = f"{scenario.tenant}#late-device"
    backend.readings.put([LogRecord(key, _message(now_ms)), LogRecord(key, b"this is no message")])
    play.pipeline.run_due()
    backend.readings.put([LogRecord(key, _message(now_ms - HOUR_MS))])
    if STATEFUL["anomaly"] in rights.stack.resources:
        backend.panes.put([LogRecord("1.0", b"these are no panes")])
    play.pipeline.run_due()
    take_from_everywhere(rights, backend, plan, now_ms)
    deliver(rights, backend, plan, now_ms)
    for stage, function in {**_stateful(rights.stack), "delivery": DELIVERY}.items():
        large = StateWrite(StateKey(OTHER_GENERATION, 0, stage), bytes(STATE_ITEM_BYTES + 1), "")
        rights.backend_of(function, backend).state.commit([large])
    came = StoredRecord("shardId-000000000000", "1", key, _message(now_ms), now_ms)
    make_archive(rights.backend_of(ARCHIVE, backend), PlanBook(plan))(kinesis_event_of("readings")([came]), None)
    if INGEST_HTTP in rights.stack.resources:
        _ask_over_http(rights, backend, scenario, plan, now_ms)


def _ask_over_http(rights: Rights, backend: Backend, scenario: Scenario, plan: Plan, now_ms: int) -> None:
    plans = PlanBook(plan)
    ingest = make_ingest(rights.backend_of(INGEST_HTTP, backend), plans)
    for body in (_message(now_ms).decode(), "this is no message"):
        _request(ingest, scenario.tenant, "POST", "/readings", now_ms, body=body)
    api = ApiHandler(rights.backend_of(API, backend), plans, now_ms=lambda: now_ms)
    tenant = scenario.tenant
    device, *_ = _request(api, tenant, "GET", "/v1/devices", now_ms)["items"]
    name = device["device"]
    metric, *_ = _request(api, tenant, "GET", f"/v1/devices/{name}", now_ms)["metrics"]
    asked = f"device={name}&metric={metric['metric']}&from_ms={now_ms - HOUR_MS}&until_ms={now_ms}"
    _request(api, tenant, "GET", "/v1/series", now_ms, query=asked)
    for alert in _request(api, tenant, "GET", "/v1/alerts", now_ms)["items"][:1]:
        _request(api, tenant, "GET", f"/v1/alerts/{alert['id']}", now_ms)
        done = json.dumps({"kind": "note", "text": "looked at"})
        _request(api, tenant, "POST", f"/v1/alerts/{alert['id']}/actions", now_ms, body=done)


def _request(
    handler: Handler, tenant: str, method: str, path: str, now_ms: int, *, query: str = "", body: str = ""
) -> Any:  # noqa: ANN401  JSON
    """Return what the handler answers to a request with a token of an operator who is also a gateway."""
    claims = {"tenant": tenant, "role": "operator", "sub": "iam-check", "gateway": "iam-check"}
    event = {
        "version": PAYLOAD_VERSION,
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json", "idempotency-key": "iam-check"},
        "requestContext": {
            "authorizer": {"jwt": {"claims": claims}},
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1"},
            "requestId": "iam-check",
            "stage": "$default",
            "timeEpoch": now_ms,
        },
        "body": body,
        "isBase64Encoded": False,
    }
    answer = handler(event, Context("iam-check", "iam-check"))
    return json.loads(answer["body"])


def _message(at_ms: int) -> bytes:
    return json.dumps({"device": "late-device", "ts": at_ms, "metrics": {"level_percent": 50}}).encode()
