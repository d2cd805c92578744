"""A bug to plant: a small change to one file that breaks a promise."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug.

    Attributes:
        name: What the code does wrongly.
        file: Where, from the root of the repository.
        old: Text that stands there exactly once.
        new: What is written in its place.
        tests: Tests, beside the histories, that are asked next; first those that should know.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()
