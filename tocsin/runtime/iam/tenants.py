"""The role of tenants who read for themselves: what it must let through, and everything else it must not."""

from collections.abc import Iterator
from typing import Final

from tocsin.runtime.cloudformation.names import arn_of
from tocsin.runtime.cloudformation.resolve import Stack
from tocsin.runtime.iam.deployment import ROLE, key_arn, role_arn
from tocsin.runtime.iam.policy import Call

TENANT_ROLE: Final = "TenantRole"
TABLES: Final = ("WindowsTable", "AlertsTable", "DirectoryTable")
READS: Final = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
TAG: Final = "aws:PrincipalTag/tenant"
LEADING: Final = "dynamodb:LeadingKeys"


def tables_of(stack: Stack) -> list[str]:
    """Return the ARNs of the tables that tenants may read."""
    found = [stack.resources[name] for name in TABLES if name in stack.resources]
    names = [one.properties.get("TableName", f"{stack.place.stack}-{one.id}") for one in found]
    return [arn_of("AWS::DynamoDB::Table", name, stack.place) for name in names]


def read(table: str, action: str, tenant: str | None, keys: list[str] | None) -> Call:
    """Return the call of a session that reads items.

    Args:
        table: ARN of a table or an index.
        action: What it does.
        tenant: Tag of the session, or None for a session without one.
        keys: Partition keys that it asks for; None for a call that names none.
    """
    context: dict[str, list[str]] = {}
    if tenant is not None:
        context[TAG] = [tenant]
    if keys is not None:
        context[LEADING] = keys
    return Call(action, table, context)


def own_calls(stack: Stack, tenant: str = "acme") -> Iterator[tuple[str, Call]]:
    """Yield the role's ARN, and what a tenant does with it: reads its own items, which are encrypted."""
    role = next((one for one in stack.of_kind(ROLE) if one.id == TENANT_ROLE), None)
    if role is None:
        return
    arn = role_arn(stack, role)
    for table in tables_of(stack):
        for action in READS:
            yield arn, read(table, action, tenant, [f"T#{tenant}", f"T#{tenant}#D#pump-7"])
    key = key_arn(stack)
    if not key:
        return
    via = {"kms:ViaService": [f"dynamodb.{stack.place.region}.amazonaws.com"], TAG: [tenant]}
    yield arn, Call("kms:Decrypt", key, via)
