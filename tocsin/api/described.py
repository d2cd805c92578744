"""Docstrings of types as descriptions in their schemas: the first part of the type, each attribute of its field."""

import re
from inspect import cleandoc
from typing import Any, Final

import msgspec

ATTRIBUTES: Final = "Attributes:"
FIELD: Final = re.compile(r"^    (\w+): (.*)$")


def describe(schema: dict[str, Any]) -> None:
    """Move what a schema's description says of its fields to these, in place; ``literal`` marks become plain."""
    text, _, attributes = cleandoc(schema.get("description", "")).partition(ATTRIBUTES)
    if not text:
        return
    schema["description"] = _plain(text)
    name = ""
    for line in attributes.splitlines():
        if found := FIELD.match(line):
            name, words = found.groups()
            _add(schema, name, words)
        elif name and line.strip():
            _add(schema, name, line)


def inherit(schemas: dict[str, Any], kinds: type[msgspec.Struct]) -> None:
    """Describe fields that a type has of its base as the base does, in place, for all types below ``kinds``."""
    for kind in kinds.__subclasses__():
        own, base = schemas.get(kind.__name__), schemas.get(kinds.__name__)
        for name, about in (own or {}).get("properties", {}).items():
            words = (base or {}).get("properties", {}).get(name, {}).get("description")
            if words and "description" not in about:
                about["description"] = words
        inherit(schemas, kind)


def _add(schema: dict[str, Any], name: str, words: str) -> None:
    """Say more of the field; beside a reference to another type that is allowed since OpenAPI 3.1."""
    about = schema.get("properties", {}).get(name)
    if about is not None:
        before = about.get("description", "")
        about["description"] = _plain(f"{before}{'' if not before or before.endswith('.') else '.'} {words}")


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())
