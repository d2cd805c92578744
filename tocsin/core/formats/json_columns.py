"""Messages to columns, and which of them break a rule that shows there; no Python work per reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import getitem
from struct import error as StructError  # noqa: N812 - an exception named in lower case
from typing import Final

import numpy as np

from tocsin.core.columns import Bools, Floats, Int32s, Int64s, MessageColumns, UInt64s
from tocsin.core.formats.arrays import floats, int32s, int64s, looked_up
from tocsin.core.formats.identity import counted_identity, metric_hash64, uncounted_identity
from tocsin.core.formats.iso_columns import uniform_instants_ms
from tocsin.core.formats.iso_time import instants_ms
from tocsin.core.formats.json_message import ABSENT, VALUE_MAX, Message
from tocsin.core.formats.json_typed import Typed, values_of
from tocsin.core.keys import is_id
from tocsin.core.plan.bounds import Bounds

_TOGETHER_MIN: Final = 128  # texts; fewer are read faster one by one
_STRINGS_ALWAYS: Final = 4  # the names of device, ts and metrics, and the device


class MetricTable(dict[str, int]):
    """The metrics of one batch: name to code, in order of appearance; names may break the rule for ids."""

    def __missing__(self, name: str) -> int:
        self[name] = code = len(self)
        return code


@dataclass(frozen=True, slots=True)
class Places:
    """Where messages stand and whose they are.

    Attributes:
        devices: Partition keys; ``device`` indexes them.
        record: shape (m,), which record of the batch.
        index: shape (m,), which message of the record.
        device: shape (m,), code of the device.
        arrival_ms: shape (m,), when the record came.
    """

    devices: tuple[str, ...]
    record: Int32s
    index: Int32s
    device: Int32s
    arrival_ms: Int64s


@dataclass(frozen=True, slots=True)
class Draft:
    """Columns of messages that may still break a rule.

    Attributes:
        columns: One entry a message; what broken ones hold means nothing.
        broken: shape (m,), whether the message breaks a rule that shows in the columns.
        has_text: shape (m,), whether its time is text.
        has_boot: shape (m,), whether it says ``boot``.
    """

    columns: MessageColumns
    broken: Bools
    has_text: Bools
    has_boot: Bools

    def strings(self) -> Int64s:
        """Return of how many strings each message is made: names of known fields, metrics, device, time text."""
        fixed = self.has_text.astype(np.int64) + self.columns.counted + self.has_boot + _STRINGS_ALWAYS
        return np.asarray(np.diff(self.columns.start) + fixed)

    def strings_in_all(self) -> int:
        """Return the sum of ``strings``."""
        flags = (self.has_text, self.columns.counted, self.has_boot)
        return (
            len(self.columns.value) + len(self.columns) * _STRINGS_ALWAYS + sum(map(int, map(np.count_nonzero, flags)))
        )


@dataclass(frozen=True, slots=True)
class _Said:
    """What m messages say, as columns.

    Attributes:
        stamps: Times, as numbers or text.
        seq: shape (m,), or None where none has one.
        boot: shape (m,), or None where none has one.
        start: shape (m + 1,), readings of message i are ``start[i]:start[i + 1]``, by the names of their metrics.
        metric: shape (r,), code of each reading's metric.
        value: shape (r,).
    """

    stamps: list[int | str]
    seq: Int64s | None
    boot: Int64s | None
    start: Int64s
    metric: Int32s
    value: Floats


def draft_columns(messages: Sequence[Message], places: Places, metrics: MetricTable, bounds: Bounds) -> Draft:
    """Return the messages as columns.

    What does not show there: whether tenant and device are the right ones, and whether the message
    held more than its known fields, or one of them twice. Readings of a message are ordered by the names of their
    metrics: the order in which it happens to write them says nothing, and decoders by form do not keep it.

    Args:
        messages: m messages.
        places: Where they stand.
        metrics: Grows by the metrics of the messages.
        bounds: What is accepted.
    """
    start, metric, value = _readings([message.metrics for message in messages], metrics)
    said = _Said(
        [message.ts for message in messages],
        int64s([message.seq for message in messages]),
        int64s([message.boot for message in messages]),
        start,
        metric,
        value,
    )
    return _draft(said, places, metrics, bounds)


def draft_of_typed(typed: Typed, places: Places, metrics: MetricTable, bounds: Bounds) -> Draft:
    """Return messages of one form as columns, as ``draft_columns`` does."""
    form, messages = typed.form, typed.messages
    if form.metrics:
        start, metric, value = _readings_of_named(typed, metrics)
    else:
        start, metric, value = _readings([message.metrics for message in messages], metrics)
    said = _Said(
        [message.ts for message in messages],
        int64s([message.seq for message in messages]) if form.has_seq else None,
        int64s([message.boot for message in messages]) if form.has_boot else None,
        start,
        metric,
        value,
    )
    return _draft(said, places, metrics, bounds)


def _readings_of_named(typed: Typed, metrics: MetricTable) -> tuple[Int64s, Int32s, Floats]:
    codes = int32s(looked_up(metrics, typed.form.metrics))
    start = np.arange(len(typed.messages) + 1) * len(codes)
    return start, np.tile(codes, len(typed.messages)), floats(values_of(typed)) + 0.0  # -0.0 becomes 0.0


def _draft(said: _Said, places: Places, metrics: MetricTable, bounds: Bounds) -> Draft:
    time_ms, has_text = _times(said.stamps)
    none = np.full(len(time_ms), ABSENT) if said.seq is None or said.boot is None else time_ms
    seq, boot = (none if one is None else one for one in (said.seq, said.boot))
    counted = seq != ABSENT
    broken = _is_out_of_time(time_ms, places.arrival_ms, bounds)
    _mark_bad_readings(broken, (said.start, said.metric, said.value), metrics, bounds)
    identity = _identities(counted, boot, seq, (time_ms, said.start, said.metric, said.value), metrics)
    columns = MessageColumns(
        devices=places.devices,
        metrics=tuple(metrics),
        record=places.record,
        index=places.index,
        device=places.device,
        time_ms=time_ms,
        identity=identity,
        counted=counted,
        start=said.start,
        metric=said.metric,
        value=said.value,
    )
    return Draft(columns, broken, has_text, boot != ABSENT)


def _times(stamps: list[int | str]) -> tuple[Int64s, Bools]:
    """Return event times, negative where a text is no instant, and whether each was text."""
    try:
        return int64s(stamps), np.zeros(len(stamps), np.bool_)  # type: ignore[arg-type] # most often none is text
    except StructError:
        uniform_ms = uniform_instants_ms(stamps) if len(stamps) >= _TOGETHER_MIN else None
        if uniform_ms is not None:
            return uniform_ms, np.ones(len(stamps), np.bool_)
        texts = bytes([isinstance(stamp, str) for stamp in stamps])
        return int64s(instants_ms(stamps)), np.frombuffer(texts, np.bool_)


def _readings(readings: list[dict[str, float]], metrics: MetricTable) -> tuple[Int64s, Int32s, Floats]:
    names = list(chain.from_iterable(readings))
    single = _values_of_single(readings, names)
    if single is not None:
        return np.arange(len(names) + 1), _codes(names, metrics), floats(single) + 0.0  # -0.0 becomes 0.0
    lengths = int64s(list(map(len, readings)))
    start = np.zeros(len(readings) + 1, np.int64)
    np.cumsum(lengths, out=start[1:])
    code = _codes(names, metrics)
    value = floats(list(chain.from_iterable(map(dict.values, readings)))) + 0.0
    order = _by_name(code, lengths, metrics)
    return (start, code, value) if order is None else (start, code[order], value[order])


def _values_of_single(readings: list[dict[str, float]], names: list[str]) -> list[float] | None:
    """Return the values where each message has exactly one; ``names`` are those of all readings."""
    if len(names) != len(readings):
        return None
    try:
        return list(map(getitem, readings, names))
    except KeyError:  # one message has none, so it has no value of any name
        return None


def _codes(names: list[str], metrics: MetricTable) -> Int32s:
    """Return the code of each name."""
    return int32s(looked_up(metrics, names))


def _by_name(code: Int32s, lengths: Int64s, metrics: MetricTable) -> Int64s | None:
    """Return the order of the readings by message and the name of their metric; None where they stand so."""
    rank = np.empty(len(metrics), np.int64)
    rank[[metrics[name] for name in sorted(metrics)]] = np.arange(len(metrics))
    place = np.repeat(np.arange(len(lengths)), lengths) * len(metrics) + rank[code]
    return None if (place[1:] > place[:-1]).all() else np.argsort(place)


def _is_out_of_time(time_ms: Int64s, arrival_ms: Int64s, bounds: Bounds) -> Bools:
    age_ms = arrival_ms - time_ms
    out = age_ms > bounds.age_ms_max
    out |= age_ms < -bounds.skew_ms
    out |= time_ms < 0
    return out


def _mark_bad_readings(
    broken: Bools, readings: tuple[Int64s, Int32s, Floats], metrics: MetricTable, bounds: Bounds
) -> None:
    """Mark the messages that have no readings, too many, or a bad one."""
    start, metric, value = readings
    lengths = start[1:] - start[:-1]
    broken |= lengths == 0
    broken |= lengths > bounds.metrics_max
    sound = np.abs(value) <= VALUE_MAX  # false for NaN
    if not all(map(is_id, metrics)):
        sound &= np.fromiter(map(is_id, metrics), np.bool_, len(metrics))[metric]
    if np.count_nonzero(sound) < len(sound):
        broken[np.searchsorted(start, np.flatnonzero(~sound), side="right") - 1] = True


def _identities(
    counted: Bools,
    boot: Int64s,
    seq: Int64s,
    uncounted: tuple[Int64s, Int64s, Int32s, Floats],
    metrics: MetricTable,
) -> UInt64s:
    number = np.count_nonzero(counted)
    if number == len(counted):
        return counted_identity(boot, seq)
    time_ms, start, metric, value = uncounted
    hashes = np.fromiter(map(metric_hash64, metrics), np.uint64, len(metrics))
    others = uncounted_identity(time_ms, start, hashes[metric], value)
    return others if not number else np.where(counted, counted_identity(boot, seq), others)
