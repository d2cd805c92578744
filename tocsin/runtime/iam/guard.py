"""Ports that ask a role before each call: what the template does not grant does not happen, here as on AWS."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, Final, cast

from tocsin.core.errors import ConfigError
from tocsin.core.ports import Backend
from tocsin.runtime.iam.calls import AFTER, BEFORE
from tocsin.runtime.iam.deployment import Names, Role
from tocsin.runtime.iam.policy import Call, Verdict, verdict

CALLS_MAX: Final = 100_000
"""Most distinct calls that are remembered of a role."""


class AccessDeniedError(ConfigError):
    """A role does not allow what was called: the deployment is wrong."""


@dataclass(slots=True)
class Ledger:
    """What a role was asked.

    Attributes:
        role: The role.
        enforces: Whether a call that is not allowed raises; else it is only noted.
        used: Action and resource of each call that was allowed.
        refused: The same of those that were not, with what the policies said.
    """

    role: Role
    enforces: bool = True
    used: set[tuple[str, str]] = field(default_factory=set)
    refused: dict[tuple[str, str], Verdict] = field(default_factory=dict)

    def ask(self, calls: Iterable[Call]) -> None:
        """Note the calls.

        Raises:
            AccessDeniedError: One is not allowed, and this enforces.
        """
        for call in calls:
            key = (call.action, call.resource)
            if key in self.used and not call.context:
                continue
            said = verdict(self.role.statements, call)
            if said is Verdict.ALLOWED:
                if len(self.used) < CALLS_MAX:
                    self.used.add(key)
                continue
            self.refused[key] = said
            if self.enforces:
                raise AccessDeniedError(f"{self.role.id}: {call.action} on {call.resource} is {said}")


class _Guarded:
    """A port whose methods ask first; one of which it is not known what it calls is refused."""

    def __init__(self, part: str, port: object, names: Names, ledger: Ledger) -> None:
        self._part = part
        self._port = port
        self._names = names
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the port has
        found = getattr(self._port, name)
        return partial(self._call, name, found) if callable(found) else found

    def _call(self, name: str, method: Callable[..., Any], *args: Any, **how: Any) -> Any:  # noqa: ANN401  as the port
        key = (self._part, name)
        if key not in BEFORE:
            raise AccessDeniedError(f"{self._ledger.role.id}: nobody knows what {self._part}.{name} calls")
        try:
            self._ledger.ask(BEFORE[key](self._names, *args, **how))
        except KeyError as error:
            raise AccessDeniedError(
                f"{self._ledger.role.id}: {self._part}.{name} is called, and {error} does not name where that is"
            ) from error
        found = method(*args, **how)
        if key in AFTER:
            self._ledger.ask(AFTER[key](self._names, *args, found))
        return found


def guarded(backend: Backend, names: Names, ledger: Ledger) -> Backend:
    """Return the ports, each asking the role first."""
    parts = {part.name: _Guarded(part.name, getattr(backend, part.name), names, ledger) for part in fields(backend)}
    return Backend(**cast("Any", parts))
