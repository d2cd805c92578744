"""Keys of the tables, sorted as text.

``T#<tenant>`` and ``T#<tenant>#…`` begin the partition key of all that a tenant may reach, so a policy can hold a
role to them.
"""

from typing import Final

from tocsin.adapters.aws.attributes import Value, text
from tocsin.core.ports import StateKey

START_DIGITS: Final = 15
BEFORE_1970: Final = 10**START_DIGITS
REVISION_DIGITS: Final = 6
LAST_CHARACTER: Final = "\U0010ffff"


BLOBS_PREFIX: Final = "blobs/"
"""Begins the keys of blobs, so that states in the same bucket, and what the platform writes there, are apart."""

PLATFORM_PREFIX: Final = "aws/lambda/"
"""Begins the keys under which Lambda itself writes what a mapping gave up; these are read as they are."""


def object_key(name: str) -> str:
    """Return the key of the blob's object.

    >>> object_key("late/x"), object_key("aws/lambda/mapping/shard")
    ('blobs/late/x', 'aws/lambda/mapping/shard')
    """
    return name if name.startswith(PLATFORM_PREFIX) else BLOBS_PREFIX + name


def tenant_key(tenant: str) -> str:
    """Return the ``pk`` of a tenant's lists and actions.

    >>> tenant_key("acme")
    'T#acme'
    """
    return f"T#{tenant}"


def device_key(tenant: str, device: str) -> str:
    """Return the ``pk`` of a device's windows and transitions.

    >>> device_key("acme", "pump-7")
    'T#acme#D#pump-7'
    """
    return f"T#{tenant}#D#{device}"


def decisions_key(tenant: str) -> str:
    """Return the ``pk`` of the decisions about a tenant's transitions; they are apart from its lists."""
    return f"T#{tenant}#DEC"


def windows_prefix(size_ms: int) -> str:
    """Return how the ``sk`` of all windows of a size begins."""
    return f"W#{size_ms}#"


def start_text(start_ms: int) -> str:
    """Return the start of a window as text that sorts like the number, also before 1970.

    >>> start_text(1_795_428_000_000), start_text(-60_000) < start_text(-1) < start_text(0)
    ('001795428000000', True)
    """
    if start_ms >= 0:
        return f"{min(start_ms, BEFORE_1970 - 1):0{START_DIGITS}d}"
    return f"-{max(0, BEFORE_1970 + start_ms):0{START_DIGITS}d}"


def state_key(key: StateKey) -> dict[str, Value]:
    """Return the key of a group's state.

    >>> state_key(StateKey(1, 7, "processors"))
    {'pk': {'S': 'G#1#7'}, 'sk': {'S': 'processors'}}
    """
    return {"pk": text(f"G#{key.generation}#{key.group}"), "sk": text(key.stage)}
