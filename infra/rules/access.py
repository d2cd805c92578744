"""Rules about who may do what: listed actions, listed resources, named principals, a role a function."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from infra.rules.finding import Finding, Rule, listed
from tocsin.runtime.cloudformation.resolve import Stack

UNSCOPED_ACTIONS: Final = frozenset(
    {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ec2:UnassignPrivateIpAddresses",
    }
)
"""What Lambda asks of a role on every resource before it puts a function, or pollers of MSK, into a network."""

KEY: Final = "AWS::KMS::Key"
OWN_ACCOUNT: Final = frozenset({"aws:SourceAccount", "aws:PrincipalAccount", "aws:PrincipalOrgID"})


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement and where it stands.

    Attributes:
        resource: Logical id of the resource that holds its policy.
        kind: Type of that resource.
        body: The statement.
    """

    resource: str
    kind: str
    body: dict[str, Any]

    @property
    def allows(self) -> bool:
        return bool(self.body.get("Effect") == "Allow")


def _statements(stack: Stack) -> Iterator[_Statement]:
    """Yield every statement of every policy, wherever in a resource it stands."""
    for one in stack.resources.values():
        for statement in _statements_in(one.properties):
            yield _Statement(one.id, one.kind, statement)


def _statements_in(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  a template is plain data
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
        else:
            for inner in value.values():
                yield from _statements_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _statements_in(inner)


def no_wildcard_action(stack: Stack) -> Iterator[Finding]:
    """Every allowed action is written out."""
    for one in _statements(stack):
        if one.allows and "NotAction" in one.body:
            yield Finding(one.resource, "allows all actions but some (NotAction); list those that are needed")
        for action in listed(one.body.get("Action", [])):
            if one.allows and ("*" in action or "?" in action):
                yield Finding(one.resource, f"allows {action}; list the actions")


def no_wildcard_resource(stack: Stack) -> Iterator[Finding]:
    """Every allowed resource is named, at least up to a prefix of ours."""
    for one in _statements(stack):
        if not one.allows or (one.kind == KEY and _is_own_key(one)):
            continue
        if "NotResource" in one.body:
            yield Finding(one.resource, "allows on all resources but some (NotResource); list those that are needed")
        actions = set(listed(one.body.get("Action", [])))
        for resource in listed(one.body.get("Resource", [])):
            if is_too_wide(resource) and not (resource == "*" and actions <= UNSCOPED_ACTIONS):
                yield Finding(one.resource, f"allows {', '.join(sorted(actions))} on {resource}; name the resource")


def _is_own_key(one: _Statement) -> bool:
    # In the policy of a key, "*" is that key.
    return "Principal" in one.body and one.body.get("Resource") == "*"


def is_too_wide(resource: str) -> bool:
    """Tell whether a pattern of ARNs names nothing of its own before its first wildcard.

    >>> is_too_wide("arn:aws:s3:::bucket/*"), is_too_wide("arn:aws:s3:::bucket/plans/*")
    (True, False)
    >>> is_too_wide("arn:aws:dynamodb:eu-central-1:111122223333:table/*")
    True
    >>> is_too_wide("arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/tick:*")
    False
    """
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return True
    *head, name = parts
    if any("*" in part or "?" in part for part in head):
        return True
    if "*" not in name and "?" not in name:
        return False
    if head[2] == "s3":
        bucket, _, key = name.partition("/")
        return "*" in bucket or key[:1] in {"*", "?", ""}
    literal = name.replace("?", "*").partition("*")[0]
    return literal.rstrip("/:") in {"", "table", "stream", "function", "key", "log-group", "event-bus", "role", "topic"}


def no_public_principal(stack: Stack) -> Iterator[Finding]:
    """Nobody outside of the account is allowed anything."""
    for one in _statements(stack):
        principal = one.body.get("Principal")
        names = [name for names in principal.values() for name in listed(names)] if isinstance(principal, dict) else []
        if one.allows and (principal == "*" or "*" in names) and not _is_of_account(one):
            yield Finding(one.resource, "allows everybody (Principal *)")
        if one.allows and "NotPrincipal" in one.body:
            yield Finding(one.resource, "allows everybody but some (NotPrincipal)")


def _is_of_account(one: _Statement) -> bool:
    conditions = one.body.get("Condition") or {}
    return any(OWN_ACCOUNT & set(conditions.get(operator, ())) for operator in ("StringEquals", "ArnEquals"))


def role_of_its_own(stack: Stack) -> Iterator[Finding]:
    """Every function has a role that is written in the template and that nothing else has."""
    functions = stack.of_kind("AWS::Serverless::Function", "AWS::Lambda::Function")
    shared = Counter(one.properties.get("Role") for one in functions)
    for one in functions:
        role = one.properties.get("Role")
        if not role:
            yield Finding(one.id, "has no role of its own, so SAM makes one that nobody has read")
        elif shared[role] > 1:
            yield Finding(one.id, f"shares its role {role.rpartition('/')[2]}")


def no_managed_policies(stack: Stack) -> Iterator[Finding]:
    """No role has policies that AWS may widen."""
    for one in stack.of_kind("AWS::IAM::Role"):
        for arn in listed(one.properties.get("ManagedPolicyArns") or []):
            yield Finding(one.id, f"has the managed policy {arn}; list what is needed")


RULES: Final[tuple[Rule, ...]] = (
    no_wildcard_action,
    no_wildcard_resource,
    no_public_principal,
    role_of_its_own,
    no_managed_policies,
)
