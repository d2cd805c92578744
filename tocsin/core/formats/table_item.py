"""Items of a table as the low-level API takes them: a key, readable attributes, and the whole in one of them."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from tocsin.core.errors import DamagedError

Attributes = dict[str, dict[str, Any]]
"""DynamoDB's attribute map: name to type letter to value; numbers are decimal strings."""


def whole_of(item: Mapping[str, Any], attribute: str, *, what: str) -> bytes:
    """Return the bytes of the attribute that holds the whole; as bytes, or in base64 as events carry them.

    Args:
        item: An item.
        attribute: Which attribute holds the whole.
        what: What the item should be, for the error.

    Raises:
        DamagedError: There is no such attribute, or it cannot be read.
    """
    try:
        data = item[attribute]["B"]
        return b64decode(data, validate=True) if isinstance(data, str) else memoryview(data).tobytes()
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"{what} has no readable {attribute}: {error!r}") from error


def insist_on_key(item: Mapping[str, Any], key: Attributes, *, what: str) -> None:
    """Raise unless the item lies under the key that its content has.

    Raises:
        DamagedError: It lies under another.
    """
    if any(item.get(name) != value for name, value in key.items()):
        raise DamagedError(f"{what} of {key['pk']['S']} {key['sk']['S']} lies under another key")
