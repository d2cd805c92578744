"""What the routes work with: ports, plan and clock, and what only some deployments have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeVar

from tocsin.api.answers import Answer, Mode
from tocsin.api.asked import Asked, NewFault
from tocsin.api.news import News
from tocsin.api.running_answers import Fault, PipelineFigures, Simulator, Taken
from tocsin.core.clock import NowMs, pause
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend

Q_co = TypeVar("Q_co", bound=Asked, covariant=True)
B_co = TypeVar("B_co", covariant=True)
A_co = TypeVar("A_co", bound=Answer, covariant=True)


class Role(StrEnum):
    """What a caller may do; an operator may all that a viewer may."""

    VIEWER = "viewer"
    OPERATOR = "operator"


ROLE_RANK: Final = {Role.VIEWER: 0, Role.OPERATOR: 1}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as their token vouches for.

    Attributes:
        tenant: Whose devices and alerts they see.
        subject: Who they are.
        role: What they may do, or None for devices and gateways, which only send.
        expires_ms: When the token ends, UTC epoch milliseconds.
        claims: All claims that are texts; ``device`` or ``gateway`` let one post readings.
    """

    tenant: str
    subject: str
    role: Role | None
    expires_ms: int
    claims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Call(Generic[Q_co, B_co]):
    """One call of a route.

    Attributes:
        caller: Who asks.
        path: Names in the path to their values.
        query: Parameters, as the route declares them.
        body: Body, as the route declares it.
        key: The idempotency key; empty where there is none.
    """

    caller: Caller
    path: Mapping[str, str]
    query: Q_co
    body: B_co
    key: str

    @property
    def tenant(self) -> str:
        """Whose data the call is about."""
        return self.caller.tenant


@dataclass(frozen=True, slots=True)
class Done(Generic[A_co]):
    """What came of a call that makes something.

    Attributes:
        answer: What was made.
        is_copy: Whether the idempotency key had made it before.
    """

    answer: A_co
    is_copy: bool


class SimulatorControl(Protocol):
    """A simulation that feeds the pipeline; called from any thread."""

    @property
    def tenant(self) -> str:
        """Owner of what is simulated."""
        ...

    def figures(self) -> Simulator:
        """Return how it stands."""
        ...

    def inject(self, fault: NewFault, fault_id: str) -> Fault:
        """Add a fault that begins now; the same id again changes nothing and returns the same fault.

        Raises:
            ValueError: The message says which rule the fault breaks.
        """
        ...


TakeReadings = Callable[[Caller, bytes], Taken]
"""Takes a body of readings; raises ``ProblemError`` where nothing of it is accepted."""


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes work with.

    Attributes:
        backend: The ports; read from any thread.
        news: Where news of alerts comes from.
        plan: Returns the plan in force.
        now_ms: The pipeline's clock.
        mode: Where it runs.
        version: Release.
        speed: How much faster than real time the clock goes.
        pause: Waits for seconds, between two looks of a long poll.
        wait_s_max: How long a long poll waits at most, whatever is asked for.
        take_readings: Where readings are posted to, or None where another function takes them.
        pipeline: Returns how the pipeline runs, or None where others know.
        simulator: What feeds the pipeline, or None.
    """

    backend: Backend
    news: News
    plan: Callable[[], Plan]
    now_ms: NowMs
    mode: Mode
    version: str
    speed: float = 1.0
    pause: Callable[[float], None] = pause
    wait_s_max: float = 25.0
    take_readings: TakeReadings | None = None
    pipeline: Callable[[], PipelineFigures] | None = None
    simulator: SimulatorControl | None = None
