"""What goes aside: rejections and late readings, stored under names made of shard and sequence number."""

from collections.abc import Sequence
from typing import Final

from processors.batch import GroupBatch
from processors.rows import Admitted
from processors.state import Group
from tocsin.core.formats.json_readings import Refused
from tocsin.core.formats.rejections import (
    LateReading,
    encode_late,
    encode_rejections,
    late_name,
    rejected_name,
)
from tocsin.core.machine import Entry
from tocsin.core.messages import Position, Rejection

BLOB_LANE: Final = "blob"
STAGE: Final = "processors"


def rejection_entry(batch: GroupBatch, refused: Sequence[Refused], key_group: int) -> Entry:
    """Return the blob of the batch's rejections."""
    rejections = [
        Rejection(
            one.reason,
            one.detail,
            one.data,
            batch.keys[one.record],
            Position(batch.shard, batch.sequences[one.record], one.index),
        )
        for one in refused
    ]
    name = rejected_name(STAGE, batch.shard, batch.sequences[refused[0].record], key_group)
    return Entry(BLOB_LANE, name, encode_rejections(rejections))


def late_entry(batch: GroupBatch, late: Sequence[tuple[Admitted, Sequence[int]]], group: Group) -> Entry:
    """Return the blob of the batch's late readings."""
    readings = []
    for admitted, places in late:
        for place in places:
            message = int(admitted.message[place])
            record, index = int(admitted.messages.record[message]), int(admitted.messages.index[message])
            series = int(admitted.series[place])
            readings.append(
                LateReading(
                    group.devices[group.series_device[series]],
                    group.metrics[group.series_metric[series]],
                    int(admitted.messages.time_ms[message]),
                    float(admitted.messages.value[place]),
                    Position(batch.shard, batch.sequences[record], index),
                )
            )
    first = readings[0].position.sequence
    return Entry(BLOB_LANE, late_name(STAGE, batch.shard, first, group.key_group), encode_late(readings))
