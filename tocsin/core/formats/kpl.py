"""Records that the Kinesis Producer Library packs into one: four magic bytes, a protocol buffer, its MD5.

Source: Amazon Kinesis Producer Library, "KPL Aggregated Record Format" (aggregation-format.md).

    AggregatedRecord = 1: repeated string partition keys, 2: repeated string explicit hash keys, 3: repeated Record
    Record           = 1: place of its partition key, 2: place of its explicit hash key, 3: bytes, 4: tags
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import Final

from tocsin.core.errors import DamagedError

MAGIC: Final = b"\xf3\x89\x9a\xc2"
DIGEST_BYTES: Final = 16
VARINT_BYTES_MAX: Final = 10
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES: Final = {_FIXED64: 8, _FIXED32: 4}


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A record as its producer gave it to the library.

    Attributes:
        partition_key: Its own; that of the record around it may be another's.
        data: Its payload.
        hash_key: Explicit hash in ``[0, 2**128)`` that decides its shard, or None.
    """

    partition_key: str
    data: bytes
    hash_key: int | None = None


def aggregated(records: Sequence[UserRecord]) -> bytes:
    """Return one record's data that holds all the records, in order."""
    keys = list(dict.fromkeys(record.partition_key for record in records))
    hashes = list(dict.fromkeys(str(record.hash_key) for record in records if record.hash_key is not None))
    body = b"".join(
        [
            *(_field(1, key.encode()) for key in keys),
            *(_field(2, key.encode()) for key in hashes),
            *(_field(3, _record(record, keys, hashes)) for record in records),
        ]
    )
    return MAGIC + body + _digest(body)


def deaggregated(data: bytes) -> list[UserRecord] | None:
    """Return the records within the data, in order, or None where it is an ordinary record.

    It is ordinary unless it begins with the magic bytes and ends with the digest of what is between: so the
    library itself decides.

    Raises:
        DamagedError: The digest is right and the content is not.
    """
    body, digest = data[len(MAGIC) : -DIGEST_BYTES], data[-DIGEST_BYTES:]
    if not data.startswith(MAGIC) or len(data) <= len(MAGIC) + DIGEST_BYTES or digest != _digest(body):
        return None
    keys: list[str] = []
    hashes: list[str] = []
    parts: list[bytes] = []
    for number, value in _fields(body):
        if number in {1, 2, 3} and not isinstance(value, bytes):
            raise DamagedError(f"aggregated record's field {number} must be bytes, got a number")
        if isinstance(value, bytes) and number == 3:
            parts.append(value)
        elif isinstance(value, bytes) and number in {1, 2}:
            (keys if number == 1 else hashes).append(_text(value))
    return [_user_record(part, keys, hashes) for part in parts]


def _user_record(part: bytes, keys: Sequence[str], hashes: Sequence[str]) -> UserRecord:
    found = dict(_fields(part))
    key, data, hash_place = found.get(1), found.get(3), found.get(2)
    if not isinstance(key, int) or not isinstance(data, bytes) or key >= len(keys):
        raise DamagedError(f"aggregated record must name one of its {len(keys)} partition keys and have data")
    if hash_place is None:
        return UserRecord(keys[key], data)
    if not isinstance(hash_place, int) or hash_place >= len(hashes) or not hashes[hash_place].isdecimal():
        raise DamagedError(f"aggregated record must name one of its {len(hashes)} explicit hash keys")
    return UserRecord(keys[key], data, int(hashes[hash_place]))


def _fields(body: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field; fields of fixed width, which the format has none of, are skipped."""
    place = 0
    while place < len(body):
        tag, place = _varint(body, place)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, place = _varint(body, place)
            yield number, value
        elif kind == _BYTES:
            length, place = _varint(body, place)
            if place + length > len(body):
                raise DamagedError("aggregated record ends within a field")
            yield number, body[place : place + length]
            place += length
        elif kind in _FIXED_BYTES:
            place += _FIXED_BYTES[kind]
        else:
            raise DamagedError(f"aggregated record has a field of unknown kind {kind}")


def _varint(body: bytes, place: int) -> tuple[int, int]:
    value = 0
    for count, byte in enumerate(body[place : place + VARINT_BYTES_MAX]):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, place + count + 1
    raise DamagedError("aggregated record ends within a number")


def _record(record: UserRecord, keys: Sequence[str], hashes: Sequence[str]) -> bytes:
    key = _tag(1, _VARINT) + _encoded(keys.index(record.partition_key))
    hashed = b"" if record.hash_key is None else _tag(2, _VARINT) + _encoded(hashes.index(str(record.hash_key)))
    return key + hashed + _field(3, record.data)


def _field(number: int, value: bytes) -> bytes:
    return _tag(number, _BYTES) + _encoded(len(value)) + value


def _tag(number: int, kind: int) -> bytes:
    return _encoded(number << 3 | kind)


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise DamagedError(f"aggregated record's key is not UTF-8: {value[:80]!r}") from error


def _digest(body: bytes) -> bytes:
    return md5(body, usedforsecurity=False).digest()
