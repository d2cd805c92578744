"""A table in memory that has a stream: items put and deleted become the records that DynamoDB Streams documents.

Source: Amazon DynamoDB Developer Guide, "Change data capture for DynamoDB Streams".
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import msgspec

from tocsin.core.ports import Log, LogRecord, StoredRecord
from tocsin.runtime.events import REGION

NEW_VIEWS: Final = frozenset({"NEW_IMAGE", "NEW_AND_OLD_IMAGES"})
OLD_VIEWS: Final = frozenset({"OLD_IMAGE", "NEW_AND_OLD_IMAGES"})
Image = dict[str, Any]


@dataclass(slots=True)
class LocalTable:
    """A table.

    Attributes:
        arn: Of its stream.
        keys: Names of the attributes that are its key.
        view: What its stream tells of an item: ``KEYS_ONLY``, ``NEW_IMAGE``, ``OLD_IMAGE``, ``NEW_AND_OLD_IMAGES``.
        stream: The log behind its stream.
    """

    arn: str
    keys: tuple[str, ...]
    view: str
    stream: Log
    _items: dict[str, Image] = field(default_factory=dict)

    def put(self, item: Mapping[str, Any]) -> None:
        """Write the item, given as plain values; what changes nothing is not told by the stream."""
        image = {name: attribute_value(value) for name, value in item.items()}
        key = self._key(image)
        before = self._items.get(key)
        self._items[key] = image
        if before != image:
            self._tell("MODIFY" if before else "INSERT", image, before, image)

    def delete(self, key: Mapping[str, Any]) -> None:
        """Remove the item with the key, if there is one."""
        image = {name: attribute_value(value) for name, value in key.items()}
        before = self._items.pop(self._key(image), None)
        if before is not None:
            self._tell("REMOVE", before, before, None)

    def items(self) -> list[Image]:
        """Return all items in DynamoDB's form, in the order in which their keys were first put."""
        return list(self._items.values())

    def _key(self, image: Image) -> str:
        missing = [name for name in self.keys if name not in image]
        if missing:
            raise ValueError(f"item must have the key {', '.join(self.keys)}, {', '.join(missing)} is missing")
        return msgspec.json.encode({name: image[name] for name in self.keys}).decode()

    def _tell(self, name: str, image: Image, before: Image | None, after: Image | None) -> None:
        change: dict[str, Any] = {"Keys": {key: image[key] for key in self.keys}, "StreamViewType": self.view}
        if after and self.view in NEW_VIEWS:
            change["NewImage"] = after
        if before and self.view in OLD_VIEWS:
            change["OldImage"] = before
        change["SizeBytes"] = len(msgspec.json.encode(change))
        data = msgspec.json.encode({"eventName": name, "dynamodb": change})
        self.stream.put([LogRecord(self._key(image), data)])


def stream_event_record(record: StoredRecord, arn: str) -> dict[str, Any]:
    """Return the record of a table's stream as events have it."""
    said = msgspec.json.decode(record.data)
    change = said["dynamodb"] | {
        "ApproximateCreationDateTime": record.arrival_ms / 1_000,
        "SequenceNumber": record.sequence,
    }
    return {
        "eventID": f"{record.shard}:{record.sequence}",
        "eventName": said["eventName"],
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": change,
        "eventSourceARN": arn,
    }


def attribute_value(value: object) -> dict[str, Any]:
    """Return a plain value in DynamoDB's form.

    >>> attribute_value({"a": [1, "x", None, True]})
    {'M': {'a': {'L': [{'N': '1'}, {'S': 'x'}, {'NULL': True}, {'BOOL': True}]}}}
    """
    if isinstance(value, Mapping):
        return {"M": {str(name): attribute_value(each) for name, each in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [attribute_value(each) for each in value]}
    if isinstance(value, bytes):
        return {"B": b64encode(value).decode()}
    if value is None or isinstance(value, bool):
        return {"NULL": True} if value is None else {"BOOL": value}
    return {"N" if isinstance(value, int | float | Decimal) else "S": str(value)}
