"""Shell patterns of ids, with ``*`` and ``?`` only: what one covers, and what two share."""

import re
from functools import lru_cache
from typing import Final

PATTERNS_MAX: Final = 4_096


def covers(outer: str, inner: str) -> bool:
    """Tell whether each id that matches ``inner`` is sure to match ``outer``.

    >>> covers("pump-*", "pump-7"), covers("pump-?", "pump-*")
    (True, False)
    """
    if outer in {inner, "*"}:
        return True
    return ("*" in outer or "?" in outer) and _as_cover(outer).fullmatch(inner) is not None


@lru_cache(maxsize=PATTERNS_MAX)
def _as_cover(outer: str) -> re.Pattern[str]:
    # A question mark of the outer pattern takes one character, so it cannot take the inner one's star.
    parts = {"*": ".*", "?": "[^*]"}
    return re.compile("".join(parts.get(character) or re.escape(character) for character in outer))


def overlap(first: str, second: str) -> bool:
    """Tell whether some id matches both patterns.

    Time grows with the product of the lengths.

    >>> overlap("temperature_*", "*_celsius"), overlap("flow_*", "*_celsius")
    (True, True)
    >>> overlap("temperature_celsius", "flow_*")
    False
    """
    reached = _after_stars({0}, second)
    for character in first:
        if character == "*":
            # It may take any number of the other pattern's characters.
            reached = set(range(min(reached), len(second) + 1)) if reached else reached
        else:
            reached = _after_stars(_after(character, reached, second), second)
    return len(second) in reached


def _after(character: str, places: set[int], pattern: str) -> set[int]:
    """Return the places reached from the given ones when both patterns take one common character."""
    reached = set()
    for place in places:
        if place < len(pattern):
            other = pattern[place]
            if other == "*":
                reached.add(place)
            elif "?" in {character, other} or character == other:
                reached.add(place + 1)
    return reached


def _after_stars(places: set[int], pattern: str) -> set[int]:
    """Return the places, and those behind a star that takes nothing."""
    reached = set(places)
    for place in range(min(places, default=len(pattern)), len(pattern)):
        if place in reached and pattern[place] == "*":
            reached.add(place + 1)
    return reached
