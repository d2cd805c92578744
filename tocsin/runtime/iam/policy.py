"""Policies as statements, and what they say of a call: an explicit denial first, then an allowance, else no."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tocsin.core.errors import ConfigError
from tocsin.runtime.iam.conditions import holds
from tocsin.runtime.iam.patterns import Context, is_action, is_arn_match


@dataclass(frozen=True, slots=True)
class Call:
    """What someone wants to do.

    Attributes:
        action: E.g. ``dynamodb:Query``.
        resource: ARN of what it is done to.
        context: Keys of conditions with their values.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy.

    Attributes:
        allows: Whether it allows or denies.
        actions: Patterns; where ``negated_actions``, of what it does not speak.
        resources: Patterns; where ``negated_resources``, of what it does not speak.
        conditions: Operator to key to wanted values.
        negated_actions: Whether it says ``NotAction``.
        negated_resources: Whether it says ``NotResource``.
        name: ``Sid``, else its place in the policy.
    """

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]
    negated_actions: bool = False
    negated_resources: bool = False
    name: str = ""

    def speaks_of(self, call: Call) -> bool:
        """Tell whether the call is one of those that the statement is about."""
        action = any(is_action(pattern, call.action) for pattern in self.actions)
        resource = any(is_arn_match(pattern, call.resource, call.context) for pattern in self.resources)
        return (
            action != self.negated_actions
            and resource != self.negated_resources
            and holds(self.conditions, call.context)
        )


class Verdict(StrEnum):
    """What policies say."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not allowed"
    DENIED = "denied"


def verdict(statements: Iterable[Statement], call: Call) -> Verdict:
    """Return what the statements say of the call.

    Source: IAM User Guide, "Policy evaluation logic": of identity-based policies within one account.
    """
    speaking = [statement for statement in statements if statement.speaks_of(call)]
    if any(not statement.allows for statement in speaking):
        return Verdict.DENIED
    return Verdict.ALLOWED if speaking else Verdict.NOT_ALLOWED


def statements_of(documents: Iterable[Mapping[str, Any]]) -> list[Statement]:
    """Return the statements of policy documents.

    Raises:
        ConfigError: A statement says neither what it is about nor whether it allows.
    """
    return [
        _statement(body, f"{number}.{place}")
        for number, document in enumerate(documents)
        for place, body in enumerate(_listed(document.get("Statement", [])))
    ]


def _statement(body: Mapping[str, Any], name: str) -> Statement:
    effect = body.get("Effect")
    has_action = "Action" in body or "NotAction" in body
    has_resource = "Resource" in body or "NotResource" in body
    if effect not in {"Allow", "Deny"} or not has_action or not has_resource:
        raise ConfigError(f"statement {body.get('Sid', name)} must have Effect, Action and Resource")
    return Statement(
        allows=effect == "Allow",
        actions=tuple(_listed(body.get("Action", body.get("NotAction")))),
        resources=tuple(_listed(body.get("Resource", body.get("NotResource")))),
        conditions=body.get("Condition") or {},
        negated_actions="NotAction" in body,
        negated_resources="NotResource" in body,
        name=str(body.get("Sid", name)),
    )


def _listed(value: Any) -> Sequence[Any]:  # noqa: ANN401  policies are plain data
    return value if isinstance(value, list) else [value]
