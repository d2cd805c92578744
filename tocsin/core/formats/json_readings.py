"""Log records of JSON messages to columns: the hot path, one pass, nothing per reading in Python.

Every record takes the fast way. A message that the fast way refuses or cannot vouch for sends its
record to the close look (``json_strict``), which names the broken rule or finds none. So the fast way
may doubt good messages, and must never accept bad ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final

import numpy as np
from msgspec import UNSET

from tocsin.core.columns import Bools, Int32s, Int64s, MessageColumns
from tocsin.core.formats.arrays import int32s, int64s, looked_up
from tocsin.core.formats.json_columns import Draft, MetricTable, Places, draft_columns, draft_of_typed
from tocsin.core.formats.json_fast import bytes_and_quotes, decode_all, hold_only_more_fields, quotes_of_each
from tocsin.core.formats.json_message import Message
from tocsin.core.formats.json_record import Refused, examine_record
from tocsin.core.formats.json_typed import Typed, decode_typed
from tocsin.core.formats.message_columns import compact, joined
from tocsin.core.keys import KEY_CACHE_MAX, split_key
from tocsin.core.plan.bounds import Bounds

__all__ = ["Refused", "decode_records"]


@dataclass(frozen=True, slots=True)
class _Batch:
    keys: Sequence[str]
    datas: Sequence[bytes]
    arrivals_ms: Int64s
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class _Fast:
    """What the fast way made of a batch.

    Attributes:
        messages: m messages, each with its device; of one form or of any.
        places: Where they stand.
        count: shape (n,), messages of each record; 0 where it could not be read.
        is_packed: Whether any record has not exactly one message.
        draft: The messages as columns.
        telling: Places of the messages that tell their tenant, or None where nobody has looked.
    """

    messages: list[Any]
    places: Places
    count: Int64s
    is_packed: bool
    draft: Draft
    telling: tuple[int, ...] | None = None

    def tenants(self) -> list[int]:
        """Return the places of the messages that tell their tenant."""
        if self.telling is not None:
            return list(self.telling)
        return [place for place, message in enumerate(self.messages) if message.tenant is not UNSET]


def decode_records(
    keys: Sequence[str], datas: Sequence[bytes], arrivals_ms: Int64s, bounds: Bounds
) -> tuple[MessageColumns, list[Refused]]:
    """Return the valid messages of the records as columns, and the refused ones.

    A record holds one message of the device that its key names, or an array of such messages, or several as
    lines. A message is accepted or refused whole, and does not hurt the others of its record. Each message
    is in exactly one of the two results; a record without any message is refused. What becomes of a record
    does not depend on the others of the batch, apart from codes and the tables that they index.

    Args:
        keys: n partition keys ``tenant#device``.
        datas: n payloads.
        arrivals_ms: shape (n,), when the log took each.
        bounds: What is accepted.
    """
    batch = _Batch(keys, datas, arrivals_ms, bounds)
    metrics = MetricTable()
    fast = _decode_fast(batch, metrics)
    doubted = _doubted(batch, fast)
    columns = fast.draft.columns
    if not np.count_nonzero(doubted):
        return columns, []
    is_bad = doubted[columns.record]
    # What could not be read has no columns; most often nothing else is wrong with a batch.
    sound = columns.take(np.flatnonzero(~is_bad)) if np.count_nonzero(is_bad) else columns
    found, refused = _look_closely(batch, np.flatnonzero(doubted).tolist())
    if found:
        sound = joined(sound, _rescued(batch, found, fast.places.devices, metrics))
    return compact(sound), refused


def _decode_fast(batch: _Batch, metrics: MetricTable) -> _Fast:
    devices, device = _distinct(batch.keys)
    record: Int32s = np.arange(len(batch.datas), dtype=np.int32)
    places = Places(devices, record, np.zeros(len(record), np.int32), device, batch.arrivals_ms)
    typed = decode_typed(batch.datas)
    return _general(batch, places, metrics) if typed is None else _of_one_form(batch, typed, places, metrics)


def _of_one_form(batch: _Batch, typed: Typed, places: Places, metrics: MetricTable) -> _Fast:
    count: Int64s = np.ones(len(batch.datas), np.int64)
    if typed.others:
        count[typed.others] = 0
        here = np.flatnonzero(count)
        record, device = places.record[here], places.device[here]
        places = Places(places.devices, record, places.index[here], device, places.arrival_ms[here])
    draft = draft_of_typed(typed, places, metrics, batch.bounds)
    return _Fast(typed.messages, places, count, bool(typed.others), draft, ())


def _general(batch: _Batch, places: Places, metrics: MetricTable) -> _Fast:
    messages, several = decode_all(batch.datas)
    count: Int64s = np.ones(len(batch.datas), np.int64)
    if several:
        count[list(several)] = list(several.values())
        record = np.repeat(places.record, count)
        first = np.cumsum(count) - count
        index = (np.arange(len(record)) - first[record]).astype(np.int32)
        places = Places(places.devices, record, index, places.device[record], batch.arrivals_ms[record])
    draft = draft_columns(messages, places, metrics, batch.bounds)
    return _Fast(messages, places, count, bool(several), draft)


def _distinct(keys: Sequence[str]) -> tuple[tuple[str, ...], Int32s]:
    """Return the distinct keys in order of appearance, and the code of each key."""
    places: dict[str, int] = {}
    first = int32s(list(map(places.setdefault, keys, range(len(keys)))))
    every: Int32s = np.arange(len(keys), dtype=np.int32)
    if len(places) == len(keys):
        return tuple(places), every
    code: Int32s = np.cumsum(first == every, dtype=np.int32)[first]
    code -= 1
    return tuple(places), code


def _doubted(batch: _Batch, fast: _Fast) -> Bools:
    """Return which records need the close look: shape (n,)."""
    doubted: Bools = np.zeros(len(batch.datas), np.bool_)
    if fast.is_packed:
        doubted |= (fast.count == 0) | (fast.count > batch.bounds.messages_max)
    if np.count_nonzero(fast.draft.broken):
        doubted[fast.places.record[fast.draft.broken]] = True
    for record in _records_of_another_device(batch, fast):
        doubted[record] = True
    _doubt_what_was_passed_over(batch, fast, doubted)
    return doubted


def _records_of_another_device(batch: _Batch, fast: _Fast) -> list[int]:
    """Return the records of messages that name another device than the key does, or came under an invalid key."""
    said: list[str | None] = [message.device for message in fast.messages]
    named = list(looked_up(_devices, batch.keys))
    if fast.is_packed:
        named = [named[record] for record in fast.places.record.tolist()]
    if said == named:
        return []
    return [int(fast.places.record[place]) for place, device in enumerate(said) if device != named[place]]


class _Devices(dict[str, str | None]):
    """Partition key to its device, or to None where it is not ``tenant#device``."""

    def __missing__(self, key: str) -> str | None:
        if len(self) >= KEY_CACHE_MAX:
            self.clear()
        try:
            device: str | None = split_key(key)[1]
        except ValueError:
            device = None
        self[key] = device
        return device


