"""Messages for the tests of formats: one good specimen, and ways to spoil it."""

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tocsin.core.columns import MessageColumns
from tocsin.core.formats.json_readings import Refused, decode_records
from tocsin.core.plan.model import Bounds

KEY: Final = "acme#pump-7"
ARRIVAL_MS: Final = 1_795_428_000_250
FIELDS: Final[dict[str, Any]] = {
    "device": "pump-7",
    "ts": ARRIVAL_MS,
    "seq": 812,
    "boot": 3,
    "metrics": {"temperature_celsius": 61.2},
}
BOUNDS: Final = Bounds()


def message(**changes: Any) -> bytes:
    """Return the specimen's bytes with the fields changed; None removes a field."""
    fields = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    return json.dumps(fields).encode()


def spoiled(old: bytes, new: bytes) -> bytes:
    """Return the specimen's bytes with a part replaced."""
    assert old in message()
    return message().replace(old, new)


def decode(*datas: bytes, key: str = KEY, bounds: Bounds = BOUNDS) -> tuple[MessageColumns, list[Refused]]:
    """Decode records of one device that arrive together."""
    return decode_records([key] * len(datas), datas, np.full(len(datas), ARRIVAL_MS), bounds)


def rows(columns: MessageColumns) -> list[tuple[Any, ...]]:
    """Return what the columns say, message by message, free of codes; equal rows have equal bits."""
    return [
        (
            int(columns.record[i]),
            int(columns.index[i]),
            columns.devices[columns.device[i]],
            int(columns.time_ms[i]),
            int(columns.identity[i]),
            bool(columns.counted[i]),
            [
                (columns.metrics[columns.metric[j]], columns.value[j].hex())
                for j in range(columns.start[i], columns.start[i + 1])
            ],
        )
        for i in range(len(columns))
    ]


def outcome(keys: Sequence[str], datas: Sequence[bytes], bounds: Bounds = BOUNDS) -> list[tuple[Any, ...]]:
    """Return what becomes of the records, accepted and refused, in order."""
    columns, refused = decode_records(keys, datas, np.full(len(keys), ARRIVAL_MS), bounds)
    refusals = [(each.record, each.index, each.reason, each.detail, each.data) for each in refused]
    return sorted([*rows(columns), *refusals], key=lambda row: row[:2])
