"""Links: nothing that comes from outside may become one in a reader's program."""

import re
from typing import Final

_SCHEME: Final = re.compile(r":(?=//)|(?<=mailto):|(?<=javascript):|(?<=tel):(?=[+0-9])", re.IGNORECASE)
_DOMAIN: Final = re.compile(r"(?<=[A-Za-z0-9])\.(?=[A-Za-z]{2,24}(?![A-Za-z0-9_]))")


def unlinked(text: str) -> str:
    """Return the text with all that a reader's program would make a link taken apart; input must lead nowhere.

    >>> unlinked("pump at https://evil.example/x, see www.evil.com")
    'pump at https[:]//evil[.]example/x, see www[.]evil[.]com'
    """
    return _DOMAIN.sub("[.]", _SCHEME.sub("[:]", text))
