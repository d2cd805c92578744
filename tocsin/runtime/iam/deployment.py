"""The roles of a stack, and the names by which its functions know what they use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tocsin.runtime.cloudformation.names import arn_of
from tocsin.runtime.cloudformation.resolve import Resource, Stack
from tocsin.runtime.iam.policy import Call, Statement, statements_of

FUNCTION: Final = "AWS::Serverless::Function"
ROLE: Final = "AWS::IAM::Role"
KEY: Final = "AWS::KMS::Key"


@dataclass(frozen=True, slots=True)
class Role:
    """A role of a stack.

    Attributes:
        id: Logical id.
        statements: Of all its policies.
    """

    id: str
    statements: tuple[Statement, ...]


def roles_of(stack: Stack) -> dict[str, Role]:
    """Return ARN to role, for each role of the stack.

    Raises:
        ConfigError: A policy cannot be read.
    """
    return {role_arn(stack, one): Role(one.id, _statements(one)) for one in stack.of_kind(ROLE)}


def role_arn(stack: Stack, role: Resource) -> str:
    """Return the role's ARN."""
    name = role.properties.get("RoleName", f"{stack.place.stack}-{role.id}")
    return arn_of(ROLE, name, stack.place)


def _statements(role: Resource) -> tuple[Statement, ...]:
    return tuple(statements_of(policy["PolicyDocument"] for policy in role.properties.get("Policies", ())))


@dataclass(frozen=True, slots=True)
class Names:
    """ARNs of what one function uses, by its variables.

    Attributes:
        stack: Where it stands.
        variables: Of its environment.
        key: ARN of the key that everything is encrypted with; empty where AWS keeps the keys, and asks nobody.
    """

    stack: Stack
    variables: Mapping[str, str]
    key: str

    def stream(self, variable: str) -> str:
        """Return the ARN of the stream that the variable names."""
        return arn_of("AWS::Kinesis::Stream", self.variables[variable], self.stack.place)

    def table(self, variable: str) -> str:
        """Return the ARN of the table that the variable names."""
        return arn_of("AWS::DynamoDB::Table", self.variables[variable], self.stack.place)

    def bucket(self, variable: str) -> str:
        """Return the ARN of the bucket that the variable names."""
        return arn_of("AWS::S3::Bucket", self.variables[variable], self.stack.place)

    def key_calls(self, *actions: str) -> Iterator[Call]:
        """Yield what is asked of the key; nothing where it is none of the stack's."""
        yield from (Call(action, self.key) for action in actions if self.key)

    @property
    def topic(self) -> str:
        """ARN of the topic of notifications."""
        return self.variables["TOCSIN_TOPIC_ARN"]

    @property
    def bus(self) -> str | None:
        """ARN of the bus of transitions, or None where the function has none."""
        name = self.variables.get("TOCSIN_BUS")
        return arn_of("AWS::Events::EventBus", name, self.stack.place) if name else None


def names_of(stack: Stack, function: Resource) -> Names:
    """Return the names of a function."""
    variables: Mapping[str, Any] = function.properties.get("Environment", {}).get("Variables", {})
    return Names(stack, {name: str(value) for name, value in variables.items()}, key_arn(stack))


def key_arn(stack: Stack) -> str:
    """Return the ARN of the stack's own key, empty where it has none."""
    keys = stack.of_kind(KEY)
    return arn_of(KEY, f"{stack.place.stack}-{keys[0].id}", stack.place) if keys else ""
