"""Reads the stream of the table of alerts: every new transition and action, in the order of its device."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from tocsin.adapters.aws.faults import call
from tocsin.adapters.aws.limits import STREAMS_GET_RECORDS
from tocsin.adapters.aws.patience import Patience
from tocsin.adapters.aws.positions import EXPIRED, Page
from tocsin.adapters.aws.table import Table
from tocsin.core.actions import encode_action
from tocsin.core.errors import ConfigError
from tocsin.core.formats.action_item import action_of, is_action_item
from tocsin.core.formats.alert_item import encode_transition, is_alert_item, transition_of
from tocsin.core.keys import HASH_END, partition_key
from tocsin.core.ports import Shard, StoredRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient


class FeedPages:
    """Reads the stream page by page.

    Args:
        client: Makes the client of DynamoDB Streams, or has it; only who reads the feed needs it.
        table: The table of alerts.
        patience: How long to go on where it throttles.
    """

    def __init__(self, client: "Callable[[], DynamoDBStreamsClient]", table: Table, patience: Patience) -> None:
        self._client = client
        self._table = table
        self._place = f"stream of {table.place}"
        self._patience = patience
        self._arn = ""

    def shards(self) -> Sequence[Shard]:
        """Return all shards whose records are retained, parents before children.

        The service does not say which hashes a shard takes: each says that it takes all.
        """
        found: list[Any] = []
        request: dict[str, Any] = {"StreamArn": self._stream()}
        while True:
            answer = call(self._place, self._patience, partial(self._client().describe_stream, **request))
            found += answer["StreamDescription"].get("Shards", [])
            last = answer["StreamDescription"].get("LastEvaluatedShardId")
            if not last:
                break
            request["ExclusiveStartShardId"] = last
        return parents_first([_shard(one) for one in found])

    def iterator(self, shard: str, after: str | None) -> str:
        """Return an iterator of what follows the sequence number, or of the oldest kept."""
        request: dict[str, Any] = {"StreamArn": self._stream(), "ShardId": shard}
        if after is None:
            request["ShardIteratorType"] = "TRIM_HORIZON"
        else:
            request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        return call(self._place, self._patience, partial(self._client().get_shard_iterator, **request))["ShardIterator"]

    def page(self, shard: str, iterator: str, limit: int) -> Page:
        """Return the next page; changes that are no new transition or action are not for the caller."""
        answer: Any = call(
            self._place,
            self._patience,
            partial(self._client().get_records, ShardIterator=iterator, Limit=min(limit, STREAMS_GET_RECORDS.most)),
            passing=EXPIRED,
        )
        changes = answer["Records"]
        records = [record for change in changes if (record := _stored(shard, change)) is not None]
        last = changes[-1]["dynamodb"]["SequenceNumber"] if changes else None
        return Page(records, last, answer.get("NextShardIterator"), is_behind=False)

    def _stream(self) -> str:
        if not self._arn:
            answer = call(
                self._table.place,
                self._table.patience,
                lambda: self._table.client.describe_table(TableName=self._table.name),
            )
            self._arn = answer["Table"].get("LatestStreamArn", "")
            if not self._arn:
                raise ConfigError(f"{self._table.place} must have a stream of new images, it has none")
        return self._arn


def parents_first(shards: Sequence[Shard]) -> list[Shard]:
    """Return the shards with each after its parents, else by name; names do not tell ages here.

    >>> young, old = Shard("a", 0, 1, ("b",)), Shard("b", 0, 1)
    >>> [shard.id for shard in parents_first([young, old])]
    ['b', 'a']
    """
    waiting = sorted(shards, key=lambda shard: shard.id)
    ordered: list[Shard] = []
    while waiting:
        left = {shard.id for shard in waiting}
        ready = [shard for shard in waiting if not left & set(shard.parents)] or waiting
        ordered += ready
        waiting = [shard for shard in waiting if shard not in ready]
    return ordered


def _shard(one: Any) -> Shard:  # noqa: ANN401  as the client returns it
    parents = (one["ParentShardId"],) if one.get("ParentShardId") else ()
    return Shard(one["ShardId"], 0, HASH_END, parents, closed="EndingSequenceNumber" in one["SequenceNumberRange"])


def _stored(shard: str, change: Any) -> StoredRecord | None:  # noqa: ANN401  as the client returns it
    """Return the record of a new transition or action; None for any other change."""
    image = change["dynamodb"].get("NewImage", {})
    if change["eventName"] != "INSERT":
        return None
    if is_alert_item(image):
        transition = transition_of(image)
        key, data = partition_key(transition.tenant, transition.device), encode_transition(transition)
    elif is_action_item(image):
        action = action_of(image)
        key, data = action.tenant, encode_action(action)
    else:
        return None
    arrival_ms = round(change["dynamodb"]["ApproximateCreationDateTime"].timestamp() * 1_000)
    return StoredRecord(shard, change["dynamodb"]["SequenceNumber"], key, data, arrival_ms)
