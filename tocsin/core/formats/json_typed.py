"""Messages of one form, decoded by a type that is made for the form: a fleet sends the same fields again and again.

The type has a place for each metric and takes no other field, so nothing is passed over but equal keys. Where messages
bring different metrics, one type takes any of them, and still no other field. A record of another form is left to the
general way; where many are, all are.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from tocsin.core.formats.json_fast import UNREADABLE, decode_message
from tocsin.core.formats.json_message import ABSENT, Message, Whole

RECORDS_MIN: Final = 64
"""Fewer are not worth a look at their form."""

OTHERS_MAX: Final = 1 / 100
"""Part of the records that may be of another form: each costs an exception, and a close look."""

METRICS_MAX: Final = 64
BATCHES_SKIPPED: Final = 32
"""How many batches are not even tried after one in which many were of another form: such fleets stay as they are."""

FORMS_MAX: Final = 256
"""How many types are remembered; one takes some kilobytes, and a millisecond to make."""


class _Patience:
    """Says whether a try is worth it; decides about time alone, never about what comes out."""

    def __init__(self) -> None:
        self._left = 0

    def is_there(self) -> bool:
        """Tell whether to try this time."""
        self._left = max(0, self._left - 1)
        return not self._left

    def lose(self) -> None:
        """Do not try for a while."""
        self._left = BATCHES_SKIPPED


_patience: Final = _Patience()
_patience_with_any: Final = _Patience()


class Form(NamedTuple):
    """What messages have in common.

    Attributes:
        metrics: Their metrics, by name; none where they bring any.
        has_text: Whether the time is text.
        has_seq: Whether they count.
        has_boot: Whether they say how often the device had started.
    """

    metrics: tuple[str, ...]
    has_text: bool
    has_seq: bool
    has_boot: bool


class Typed(NamedTuple):
    """Messages of one form.

    Attributes:
        form: The form.
        messages: Each with the form's fields, and its metrics as ``m0``, ``m1``, ... of ``metrics``; where the form
            names none, ``metrics`` maps name to value.
        others: Places of the records that are not of the form, ascending.
    """

    form: Form
    messages: list[Any]
    others: list[int]


def decode_typed(datas: Sequence[bytes]) -> Typed | None:
    """Return the messages of the records, all of the form of the first one; None where that is not the usual one."""
    named, unnamed = (len(datas) >= RECORDS_MIN and one.is_there() for one in (_patience, _patience_with_any))
    form = _form_of(datas[0]) if named or unnamed else None
    if form is None:
        return None
    typed = _decode(form, datas, _patience) if named else None
    if typed is None and unnamed:
        return _decode(form._replace(metrics=()), datas, _patience_with_any)
    return typed


def _decode(form: Form, datas: Sequence[bytes], patience: _Patience) -> Typed | None:
    decode = _decoder(form)
    messages: list[Any] = []
    others: list[int] = []
    records = iter(datas)
    while True:
        try:
            messages.extend(map(decode, records))
        except UNREADABLE:
            others.append(len(messages) + len(others))
            if len(others) > 2 + (len(messages) + len(others)) * OTHERS_MAX:
                patience.lose()
                return None
        else:
            return Typed(form, messages, others)


def values_of(typed: Typed) -> list[float]:
    """Return all values, message by message, each by the name of its metric; the form must name them."""
    metrics = [message.metrics for message in typed.messages]
    if len(typed.form.metrics) == 1:
        return list(map(attrgetter("m0"), metrics))
    return list(chain.from_iterable(map(msgspec.structs.astuple, metrics)))


def _form_of(data: bytes) -> Form | None:
    try:
        message = decode_message(data)
    except UNREADABLE:
        return None
    if message.tenant is not UNSET or not 0 < len(message.metrics) <= METRICS_MAX:
        return None
    return Form(
        tuple(sorted(message.metrics)), isinstance(message.ts, str), message.seq != ABSENT, message.boot != ABSENT
    )


@lru_cache(maxsize=FORMS_MAX)
def _decoder(form: Form) -> Callable[[bytes], Any]:
    metrics: Any = dict[str, float]
    if form.metrics:
        fields = [(f"m{place}", float, msgspec.field(name=name)) for place, name in enumerate(form.metrics)]
        metrics = msgspec.defstruct("Metrics", fields, gc=False, forbid_unknown_fields=True)
    wanted: list[tuple[str, Any]] = [("device", str), ("ts", str if form.has_text else Whole), ("metrics", metrics)]
    wanted += [(name, Whole) for name, is_there in (("seq", form.has_seq), ("boot", form.has_boot)) if is_there]
    kind: type[Any] = msgspec.defstruct(Message.__name__, wanted, gc=False, forbid_unknown_fields=True)
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
    return decode
