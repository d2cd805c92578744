"""Conditions of policies: operators, ``IfExists``, ``ForAllValues`` and ``ForAnyValue``, ``Null``.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multi-valued keys".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tocsin.core.errors import ConfigError
from tocsin.runtime.iam.patterns import Context, is_arn_match, is_match, values_of

Test = Callable[[str, str, Context], bool]
"""(what the policy has, what the request has, context) to whether they agree."""

IF_EXISTS: Final = "IfExists"
FOR_ALL: Final = "ForAllValues:"
FOR_ANY: Final = "ForAnyValue:"
NULL: Final = "Null"


def _text(wanted: str, found: str, context: Context) -> bool:
    return is_match(wanted, found, context, wild=False)


def _text_without_case(wanted: str, found: str, context: Context) -> bool:
    return _text(wanted.lower(), found.lower(), context)


def _like(wanted: str, found: str, context: Context) -> bool:
    return is_match(wanted, found, context)


def _flag(wanted: str, found: str, context: Context) -> bool:  # noqa: ARG001  the shape of a test
    return wanted.lower() == found.lower()


def _number(compare: Callable[[float, float], bool]) -> Test:
    def test(wanted: str, found: str, context: Context) -> bool:  # noqa: ARG001  the shape of a test
        try:
            return compare(float(found), float(wanted))
        except ValueError:
            return False

    return test


_TESTS: Final[Mapping[str, Test]] = {
    "StringEquals": _text,
    "StringEqualsIgnoreCase": _text_without_case,
    "StringLike": _like,
    "ArnEquals": is_arn_match,  # IAM treats it as ArnLike
    "ArnLike": is_arn_match,
    "Bool": _flag,
    "NumericEquals": _number(lambda found, wanted: found == wanted),
    "NumericLessThan": _number(lambda found, wanted: found < wanted),
    "NumericLessThanEquals": _number(lambda found, wanted: found <= wanted),
    "NumericGreaterThan": _number(lambda found, wanted: found > wanted),
    "NumericGreaterThanEquals": _number(lambda found, wanted: found >= wanted),
}
_NEGATED: Final[Mapping[str, str]] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
}


def holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Tell whether all conditions hold: every operator, and of each every key.

    Raises:
        ConfigError: An operator is not known, so nothing may be concluded.
    """
    return all(
        _key_holds(operator, values_of(key, context), _texts(wanted), context)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _texts(wanted: object) -> list[str]:
    """Return what the policy has as texts: YAML and JSON may say true or 3 without quotes."""
    values = wanted if isinstance(wanted, list) else [wanted]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


def _key_holds(operator: str, found: Sequence[str] | None, wanted: Sequence[str], context: Context) -> bool:
    """Tell whether one key is as the policy has it; one of several wanted values is enough."""
    if operator == NULL:
        return any((not found) == (value.lower() == "true") for value in wanted)
    plain = operator.removeprefix(FOR_ALL).removeprefix(FOR_ANY)
    base = plain.removesuffix(IF_EXISTS)
    negated = base in _NEGATED
    test = _TESTS.get(_NEGATED.get(base, base))
    if test is None:
        raise ConfigError(f"operator {operator} of a policy is not known here")
    # A key that is absent: nothing speaks against "all of none", nor against "is not".
    if not found:
        return operator.startswith(FOR_ALL) or (
            not operator.startswith(FOR_ANY) and (negated or plain.endswith(IF_EXISTS))
        )
    agrees = [any(test(value, one, context) for value in wanted) != negated for one in found]
    # A key with several values and no set operator: all must agree where the policy says "not", else one.
    every = operator.startswith(FOR_ALL) or (negated and not operator.startswith(FOR_ANY))
    return all(agrees) if every else any(agrees)
