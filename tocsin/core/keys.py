"""Partition keys and key groups.

A partition key is ``tenant#device``. Its MD5 decides the shard (as Kinesis does) and the key
group, so a shard owns whole groups, but for those that lie across a shard border.
"""

import re
from functools import lru_cache
from hashlib import md5
from typing import Final

ID_PATTERN: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What a tenant, a device and a metric may be called; ``#`` cannot be injected."""

TICK_KEY: Final = "!tick"
"""Partition key of ticks; no tenant can have it, as ``!`` is in no id."""

HASH_BITS: Final = 128
HASH_END: Final = 1 << HASH_BITS
KEY_CACHE_MAX: Final = 1 << 17


def is_id(text: str) -> bool:
    """Tell whether the text may name a tenant, a device or a metric."""
    return ID_PATTERN.fullmatch(text) is not None


def partition_key(tenant: str, device: str) -> str:
    """Return the key under which all readings of the device travel."""
    return f"{tenant}#{device}"


def split_key(key: str) -> tuple[str, str]:
    """Return (tenant, device) of a partition key.

    Raises:
        ValueError: The key is not two ids joined by ``#``.
    """
    tenant, mark, device = key.partition("#")
    if not (mark and is_id(tenant) and is_id(device)):
        raise ValueError(f"partition key must be tenant#device, got {key[:140]!r}")
    return tenant, device


@lru_cache(maxsize=KEY_CACHE_MAX)
def key_hash(key: str) -> int:
    """Return the 128-bit number that places the key: the MD5 of its UTF-8 bytes, big end first."""
    return int.from_bytes(md5(key.encode(), usedforsecurity=False).digest(), "big")


def group_of(key: str, groups: int) -> int:
    """Return the key group in ``[0, groups)``: the first bits of the key's hash.

    Args:
        key: Partition key.
        groups: Number of groups, a power of two.
    """
    return key_hash(key) * groups >> HASH_BITS


def groups_between(hash_start: int, hash_end: int, groups: int) -> range:
    """Return the groups that have keys hashed into ``[hash_start, hash_end)``."""
    return range(hash_start * groups >> HASH_BITS, ((hash_end - 1) * groups >> HASH_BITS) + 1)
