"""Templates of a receiver's own, in sandboxed Jinja2; what they make is escaped by the channel afterwards.

Jinja is imported where a plan has a template, and nowhere else: it costs a cold start 60 ms.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from tocsin.core.errors import ConfigError

if TYPE_CHECKING:
    from jinja2 import Template

RENDERED_MAX: Final = 20_000
"""Characters of a text that a template makes."""

NAMES: Final = ("id", "number", "tenant", "subject", "text", "at", "group", "left", "count")
"""What templates know, besides the attributes of the notification."""


def rendered(source: str, values: dict[str, Any]) -> str:
    """Return what the template makes of the values.

    Raises:
        ConfigError: The template is wrong, or does what the sandbox forbids.
    """
    from jinja2 import TemplateError  # noqa: PLC0415  see above

    try:
        return "".join(_bounded(_template(source), values))
    except (TemplateError, TypeError, ValueError, ArithmeticError, AttributeError, LookupError, MemoryError) as error:
        raise ConfigError(f"template fails: {type(error).__name__}: {str(error)[:200]}") from error


def _bounded(template: "Template", values: dict[str, Any]) -> list[str]:
    parts: list[str] = []
    left = RENDERED_MAX
    for part in template.generate(values):
        parts.append(part[:left])
        left -= len(part)
        if left <= 0:
            break
    return parts


FILTERS: Final = (
    *("upper", "lower", "capitalize", "title", "replace", "trim", "truncate", "wordwrap", "default", "d"),
    *("length", "first", "last", "join", "int", "float", "round", "select", "reject"),
)
"""What templates may use of Jinja's filters: none that makes much of little."""


@lru_cache(maxsize=256)
def _template(source: str) -> "Template":
    from jinja2 import StrictUndefined  # noqa: PLC0415  see above
    from jinja2.exceptions import SecurityError  # noqa: PLC0415  see above
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415  see above

    class Sandbox(ImmutableSandboxedEnvironment):
        """Forbids what would make a short template fill the memory: texts times numbers, and padding."""

        intercepted_binops = frozenset({"*", "**", "%"})

        def call_binop(self, context: object, operator: str, left: object, right: object) -> object:  # noqa: ARG002
            raise SecurityError(f"operator {operator} must not be used")

    environment = Sandbox(undefined=StrictUndefined, autoescape=False)  # each channel escapes in its own way
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    return environment.from_string(source)
