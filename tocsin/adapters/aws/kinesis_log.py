"""The log on a Kinesis stream."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tocsin.adapters.aws.batches import batches
from tocsin.adapters.aws.faults import ThrottledError, call, once
from tocsin.adapters.aws.limits import (
    KINESIS_GET_RECORDS,
    KINESIS_KEY_CHARACTERS,
    KINESIS_PUT_BYTES,
    KINESIS_PUT_RECORDS,
    KINESIS_RECORD_BYTES,
)
from tocsin.adapters.aws.patience import Patience
from tocsin.adapters.aws.positions import EXPIRED, Page, Positions
from tocsin.core.errors import ConfigError
from tocsin.core.keys import HASH_END
from tocsin.core.ports import LogRecord, Shard, StoredRecord

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef, ShardTypeDef

BY_SERVICE: Final = "AUTO"
"""Distribution of records by the service: partition keys and hashes are ignored, and nothing keeps its order."""


class KinesisLog:
    """A log on a stream whose records go where their partition keys say.

    Args:
        client: Of Kinesis.
        stream: Its name.
        patience: How long to go on where the stream throttles.
    """

    def __init__(self, client: "KinesisClient", stream: str, patience: Patience) -> None:
        self._client = client
        self._stream = stream
        self._place = f"stream {stream}"
        self._patience = patience
        self._positions = Positions(KinesisPages(client, stream, patience), patience)
        self._is_checked = False

    def put(self, records: Sequence[LogRecord]) -> Sequence[int]:
        """Append the records; return the places of those refused for as long as there was time.

        Of each request what was refused is put again, in order, before anything later is; where it stays refused,
        nothing later is put. So a record is overtaken at most by those of its own request.
        """
        self._check_keys()
        entries = [self._entry(record) for record in records]
        places = range(len(records))
        refused: list[int] = []
        for batch in batches(
            places,
            count=KINESIS_PUT_RECORDS,
            size_of=lambda place: _size(records[place]),
            size=KINESIS_PUT_BYTES,
        ):
            refused += batch if refused else self._put(batch, entries)
        return refused

    def shards(self) -> Sequence[Shard]:
        """Return all shards whose records are retained, parents first: numbers of shards only grow."""
        self._check_keys()
        found: list[ShardTypeDef] = []
        request: dict[str, Any] = {"StreamName": self._stream}
        while request:
            answer = call(self._place, self._patience, partial(self._client.list_shards, **request))
            found += answer["Shards"]
            token = answer.get("NextToken")
            request = {"NextToken": token} if token else {}
        return [_shard(one) for one in sorted(found, key=lambda one: one["ShardId"])]

    def read(self, shard: str, *, after: str | None, limit: int) -> Sequence[StoredRecord]:
        """Return at most ``limit`` records after the sequence number, in order."""
        return self._positions.read(shard, after=after, limit=limit)

    def trim(self, shard: str, *, through: str) -> None:
        """Hand out nothing up to the number again; the stream itself drops records when its retention is over."""
        self._positions.trim(shard, through=through)

    def _put(self, places: list[int], entries: "Sequence[PutRecordsRequestEntryTypeDef]") -> list[int]:
        """Put one request's worth, and again what was refused of it; return what stays refused."""
        left = places
        for _ in self._patience.attempts():
            sent = [entries[place] for place in left]
            try:
                answer = once(self._place, partial(self._client.put_records, StreamName=self._stream, Records=sent))
            except ThrottledError:
                continue
            left = [place for place, result in zip(left, answer["Records"], strict=True) if result.get("ErrorCode")]
            if not left:
                break
        return left

    def _entry(self, record: LogRecord) -> "PutRecordsRequestEntryTypeDef":
        if not record.partition_key:
            raise ValueError(f"a record for {self._place} must have a partition key")
        KINESIS_KEY_CHARACTERS.hold(len(record.partition_key), f"partition key {record.partition_key[:140]!r}")
        KINESIS_RECORD_BYTES.hold(_size(record), f"record {record.partition_key} for {self._place}")
        if record.hash_key is None:
            return {"PartitionKey": record.partition_key, "Data": record.data}
        if not 0 <= record.hash_key < HASH_END:
            raise ValueError(f"hash of a record for {self._place} must be in [0, 2**128), got {record.hash_key}")
        return {
            "PartitionKey": record.partition_key,
            "Data": record.data,
            "ExplicitHashKey": str(record.hash_key),
        }

    def _check_keys(self) -> None:
        """Refuse, once, a stream that would spread a device's readings over its shards."""
        if self._is_checked:
            return
        answer = call(
            self._place, self._patience, lambda: self._client.describe_stream_summary(StreamName=self._stream)
        )
        strategy = dict(answer["StreamDescriptionSummary"]).get("RecordDistributionStrategy")
        if strategy == BY_SERVICE:
            raise ConfigError(
                f"{self._place} must distribute records by their partition keys (USER_PARTITION_KEY), got {strategy}"
            )
        self._is_checked = True


class KinesisPages:
    """Reads a stream page by page."""

    def __init__(self, client: "KinesisClient", stream: str, patience: Patience) -> None:
        self._client = client
        self._stream = stream
        self._patience = patience

    def iterator(self, shard: str, after: str | None) -> str:
        """Return an iterator of what follows the sequence number, or of the oldest kept."""
        place = f"shard {shard} of {self._stream}"
        if after is None:
            answer = call(
                place,
                self._patience,
                lambda: self._client.get_shard_iterator(
                    StreamName=self._stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
                ),
            )
        else:
            answer = call(
                place,
                self._patience,
                lambda: self._client.get_shard_iterator(
                    StreamName=self._stream,
                    ShardId=shard,
                    ShardIteratorType="AFTER_SEQUENCE_NUMBER",
                    StartingSequenceNumber=after,
                ),
            )
        return answer["ShardIterator"]

    def page(self, shard: str, iterator: str, limit: int) -> Page:
        """Return the next page."""
        answer = call(
            f"shard {shard} of {self._stream}",
            self._patience,
            lambda: self._client.get_records(ShardIterator=iterator, Limit=min(limit, KINESIS_GET_RECORDS.most)),
            passing=EXPIRED,
        )
        records = [
            StoredRecord(
                shard,
                record["SequenceNumber"],
                record["PartitionKey"],
                record["Data"],
                round(record["ApproximateArrivalTimestamp"].timestamp() * 1_000),
            )
            for record in answer["Records"]
        ]
        last = records[-1].sequence if records else None
        return Page(records, last, answer.get("NextShardIterator"), bool(answer.get("MillisBehindLatest")))


def _shard(one: "ShardTypeDef") -> Shard:
    hashes = one["HashKeyRange"]
    parents = tuple(name for name in (one.get("ParentShardId"), one.get("AdjacentParentShardId")) if name)
    return Shard(
        one["ShardId"],
        int(hashes["StartingHashKey"]),
        int(hashes["EndingHashKey"]) + 1,
        parents,
        closed="EndingSequenceNumber" in one["SequenceNumberRange"],
    )


def _size(record: LogRecord) -> int:
    return len(record.data) + len(record.partition_key.encode())
