"""The roles of a stack, each with what it was asked."""

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.core.ports import Backend
from tocsin.runtime.cloudformation.resolve import Stack
from tocsin.runtime.iam.deployment import Names, names_of, roles_of
from tocsin.runtime.iam.guard import Ledger, guarded


@dataclass(frozen=True, slots=True)
class Rights:
    """Every role of a stack, and what it was asked.

    Attributes:
        stack: The stack.
        ledgers: ARN of a role to its ledger.
    """

    stack: Stack
    ledgers: Mapping[str, Ledger]

    def backend_of(self, function: str, backend: Backend) -> Backend:
        """Return the ports with the rights of the function's role."""
        return guarded(backend, self.names_of(function), self.ledger_of(function))

    def names_of(self, function: str) -> Names:
        """Return the names by which the function knows what it uses."""
        return names_of(self.stack, self.stack.resources[function])

    def ledger_of(self, function: str) -> Ledger:
        """Return what the function's role was asked."""
        return self.ledgers[self.stack.resources[function].properties["Role"]]


def rights_of(stack: Stack, *, enforces: bool) -> Rights:
    """Return the rights of all roles, which were asked nothing yet."""
    return Rights(stack, {arn: Ledger(role, enforces) for arn, role in roles_of(stack).items()})
