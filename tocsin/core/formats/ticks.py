"""Ticks as they travel on the log: JSON under the key ``TICK_KEY``; hashes are 128 bits, so they are text."""

from typing import Final

import msgspec

from tocsin.core.errors import DamagedError
from tocsin.core.keys import HASH_END
from tocsin.core.messages import Tick

_WHOLE_MAX: Final = (1 << 53) - 1
_HASH_DIGITS_MAX: Final = 39


class _Tick(msgspec.Struct, omit_defaults=True):
    tick_ms: int
    plan_hash: str
    hash_start: str
    hash_end: str
    shard: str = ""


_decode: Final = msgspec.json.Decoder(_Tick).decode


def encode_tick(tick: Tick) -> bytes:
    """Return the tick's bytes; equal ticks have equal bytes."""
    said = _Tick(tick.tick_ms, tick.plan_hash, str(tick.hash_start), str(tick.hash_end), tick.shard)
    return msgspec.json.encode(said)


def decode_tick(data: bytes) -> Tick:
    """Return the tick that ``encode_tick`` was given.

    Raises:
        DamagedError: The bytes are no tick, or one with an empty or impossible range of hashes.
    """
    try:
        said = _decode(data)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"tick cannot be read: {error}") from error
    hash_start, hash_end = _hash(said.hash_start), _hash(said.hash_end)
    if not (0 <= said.tick_ms <= _WHOLE_MAX and hash_start < hash_end):
        raise DamagedError(
            f"tick must have a time and a range of hashes, got {said.tick_ms}, {hash_start} to {hash_end}"
        )
    return Tick(said.tick_ms, said.plan_hash, hash_start, hash_end, said.shard)


def _hash(digits: str) -> int:
    fits = len(digits) <= _HASH_DIGITS_MAX and digits.isascii() and digits.isdecimal()
    if not fits or int(digits) > HASH_END:
        raise DamagedError(f"tick's hash must be a whole number in [0, 2^128], got {digits[:60]!r}")
    return int(digits)
