"""Clients of AWS that send nothing: they count what a request would be billed, and answer that it was done.

The adapters work on them as on boto3's, so what is counted is what they send: cut into the same requests, with
items of the same attributes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from tocsin.adapters.aws.attributes import size_bytes, whole_number_of
from tocsin.core.clock import DAY_MS, MINUTE_MS, NowMs
from tocsin.runtime.cost.usage import Usage

PUT_UNIT_BYTES: Final = 25 * 1024
WRITE_UNIT_BYTES: Final = 1024
READ_UNIT_BYTES: Final = 4 * 1024
MESSAGE_UNIT_BYTES: Final = 64 * 1024
ITEM_OVERHEAD_BYTES: Final = 100
"""What DynamoDB counts for storing an item besides its attributes."""

COLD_BYTES_MIN: Final = 128 * 1024
"""Smaller objects stay where they are: S3 moves none of them to a colder class by itself."""

RECORDINGS: Final = "blobs/recordings/"
WINDOWS: Final = "windows"
"""Name of the table whose writes are counted apart, as its capacity may be provisioned."""

WINDOW_WRITES: Final = "window_write_units"
COLD: Final = "blobs/recordings, cold"
TRANSACTION: Final = 2
"""A write within a transaction costs twice."""

Answer = dict[str, Any]


def whole_units(size: int, unit: int) -> int:
    """Return how many units a thing of that size is billed as, at least one.

    >>> whole_units(1, 1024), whole_units(1024, 1024), whole_units(1025, 1024), whole_units(0, 1024)
    (1, 1, 2, 1)
    """
    return max(1, -(-size // unit))


@dataclass(slots=True)
class Meter:
    """Where the clients count to; whoever calls a port sets it first.

    Attributes:
        usage: Of the stage and port in whose name requests are sent.
        requests: Kind of each request since the port was called, in order.
    """

    usage: Usage
    requests: list[str]


class _Kinesis:
    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def describe_stream_summary(self, **_: object) -> Answer:
        return {"StreamDescriptionSummary": {}}

    def put_records(self, *, Records: Sequence[Mapping[str, Any]], **_: object) -> Answer:  # noqa: N803  boto3's name
        sizes = [len(record["Data"]) + len(record["PartitionKey"].encode()) for record in Records]
        self._meter.usage.units["put_units"] += sum(whole_units(size, PUT_UNIT_BYTES) for size in sizes)
        self._meter.requests.append("kinesis")
        return {"Records": [{} for _ in Records]}


class _DynamoDb:
    """Counts writes by the size of the item, and once more for each index that the item is in."""

    def __init__(self, meter: Meter, indexes: Mapping[str, Sequence[str]], now_ms: NowMs) -> None:
        self._meter = meter
        self._indexes = indexes
        self._now_ms = now_ms

    def put_item(self, *, TableName: str, Item: Mapping[str, Any], **_: object) -> Answer:  # noqa: N803  boto3's names
        self._write(TableName, Item)
        self._meter.requests.append("dynamodb")
        return {}

    def batch_write_item(self, *, RequestItems: Mapping[str, Sequence[Mapping[str, Any]]]) -> Answer:  # noqa: N803
        for table, requests in RequestItems.items():
            for request in requests:
                if "PutRequest" in request:
                    self._write(table, request["PutRequest"]["Item"])
                else:
                    self._meter.usage.units["write_units"] += 1
        self._meter.requests.append("dynamodb")
        return {}

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Any]]) -> Answer:  # noqa: N803
        for action in TransactItems:
            size = size_bytes(action["Put"]["Item"]) if "Put" in action else 0
            self._meter.usage.units["write_units"] += TRANSACTION * whole_units(size, WRITE_UNIT_BYTES)
        self._meter.requests.append("dynamodb")
        return {}

    def _write(self, table: str, item: Mapping[str, Any]) -> None:
        size = size_bytes(item)
        copies = 1 + sum(key in item for key in self._indexes.get(table, ()))
        units = copies * whole_units(size, WRITE_UNIT_BYTES)
        if table == WINDOWS:
            self._meter.usage.units[WINDOW_WRITES] += units
            self._meter.usage.minute_writes[self._now_ms() // MINUTE_MS] += units
        else:
            self._meter.usage.units["write_units"] += units
        kept = copies * (size + ITEM_OVERHEAD_BYTES)
        if "expires" in item:
            days = (whole_number_of(item["expires"]) * 1_000 - self._now_ms()) / DAY_MS
            self._meter.usage.kept_byte_days[table] += round(kept * days)
        else:
            self._meter.usage.kept_bytes[table] += kept


class _S3:
    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def put_object(self, *, Key: str, Body: bytes, **_: object) -> Answer:  # noqa: N803  boto3's names
        self._meter.usage.units["s3_puts"] += 1
        is_cold = len(Body) >= COLD_BYTES_MIN and Key.startswith(RECORDINGS)
        place = COLD if is_cold else "/".join(Key.split("/")[:2])
        self._meter.usage.kept_bytes[place] += len(Body)
        self._meter.usage.kept_objects[place] += 1
        self._meter.requests.append("s3_put")
        return {"ETag": "counted"}


class _Sns:
    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def publish_batch(self, *, PublishBatchRequestEntries: Sequence[Mapping[str, Any]], **_: object) -> Answer:  # noqa: N803
        sizes = [len(entry["Message"].encode()) for entry in PublishBatchRequestEntries]
        self._meter.usage.units["sns_publishes"] += sum(whole_units(size, MESSAGE_UNIT_BYTES) for size in sizes)
        self._meter.requests.append("sns")
        return {"Failed": []}


class _Events:
    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Answer:  # noqa: N803  boto3's name
        sizes = [len(entry["Detail"].encode()) for entry in Entries]
        self._meter.usage.units["bus_events"] += sum(whole_units(size, MESSAGE_UNIT_BYTES) for size in sizes)
        self._meter.requests.append("events")
        return {"Entries": [{} for _ in Entries]}


class _Sqs:
    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def send_message_batch(self, *, Entries: Sequence[Mapping[str, Any]], **_: object) -> Answer:  # noqa: N803
        size = sum(len(entry["MessageBody"].encode()) for entry in Entries)
        self._meter.usage.units["sqs_requests"] += whole_units(size, MESSAGE_UNIT_BYTES)
        self._meter.requests.append("sqs")
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries], "Failed": []}


def counting_clients(meter: Meter, indexes: Mapping[str, Sequence[str]], now_ms: NowMs) -> Any:  # noqa: ANN401  stands for clients of boto3
    """Return what stands for the clients of the adapters.

    Args:
        meter: Where they count to.
        indexes: Table to the attribute that puts an item into each of its indexes.
        now_ms: The clock: how long an item is kept counts from it.
    """
    return SimpleNamespace(
        kinesis=_Kinesis(meter),
        dynamodb=_DynamoDb(meter, indexes, now_ms),
        s3=_S3(meter),
        sns=_Sns(meter),
        events=_Events(meter),
        sqs=_Sqs(meter),
    )
