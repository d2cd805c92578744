"""Parameters of a template, held to what it says of them: CloudFormation refuses others before it makes anything."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tocsin.core.errors import ConfigError


def parameter_values(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return name to value of each parameter.

    Args:
        declared: Name to what the template says of it.
        given: Name to value of those that are given.

    Raises:
        ConfigError: One is unknown, has no value, or one that the template does not allow.
    """
    values = {name: given.get(name, body.get("Default")) for name, body in declared.items()}
    problems = [f"{name} is no parameter of the template" for name in sorted(set(given) - set(declared))]
    problems += [f"parameter {name} has no value" for name, value in values.items() if value is None]
    for name in given:
        problems += _wrongs(name, declared[name], str(given[name])) if name in declared else ()
    if problems:
        raise ConfigError("; ".join(problems))
    return values


def _wrongs(name: str, body: Mapping[str, Any], value: str) -> Iterator[str]:
    allowed = [str(one) for one in body.get("AllowedValues", ())]
    if allowed and value not in allowed:
        yield f"{name} must be one of {', '.join(allowed)}, got {value!r}"
    elif body.get("Type") == "Number":
        yield from _wrong_numbers(name, body, value)
    elif not re.fullmatch(body.get("AllowedPattern", "(?s).*"), value):
        yield f"{name} must match {body['AllowedPattern']}, got {value!r}"


def _wrong_numbers(name: str, body: Mapping[str, Any], value: str) -> Iterator[str]:
    try:
        number = float(value)
    except ValueError:
        yield f"{name} must be a number, got {value!r}"
        return
    if not body.get("MinValue", number) <= number <= body.get("MaxValue", number):
        bounds = " and ".join(
            f"{words} {body[key]}" for key, words in (("MinValue", "at least"), ("MaxValue", "at most")) if key in body
        )
        yield f"{name} must be {bounds}, got {value}"
