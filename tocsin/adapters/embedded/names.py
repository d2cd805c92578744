"""Names in order: where those with a prefix end."""

from typing import Final

LAST_CHARACTER: Final = "\U0010ffff"


def prefix_end(prefix: str) -> str:
    """Return a text after all names with the prefix and before all later ones.

    It is the prefix and the last character there is, which no name of ours holds.

    >>> "OPEN#" <= "OPEN#f00d" < prefix_end("OPEN#") < "OPEO"
    True
    """
    return prefix + LAST_CHARACTER
