"""Event patterns: which events a filter lets through.

Source: Amazon EventBridge User Guide, "Comparison operators for use in event patterns"; AWS Lambda Developer
Guide, "Control which events Lambda sends to your function", "Filter rule syntax".
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any, Final

import msgspec

from tocsin.core.errors import ConfigError

ABSENT: Final = object()
"""Stands for a field that the event does not have."""

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OPERATORS: Final = frozenset(
    {"prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists", "cidr"}
)


def parse_pattern(text: str) -> dict[str, Any]:
    """Return the pattern of its JSON text.

    Raises:
        ConfigError: It is no pattern; the message says where and why.
    """
    try:
        pattern = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise ConfigError(f"filter pattern must be JSON, got {text[:80]!r}: {error}") from error
    if not isinstance(pattern, dict):
        raise ConfigError(f"filter pattern must be an object, got {text[:80]!r}")
    _check(pattern, "pattern")
    return pattern


def matches(pattern: Mapping[str, Any], event: object) -> bool:
    """Tell whether the event has all that the pattern asks for.

    >>> matches({"kind": ["pump", "fan"], "level": [{"numeric": [">", 3]}]}, {"kind": "pump", "level": 4})
    True
    """
    if isinstance(event, list):  # an array of objects matches if one of them does
        return any(matches(pattern, one) for one in event)
    if event is not ABSENT and not isinstance(event, dict):
        return False
    return all(_member_matches(name, wanted, event) for name, wanted in pattern.items())


def _member_matches(name: str, wanted: Any, event: object) -> bool:  # noqa: ANN401  any JSON
    if name == "$or":
        return any(matches(one, event) for one in wanted)
    value = event.get(name, ABSENT) if isinstance(event, dict) else ABSENT
    if isinstance(wanted, dict):
        return matches(wanted, value)
    return any(_rule_matches(rule, value) for rule in wanted)


def _rule_matches(rule: Any, value: object) -> bool:  # noqa: ANN401  any JSON
    if isinstance(rule, dict) and "exists" in rule:
        return rule["exists"] is (value is not ABSENT and not isinstance(value, dict))
    if value is ABSENT or isinstance(value, dict):
        return False
    if isinstance(value, list) and value:
        return any(_rule_matches(rule, one) for one in value)
    if isinstance(rule, dict):
        (name, wanted), *_ = rule.items()
        return _compare(name, wanted, value)
    return _same(rule, value)


def _compare(name: str, wanted: Any, value: object) -> bool:  # noqa: ANN401  any JSON
    if name == "anything-but":
        return not _is_excepted(wanted, value)
    if name == "numeric":
        return _in_range(wanted, value)
    return isinstance(value, str) and _text_matches(name, wanted, value)


def _text_matches(name: str, wanted: Any, value: str) -> bool:  # noqa: ANN401  any JSON
    if isinstance(wanted, dict):  # prefix and suffix may ignore the case
        return _text_matches(name, wanted["equals-ignore-case"].lower(), value.lower())
    return TEXT_COMPARISONS[name](value, wanted)


def _is_like(value: str, wildcard: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, wildcard.split("*"))), value, re.DOTALL) is not None


def _is_in_network(value: str, network: str) -> bool:
    try:
        return ip_address(value) in ip_network(network)
    except ValueError:
        return False


TEXT_COMPARISONS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "equals-ignore-case": lambda value, wanted: value.lower() == wanted.lower(),
    "wildcard": _is_like,
    "cidr": _is_in_network,
}


def _is_excepted(wanted: Any, value: object) -> bool:  # noqa: ANN401  any JSON
    if isinstance(wanted, dict):
        (name, texts), *_ = wanted.items()
        listed = texts if isinstance(texts, list) else [texts]
        return isinstance(value, str) and any(_text_matches(name, text, value) for text in listed)
    return any(_same(one, value) for one in (wanted if isinstance(wanted, list) else [wanted]))


def _in_range(wanted: Sequence[Any], value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return all(
        COMPARISONS[comparison](value, bound) for comparison, bound in zip(wanted[::2], wanted[1::2], strict=True)
    )


def _same(rule: object, value: object) -> bool:
    """Tell whether both are the same JSON; to Python, true equals 1."""
    return rule == value and isinstance(rule, bool) is isinstance(value, bool)


def _check(pattern: Mapping[str, Any], where: str) -> None:
    """Raise for what is no pattern.

    Raises:
        ConfigError: A leaf is no list, or an operator is not known.
    """
    for name, wanted in pattern.items():
        here = f"{where}.{name}"
        if isinstance(wanted, dict):
            _check(wanted, here)
        elif not isinstance(wanted, list) or not wanted:
            raise ConfigError(f"{here} must be an object or a list of rules, got {wanted!r}")
        elif name == "$or":
            for one in wanted:
                _check(one, here)
        else:
            for rule in wanted:
                _check_rule(rule, here)


def _check_rule(rule: object, where: str) -> None:
    if isinstance(rule, list):
        raise ConfigError(f"{where} must not hold lists within its list")
    if not isinstance(rule, dict):
        return
    if len(rule) != 1 or not rule.keys() <= OPERATORS:
        raise ConfigError(f"{where} must use one of {', '.join(sorted(OPERATORS))}, got {', '.join(map(str, rule))}")
    bounds = rule.get("numeric", ["=", 0])
    is_range = isinstance(bounds, list) and len(bounds) in {2, 4} and all(one in COMPARISONS for one in bounds[::2])
    if not is_range or not all(isinstance(one, int | float) for one in bounds[1::2]):
        raise ConfigError(f"{where}: numeric must be pairs of a comparison and a number, got {bounds!r}")
