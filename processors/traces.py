"""Trace ids: of the messages that closed a window or crossed a limit, and looked for in those alone.

A device that takes part in distributed tracing writes its W3C ``traceparent`` beside the metrics. Nothing of it is
decoded or kept with the readings: a message that caused no pane is never searched.

Source: W3C Trace Context, section 3.2.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from tocsin.core.columns import Int64s, MessageColumns
from tocsin.core.formats.json_split import split_messages

Traces = Mapping[int, str]
"""Place of a pane to the trace id, 32 hexadecimal digits, of the message that caused it."""

MARK: Final = b'"traceparent"'
NO_TRACE: Final = "0" * 32
_TRACEPARENT: Final = re.compile(rb'"traceparent"\s*:\s*"00-(?P<id>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}"')


def traces_of(cause: Int64s, messages: MessageColumns, datas: Sequence[bytes]) -> tuple[str, ...]:
    """Return the trace id behind each pane, or nothing at all where none has one.

    Args:
        cause: shape (n,), ordinal of the message that caused each pane.
        messages: Which the ordinals count.
        datas: Bytes of the records that the messages came in.
    """
    ordinals = np.flatnonzero(np.bincount(cause))
    records = messages.record[ordinals].tolist()
    if MARK not in b"".join([datas[record] for record in records]):  # most fleets have none: one look at all
        return ()
    causes = cause.tolist()
    marked = [(one, at) for one, at in zip(ordinals.tolist(), records, strict=True) if MARK in datas[at]]
    found = {one: trace_of(datas[record], int(messages.index[one])) for one, record in marked}
    return tuple(found.get(one, "") for one in causes) if any(found.values()) else ()


def trace_of(data: bytes, index: int) -> str:
    """Return the trace id of a record's message, or an empty text where it has none."""
    match = _TRACEPARENT.search(split_messages(data)[index])
    trace = match["id"].decode() if match else ""
    return "" if trace == NO_TRACE else trace
