"""Patterns of policies: ``*`` and ``?``, and variables such as ``${aws:PrincipalTag/tenant}``."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

Context = Mapping[str, Sequence[str]]
"""Key of a condition to its values; a key that is absent has no entry, and one without values an empty one."""

_VARIABLE: Final = re.compile(r"\$\{(?P<name>[^}]*)\}")
ARN_PARTS: Final = 6
_ESCAPES: Final = {"*": "*", "?": "?", "$": "$"}
_WILD: Final = re.compile(r"[*?]")


def regex_of(pattern: str, context: Context, *, wild: bool = True) -> re.Pattern[str] | None:
    """Return what the pattern matches, or None where one of its variables has no single value.

    What a variable stands for is taken literally: a tag with the value ``*`` is a star, and no wildcard.

    Args:
        pattern: As the policy has it.
        context: Of the request; names are matched without regard to case.
        wild: Whether ``*`` and ``?`` are wildcards.
    """
    parts: list[str] = []
    end = 0
    for match in _VARIABLE.finditer(pattern):
        parts.append(_literal(pattern[end : match.start()], wild=wild))
        value = _value_of(match["name"], context)
        if value is None:
            return None
        parts.append(re.escape(value))
        end = match.end()
    parts.append(_literal(pattern[end:], wild=wild))
    return _compiled("".join(parts))


@lru_cache(maxsize=4_096)
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL)


def _literal(text: str, *, wild: bool) -> str:
    escaped = re.escape(text)
    return escaped.replace(r"\*", ".*").replace(r"\?", ".") if wild else escaped


def _value_of(name: str, context: Context) -> str | None:
    """Return what a variable stands for: the one value of the key, else its default, else None."""
    if name in _ESCAPES:
        return _ESCAPES[name]
    key, _, default = name.partition(",")
    values = values_of(key.strip(), context)
    if values is not None and len(values) == 1:
        return values[0]
    stripped = default.strip()
    return stripped[1:-1] if len(stripped) >= 2 and stripped[0] == stripped[-1] == "'" else None


def values_of(key: str, context: Context) -> Sequence[str] | None:
    """Return the values of a key, whose name has no case; None where it is absent."""
    if key in context:
        return context[key]
    wanted = key.lower()
    return next((values for name, values in context.items() if name.lower() == wanted), None)


def is_match(pattern: str, text: str, context: Context, *, wild: bool = True) -> bool:
    """Tell whether the pattern, with its variables, matches the whole text."""
    regex = regex_of(pattern, context, wild=wild)
    return regex is not None and regex.fullmatch(text) is not None


def is_action(pattern: str, action: str) -> bool:
    """Tell whether the pattern of actions matches; actions have no case.

    >>> is_action("s3:get*", "s3:GetObject"), is_action("s3:Get?bject", "s3:PutObject")
    (True, False)
    """
    return _compiled(_literal(pattern.lower(), wild=True)).fullmatch(action.lower()) is not None


def is_arn_match(pattern: str, arn: str, context: Context) -> bool:
    """Tell whether the pattern of ARNs matches: part by part, as a wildcard does not reach over a colon.

    The last part is what the service names the resource by, and may hold colons.
    """
    if pattern == "*":
        return True
    ours, theirs = _parts(pattern), arn.split(":", ARN_PARTS - 1)
    agree = (is_match(one, other, context) for one, other in zip(ours, theirs, strict=False))
    return len(ours) == len(theirs) and all(agree)


def _parts(pattern: str) -> list[str]:
    """Return the parts of the pattern; colons within variables join nothing."""
    hidden = _VARIABLE.sub(lambda match: match[0].replace(":", "\0"), pattern)
    return [part.replace("\0", ":") for part in hidden.split(":", ARN_PARTS - 1)]
