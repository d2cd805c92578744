"""The streams, queues, tables, topics and buckets of a stack, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tocsin.adapters.embedded.database import Database
from tocsin.adapters.embedded.log import EmbeddedLog
from tocsin.core.clock import SECOND_MS, NowMs
from tocsin.runtime.cloudformation.resolve import Resource, Stack
from tocsin.runtime.sam.names import TABLES, Names
from tocsin.runtime.sam.queue import LocalQueue, QueueSettings
from tocsin.runtime.sam.table import LocalTable
from tocsin.runtime.sam.topic import LocalBucket, LocalTopic

SIMPLE_TABLE: Final = "AWS::Serverless::SimpleTable"


@dataclass(slots=True)
class Resources:
    """All that functions may be called from, and that may take what is given up.

    What the template names without declaring it is made when it is first asked for.

    Attributes:
        names: Finds the logical id of what a text stands for.
        now_ms: The clock.
        streams: Logical id to stream; those of tables and topics of Kafka too.
        queues: Logical id to queue.
        tables: Logical id to table.
        topics: Logical id to topic.
        buckets: Logical id to bucket.
    """

    names: Names
    now_ms: NowMs
    streams: dict[str, EmbeddedLog] = field(default_factory=dict)
    queues: dict[str, LocalQueue] = field(default_factory=dict)
    tables: dict[str, LocalTable] = field(default_factory=dict)
    topics: dict[str, LocalTopic] = field(default_factory=dict)
    buckets: dict[str, LocalBucket] = field(default_factory=dict)
    _database: Database = field(default_factory=Database.in_memory)

    def stream(self, name: str, shards: int = 1) -> EmbeddedLog:
        """Return the stream of the name or ARN."""
        found = self.names.id_of(name)
        if found not in self.streams:
            log = EmbeddedLog(self._database, f"stream {found}", self.now_ms)
            self._database.write(lambda connection: log.make(connection, shards))
            self.streams[found] = log
        return self.streams[found]

    def queue(self, name: str) -> LocalQueue:
        """Return the queue of the name, URL or ARN."""
        found = self.names.id_of(name)
        if found not in self.queues:
            self.queues[found] = LocalQueue(found, QueueSettings(is_fifo=found.endswith(".fifo")), self.now_ms)
        return self.queues[found]

    def table(self, name: str) -> LocalTable:
        """Return the table of the name or ARN, or of the ARN of its stream.

        Raises:
            KeyError: The template declares no such table, so nobody knows its key.
        """
        return self.tables[self.names.id_of(name)]

    def topic(self, name: str) -> LocalTopic:
        """Return the topic of the ARN."""
        return self.topics.setdefault(self.names.id_of(name), LocalTopic(name))

    def bucket(self, name: str) -> LocalBucket:
        """Return the bucket of the name or ARN."""
        found = self.names.id_of(name)
        return self.buckets.setdefault(found, LocalBucket(found, self.now_ms))

    def close(self) -> None:
        """Let go of what is held."""
        self._database.close()


def make_resources(stack: Stack, now_ms: NowMs) -> Resources:
    """Return what the stack declares, empty."""
    made = Resources(Names(stack), now_ms)
    for resource in stack.of_kind("AWS::Kinesis::Stream"):
        made.stream(resource.id, int(resource.properties.get("ShardCount", 1)))
    queues = stack.of_kind("AWS::SQS::Queue")
    for resource in queues:
        name = made.names.name_of(resource)
        made.queues[resource.id] = LocalQueue(name, _queue_settings(resource.properties), now_ms)
    for resource in queues:
        if redrive := _redrive(resource.properties):
            made.queues[resource.id].dead = made.queue(str(redrive["deadLetterTargetArn"]))
    for resource in stack.of_kind(*TABLES):
        made.tables[resource.id] = _table(resource, made)
    for resource in stack.of_kind("AWS::SNS::Topic"):
        made.topics[resource.id] = LocalTopic(made.names.arn_of(resource))
    for resource in stack.of_kind("AWS::S3::Bucket"):
        made.buckets[resource.id] = LocalBucket(made.names.name_of(resource), now_ms)
    return made


def _table(resource: Resource, made: Resources) -> LocalTable:
    declared = resource.properties
    if resource.kind == SIMPLE_TABLE:
        keys = [(declared.get("PrimaryKey") or {}).get("Name", "id")]
    else:
        keys = [part["AttributeName"] for part in declared["KeySchema"]]
    view = (declared.get("StreamSpecification") or {}).get("StreamViewType", "NEW_AND_OLD_IMAGES")
    return LocalTable(made.names.stream_arn_of(resource), tuple(keys), view, made.stream(resource.id))


def _queue_settings(declared: Mapping[str, Any]) -> QueueSettings:
    redrive = _redrive(declared)
    return QueueSettings(
        visibility_ms=int(declared.get("VisibilityTimeout", 30)) * SECOND_MS,
        delay_ms=int(declared.get("DelaySeconds", 0)) * SECOND_MS,
        retention_ms=int(declared.get("MessageRetentionPeriod", 345_600)) * SECOND_MS,
        receives_max=int(redrive["maxReceiveCount"]) if redrive else None,
        is_fifo=bool(declared.get("FifoQueue")),
        deduplicates_content=bool(declared.get("ContentBasedDeduplication")),
    )


def _redrive(declared: Mapping[str, Any]) -> Mapping[str, Any]:
    policy = declared.get("RedrivePolicy") or {}
    return msgspec.json.decode(policy) if isinstance(policy, str) else policy