_devices: Final = _Devices()


def _doubt_what_was_passed_over(batch: _Batch, fast: _Fast, doubted: Bools) -> None:
    """Mark records too long, with equal keys, with unknown fields that are not sound, or of another tenant."""
    read = list(compress(batch.datas, fast.count.tolist())) if fast.is_packed else batch.datas
    size, quotes = bytes_and_quotes(read)
    if size > batch.bounds.record_bytes_max:
        doubted |= int64s(list(map(len, batch.datas))) > batch.bounds.record_bytes_max
    surplus = quotes - 2 * fast.draft.strings_in_all()
    if not surplus:
        return
    telling = fast.tenants()
    _doubt_other_tenants(batch, fast, telling, doubted)
    surplus -= 4 * len(telling)
    if not surplus or (surplus >= 2 * len(read) and hold_only_more_fields(read, batch.bounds.depth_max)):
        return  # the latter is one look at all, where most of them need it
    _doubt_what_is_unsound(batch, fast, telling, doubted)


def _doubt_other_tenants(batch: _Batch, fast: _Fast, telling: list[int], doubted: Bools) -> None:
    """Mark records of messages that tell a tenant, and not the one of the key."""
    for place, record in zip(telling, fast.places.record[telling].tolist(), strict=True):
        if not batch.keys[record].startswith(f"{fast.messages[place].tenant}#"):
            doubted[record] = True


def _doubt_what_is_unsound(batch: _Batch, fast: _Fast, telling: list[int], doubted: Bools) -> None:
    """Mark records that hold equal keys, or unknown fields that are not sound."""
    strings = fast.draft.strings()
    strings[telling] += 2
    expected = np.bincount(fast.places.record, weights=2 * strings, minlength=len(batch.datas))
    suspects = np.flatnonzero((quotes_of_each(batch.datas) != expected) & ~doubted).tolist()
    if not hold_only_more_fields([batch.datas[record] for record in suspects], batch.bounds.depth_max):
        for record in suspects:
            doubted[record] = not hold_only_more_fields([batch.datas[record]], batch.bounds.depth_max)


def _look_closely(batch: _Batch, records: list[int]) -> tuple[list[tuple[int, int, Message]], list[Refused]]:
    """Return (record, index, message) of what is accepted after all, and what is refused."""
    found: list[tuple[int, int, Message]] = []
    refused: list[Refused] = []
    for record in records:
        key, arrival_ms = batch.keys[record], int(batch.arrivals_ms[record])
        looked = examine_record(key, batch.datas[record], arrival_ms, batch.bounds)
        for index, (data, verdict) in enumerate(looked):
            if isinstance(verdict, Message):
                found.append((record, index, verdict))
            else:
                refused.append(Refused(record, index, verdict.reason, verdict.detail, data))
    return found, refused


def _rescued(
    batch: _Batch, found: list[tuple[int, int, Message]], devices: tuple[str, ...], metrics: MetricTable
) -> MessageColumns:
    codes = {key: code for code, key in enumerate(devices)}
    record = int32s([record for record, _, _ in found])
    index = int32s([index for _, index, _ in found])
    device = int32s([codes[batch.keys[record]] for record, _, _ in found])
    places = Places(devices, record, index, device, batch.arrivals_ms[record])
    return draft_columns([message for _, _, message in found], places, metrics, batch.bounds).columns
