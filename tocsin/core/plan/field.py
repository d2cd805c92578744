"""One key of a plan's YAML form: how it is written, what it means, what it may be."""

import math
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["duration", "integer", "number", "numbers", "text", "flag", "choice", "choices", "names", "windows"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a text must look like.

    Attributes:
        regex: Regular expression that the whole text matches, as Python and JSON Schema read it alike.
        words: The same for people.
    """

    regex: str
    words: str


ID: Final = Shape(r"[A-Za-z0-9_.-]{1,64}", "1 to 64 letters, digits, _ . or -")
PATTERN: Final = Shape(r"[A-Za-z0-9_.*?-]{1,64}", "1 to 64 letters, digits, _ . - or the wildcards * and ?")
LABEL: Final = Shape(r"[^\x00-\x1f\x7f#]{1,64}", "1 to 64 characters without # or line breaks")
INSTANT: Final = Shape(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})", "like 2026-11-23T22:00:00Z"
)
END_PATTERN: Final = Shape(
    r"\*|\*?[A-Za-z0-9_.-]{1,63}|[A-Za-z0-9_.-]{1,63}\*", "1 to 64 letters, digits, _ . or -, with * at one end or none"
)
END_LABEL: Final = Shape(
    r"\*|\*?[^\x00-\x1f\x7f#*]{1,63}|[^\x00-\x1f\x7f#*]{1,63}\*",
    "1 to 64 characters without # or line breaks, with * at one end or none",
)
URL: Final = Shape(r"https?://[!-~]{1,500}", "a URL that begins with https:// or http://")
TEMPLATE: Final = Shape(r"[^\x00-\x08\x0b-\x1f\x7f]{1,4000}", "1 to 4000 characters")
TIME: Final = Shape(r"([01][0-9]|2[0-3]):[0-5][0-9]", "a time of day such as 22:00")
ZONE: Final = Shape(r"[A-Za-z0-9_+/-]{1,64}", "a time zone such as Europe/Berlin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key of the YAML form.

    Attributes:
        key: As it is written in YAML.
        attribute: Its name in the model.
        kind: How its value is written.
        says: What it means, for editors and the manual.
        low: Smallest number, or milliseconds of the shortest duration.
        high: Largest number, or milliseconds of the longest duration.
        choices: The accepted words.
        shape: What the text must look like.
        derived: Whether it follows from the rest of the plan where it is not written.
    """

    key: str
    attribute: str
    kind: Kind
    says: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    shape: Shape | None = None
    derived: bool = False


def duration(key: str, low_ms: int, high_ms: int, says: str, *, attribute: str = "") -> Field:
    """Return a key whose value is a duration with its unit."""
    name = attribute or f"{key}_ms"
    return Field(key=key, attribute=name, kind="duration", says=says, low=low_ms, high=high_ms)


def integer(key: str, low: int, high: int, says: str) -> Field:
    """Return a key whose value is a whole number."""
    return Field(key=key, attribute=key, kind="integer", says=says, low=low, high=high)


def number(key: str, says: str, *, low: float = -math.inf, high: float = math.inf) -> Field:
    """Return a key whose value is a finite number."""
    return Field(key=key, attribute=key, kind="number", says=says, low=low, high=high)


def text(key: str, shape: Shape, says: str, *, attribute: str = "") -> Field:
    """Return a key whose value is a text of the shape."""
    return Field(key=key, attribute=attribute or key, kind="text", says=says, shape=shape)


def choice(key: str, choices: tuple[str, ...], says: str) -> Field:
    """Return a key whose value is one of the words."""
    return Field(key=key, attribute=key, kind="choice", says=says, choices=choices)


def names(key: str, says: str) -> Field:
    """Return a key whose value is a list of names that all differ."""
    return Field(key=key, attribute=key, kind="names", says=says, shape=ID)
