"""Columns of messages put together and cut to size."""

from dataclasses import replace

import numpy as np

from tocsin.core.columns import Int32s, Int64s, MessageColumns


def joined(left: MessageColumns, right: MessageColumns) -> MessageColumns:
    """Return the messages of both, in the order of their records and of messages in a record.

    Both must have the same devices, and the metrics of ``left`` must be the first of those of ``right``.
    """
    both = MessageColumns(
        devices=left.devices,
        metrics=right.metrics,
        record=np.concatenate((left.record, right.record)),
        index=np.concatenate((left.index, right.index)),
        device=np.concatenate((left.device, right.device)),
        time_ms=np.concatenate((left.time_ms, right.time_ms)),
        identity=np.concatenate((left.identity, right.identity)),
        counted=np.concatenate((left.counted, right.counted)),
        start=np.concatenate((left.start, right.start[1:] + left.start[-1])),
        metric=np.concatenate((left.metric, right.metric)),
        value=np.concatenate((left.value, right.value)),
    )
    return both.take(np.lexsort((both.index, both.record)))


def compact(columns: MessageColumns) -> MessageColumns:
    """Return the same messages with tables that hold only what the messages name."""
    devices, device = _used(columns.devices, columns.device)
    metrics, metric = _used(columns.metrics, columns.metric)
    return replace(columns, devices=devices, metrics=metrics, device=device, metric=metric)


def _used(table: tuple[str, ...], code: Int32s) -> tuple[tuple[str, ...], Int32s]:
    used: Int64s = np.flatnonzero(np.bincount(code, minlength=len(table)))
    if len(used) == len(table):
        return table, code
    place = np.zeros(len(table), np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    return tuple([table[i] for i in used.tolist()]), place[code]
