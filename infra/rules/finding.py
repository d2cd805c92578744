"""What a rule finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tocsin.runtime.cloudformation.resolve import Stack


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A resource that breaks a rule.

    Attributes:
        resource: Its logical id.
        message: The rule and the value, one line.
    """

    resource: str
    message: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.message}"


Rule = Callable[[Stack], Iterator[Finding]]


def listed(value: Any) -> list[Any]:  # noqa: ANN401  policies are plain data
    """Return the value as a list: policies write a list of one as the one."""
    return value if isinstance(value, list) else [value]
