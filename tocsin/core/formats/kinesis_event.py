"""The event with which Lambda delivers records of a Kinesis stream.

Every event is of one shard: Lambda promises that, and one sequence number says where a retry begins.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64
from dataclasses import dataclass
from typing import Any

import numpy as np

from tocsin.core.columns import Int64s
from tocsin.core.ports import StoredRecord


@dataclass(frozen=True, slots=True)
class RecordColumns:
    """The records of one event, in log order.

    Attributes:
        shard: Shard of all of them; empty where there are none.
        sequences: n sequence numbers, decimal digits.
        keys: n partition keys.
        datas: n payloads.
        arrivals_ms: shape (n,), when the log took each, UTC epoch milliseconds.
    """

    shard: str
    sequences: list[str]
    keys: list[str]
    datas: list[bytes]
    arrivals_ms: Int64s

    def __len__(self) -> int:
        return len(self.sequences)


def kinesis_columns(event: dict[str, Any]) -> RecordColumns:
    """Return the event's records as columns.

    Raises:
        ValueError: The event is not one of a Kinesis stream.
    """
    try:
        records = event["Records"]
        parts = [record["kinesis"] for record in records]
        seconds = [part["approximateArrivalTimestamp"] for part in parts]
        return RecordColumns(
            records[0]["eventID"].partition(":")[0] if records else "",
            [part["sequenceNumber"] for part in parts],
            [part["partitionKey"] for part in parts],
            list(map(a2b_base64, [part["data"] for part in parts])),
            # To the nearest: the seconds are a double, which is off by less than a microsecond.
            np.rint(np.fromiter(seconds, np.float64, len(seconds)) * 1_000).astype(np.int64),
        )
    except (KeyError, TypeError, Base64Error) as error:
        raise ValueError(f"event must be one of a Kinesis stream: {error!r}") from error


def kinesis_records(event: dict[str, Any]) -> list[StoredRecord]:
    """Return the event's records one by one.

    Raises:
        ValueError: The event is not one of a Kinesis stream.
    """
    columns = kinesis_columns(event)
    return [
        StoredRecord(columns.shard, sequence, key, data, arrival_ms)
        for sequence, key, data, arrival_ms in zip(
            columns.sequences, columns.keys, columns.datas, columns.arrivals_ms.tolist(), strict=True
        )
    ]
