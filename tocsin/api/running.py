"""Readings in, the pipeline's figures, and the simulation: what a deployment may have or not."""

from hashlib import sha256
from secrets import token_hex
from typing import Any, Final

from tocsin.api.asked import Asked, NewFault
from tocsin.api.problems import Kind, ProblemError, invalid, not_found
from tocsin.api.running_answers import Fault, PipelineFigures, Simulator, Taken
from tocsin.api.service import Call, Done, Service, SimulatorControl
from tocsin.core.plan.model import plan_hash

FAULT_DIGITS: Final = 12


def post_readings(service: Service, call: Call[Asked, bytes]) -> Taken:
    """Take a body of readings; answer with how many messages were accepted."""
    if not {"device", "gateway"} & call.caller.claims.keys():
        raise ProblemError(Kind.FORBIDDEN, "token must name a device or a gateway to post readings")
    if service.take_readings is None:
        raise ProblemError(Kind.UNAVAILABLE, "no readings are taken here", retry_after_s=60)
    return service.take_readings(call.caller, call.body)


def show_pipeline(service: Service, call: Call[Asked, None]) -> PipelineFigures:  # noqa: ARG001  the shape of a route
    """Answer with how the pipeline runs."""
    if service.pipeline is not None:
        return service.pipeline()
    return PipelineFigures(
        now_ms=service.now_ms(),
        uptime_s=0.0,
        version=service.version,
        plan_hash=plan_hash(service.plan()),
        mode=service.mode,
        rates=None,
        history=(),
        totals=None,
        rejected=(),
        decisions=(),
        stages=(),
        outbox=(),
    )


def show_simulator(service: Service, call: Call[Asked, None]) -> Simulator:
    """Answer with what is simulated."""
    return _simulator(service, call).figures()


def inject_fault(service: Service, call: Call[Asked, NewFault]) -> Done[Fault]:
    """Have a fault begin now; answer with it."""
    simulator = _simulator(service, call)
    key = sha256(f"{call.caller.subject}\n{call.key}".encode()).hexdigest() if call.key else token_hex()
    fault_id = f"i{key[:FAULT_DIGITS]}"
    before = {one.id: one for one in simulator.figures().faults}
    try:
        made = simulator.inject(call.body, fault_id)
    except ValueError as error:
        raise invalid("body", str(error)) from error
    if (known := before.get(fault_id)) and not _is_same(known, call.body):
        raise ProblemError(Kind.KEY_REUSED, "the idempotency key was used with another request")
    return Done(made, fault_id in before)


def _is_same(known: Fault, asked: NewFault) -> bool:
    return (known.kind, known.devices, known.metric) == (asked.kind, (asked.device,), asked.metric)


def _simulator(service: Service, call: Call[Any, Any]) -> SimulatorControl:
    """Return the simulation, which is its own tenant's alone."""
    if service.simulator is None or service.simulator.tenant != call.tenant:
        raise not_found("simulation here")
    return service.simulator
