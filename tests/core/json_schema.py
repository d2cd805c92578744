"""As much of JSON Schema (draft 2020-12) as the plan's schema uses; anything else fails loudly."""

import re
from collections.abc import Callable
from typing import Any, Final

import yaml

TYPES: Final[dict[str, Any]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
TALK: Final = {"$schema", "title", "description", "default"}


class _Yaml12(yaml.SafeLoader):
    """Reads as editors do: only true and false are flags, and instants are texts."""


_Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[-1] in {"int", "float", "null"}]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])


def as_editors_read(text: str) -> Any:
    """Return the plain data of the YAML text."""
    return yaml.load(text, _Yaml12)  # noqa: S506  # a subclass of the safe loader


def is_valid(value: Any, schema: dict[str, Any]) -> bool:
    """Tell whether the value obeys the schema."""
    return all(_obeys(value, word, rule, schema) for word, rule in schema.items() if word not in TALK)


def _obeys(value: Any, word: str, rule: Any, schema: dict[str, Any]) -> bool:
    checks: dict[str, Callable[[], bool]] = {
        "type": lambda: isinstance(value, TYPES[rule]) and not (isinstance(value, bool) and rule != "boolean"),
        "enum": lambda: value in rule,
        "const": lambda: value == rule,
        "pattern": lambda: not isinstance(value, str) or re.search(rule, value) is not None,
        "minimum": lambda: not isinstance(value, int | float) or value >= rule,
        "maximum": lambda: not isinstance(value, int | float) or value <= rule,
        "minItems": lambda: not isinstance(value, list) or len(value) >= rule,
        "maxItems": lambda: not isinstance(value, list) or len(value) <= rule,
        "uniqueItems": lambda: not isinstance(value, list) or len(set(map(str, value))) == len(value),
        "items": lambda: not isinstance(value, list) or all(is_valid(item, rule) for item in value),
        "anyOf": lambda: any(is_valid(value, one) for one in rule),
        "required": lambda: not isinstance(value, dict) or all(key in value for key in rule),
        "properties": lambda: (
            not isinstance(value, dict) or all(is_valid(value[key], rule[key]) for key in rule if key in value)
        ),
        "additionalProperties": lambda: (
            rule or not isinstance(value, dict) or set(value) <= set(schema.get("properties", {}))
        ),
    }
    return checks[word]()
