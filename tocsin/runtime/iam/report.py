"""What roles grant against what was called: both sides must be empty."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tocsin.runtime.iam.deployment import Role
from tocsin.runtime.iam.guard import Ledger
from tocsin.runtime.iam.patterns import is_action, is_arn_match


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A grant that nothing uses, or a call that nothing grants.

    Attributes:
        role: Logical id.
        action: E.g. ``s3:PutObject``.
        resource: ARN of the call, or pattern of the grant.
    """

    role: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.role}: {self.action} on {self.resource}"


@dataclass(frozen=True, slots=True)
class Report:
    """What was found.

    Attributes:
        unused: Granted, and not used.
        refused: Used, and not granted.
        calls: How many distinct calls were allowed.
        grants: How many pairs of action and resource the roles grant.
    """

    unused: tuple[Finding, ...]
    refused: tuple[Finding, ...]
    calls: int
    grants: int


def report_of(ledgers: Iterable[Ledger]) -> Report:
    """Return what the ledgers say of their roles."""
    books = list(ledgers)
    unused = sorted(finding for ledger in books for finding in _unused(ledger))
    refused = sorted(Finding(book.role.id, *call) for book in books for call in book.refused)
    grants = sum(1 for book in books for _ in grants_of(book.role))
    return Report(tuple(unused), tuple(refused), sum(len(book.used) for book in books), grants)


def grants_of(role: Role) -> Iterator[tuple[str, str]]:
    """Yield each pair of action and resource that the role grants, as its statements have them."""
    for statement in role.statements:
        if statement.allows:
            yield from ((action, resource) for action in statement.actions for resource in statement.resources)


def _unused(ledger: Ledger) -> Iterator[Finding]:
    for action, resource in grants_of(ledger.role):
        if not any(is_action(action, used) and is_arn_match(resource, on, {}) for used, on in ledger.used):
            yield Finding(ledger.role.id, action, resource)
