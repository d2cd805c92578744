"""The entry of a Lambda function: built from its environment at cold start, then called with what comes.

Inside of Lambda all is built while the module is imported: that is the time that a snapshot (SnapStart) saves, and
a wrong deployment shows before anything is taken. Elsewhere nothing is built before the first call.

A snapshot is restored many times, so nothing that is built may hold what must differ: chance comes from the
operating system, connections are closed before the snapshot and opened anew by the first request after it, and
whoever draws from Python's own generator gets another seed in each copy. What the first call would load is loaded
before.
"""

import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom, seed
from typing import Any, Final, Protocol, runtime_checkable

from tocsin.adapters.aws.open import Aws, open_aws
from tocsin.adapters.aws.settings import from_environment
from tocsin.adapters.snapshot import around_snapshot
from tocsin.adapters.telemetry import emit_metrics, fact_logger, told, where
from tocsin.core.errors import ConfigError, UnavailableError
from tocsin.core.plan.book import PlanBook, plan_blob
from tocsin.core.plan.model import Plan, decode_plan
from tocsin.core.ports import Backend

PLAN_VARIABLE: Final = "TOCSIN_PLAN"
ROOT_VARIABLE: Final = "LAMBDA_TASK_ROOT"
FUNCTION_VARIABLE: Final = "AWS_LAMBDA_FUNCTION_NAME"
HANDLER_VARIABLE: Final = "_HANDLER"
"""Where Lambda says which handler it calls, as ``module.name``."""

NAMESPACE_VARIABLE: Final = "POWERTOOLS_METRICS_NAMESPACE"
NAMESPACE: Final = "Tocsin"
PLAN_FILE: Final = "plan.json"
"""The compiled plan, beside the code: packaging puts it there."""

LEAST_MS: Final = 1_500
"""With less left of an invocation than this, nothing is begun: it would be cut off half done."""


class Measured(Protocol):
    """A handler that says what its last call did."""

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """Return the answer to the event."""
        ...

    def measures(self) -> Mapping[str, float]:
        """Return what the last call did: name of a metric to its value."""
        ...


@runtime_checkable
class Prepares(Protocol):
    """A handler of which something is loaded by its first call that a snapshot may as well hold."""

    def prepare(self) -> None:
        """Load it."""
        ...


Make = Callable[[Backend, PlanBook], Measured]


class CallFailedError(Exception):
    """A call failed; the message says where and why, and nothing of what came."""


@dataclass(frozen=True, slots=True)
class _Built:
    """What a cold start makes."""

    aws: Aws
    handler: Measured


class Entry:
    """What Lambda calls.

    Args:
        stage: Name of the stage, as in logs and metrics.
        needs: The parts of a backend that it uses (``tocsin.adapters.aws.settings.PARTS``).
        make: Builds the handler on ports and plans.
        environment: What to build from.
    """

    def __init__(
        self,
        stage: str,
        needs: Collection[str],
        make: Make,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._stage: Final = stage
        self._needs: Final = needs
        self._make: Final = make
        self._environment: Final = environment
        self._logger: Final = fact_logger(stage)
        self._namespace: Final = environment.get(NAMESPACE_VARIABLE, NAMESPACE)
        self._built: _Built | None = self._build() if _is_called(make, environment) else None
        if self._built is not None:
            around_snapshot(self._before_snapshot, self._after_restore)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401  Lambda's own class
        """Return the handler's answer, and tell what was done.

        Raises:
            CallFailedError: The call failed; all of it comes again.
        """
        request = getattr(context, "aws_request_id", "")
        try:  # whatever is raised, Lambda would log it with all that it quotes
            built = self._ready(context)
            answer = built.handler(event, context)
        except Exception as error:
            place = where(sys.exc_info()[2])
            self._logger.error("call failed", error=told(error), where=place, request=request)  # noqa: TRY400
            raise CallFailedError(f"{self._stage}: {told(error)} at {place}") from None
        emit_metrics(self._stage, built.handler.measures(), self._namespace)
        return answer

    def _before_snapshot(self) -> None:
        if self._built is not None:
            if isinstance(self._built.handler, Prepares):
                self._built.handler.prepare()
            self._built.aws.disconnect()

    def _after_restore(self) -> None:
        seed()
        if self._built is not None:
            self._built.aws.disconnect()  # what was opened between the hook and the snapshot is dead by now

    def _ready(self, context: Any) -> _Built:  # noqa: ANN401  Lambda's own class
        """Return what was built, once nothing will be retried beyond the time that is left.

        Raises:
            UnavailableError: Too little time is left to begin.
        """
        if self._built is None:
            self._built = self._build()
        remaining_ms = context.get_remaining_time_in_millis()
        if remaining_ms < LEAST_MS:
            raise UnavailableError(f"{remaining_ms} ms are too few to begin, at least {LEAST_MS} are needed")
        self._built.aws.begin(remaining_ms)
        return self._built

    def _build(self) -> _Built:
        settings = from_environment(self._environment, needs=self._needs)
        plan = load_plan(self._environment)
        aws = open_aws(settings, random=SystemRandom())
        blobs = aws.backend.blobs
        plans = PlanBook(plan, lambda named: blobs.get(plan_blob(named)))
        return _Built(aws, self._make(aws.backend, plans))


def _is_called(make: Make, environment: Mapping[str, str]) -> bool:
    """Tell whether this is Lambda, and the handler that it calls is of the module that makes it.

    A handler of two stages imports those of each, and they must not be built besides.
    """
    module = environment.get(HANDLER_VARIABLE, "").rpartition(".")[0]
    return FUNCTION_VARIABLE in environment and module in {"", make.__module__}


def load_plan(environment: Mapping[str, str]) -> Plan:
    """Return the compiled plan that the environment names, else the one beside the code.

    Raises:
        ConfigError: There is none, or it is no plan of this release.
    """
    path = Path(environment.get(PLAN_VARIABLE) or Path(environment.get(ROOT_VARIABLE, ".")) / PLAN_FILE)
    try:
        document = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"compiled plan {path} cannot be read: {error.strerror}") from error
    return decode_plan(document)
