"""A template on a bench: handlers that answer by a script, and a clock that tests move."""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tocsin.core.clock import VirtualClock
from tocsin.runtime.cloudformation.resolve import resolve
from tocsin.runtime.cloudformation.source import Template
from tocsin.runtime.sam.host import Host
from tocsin.runtime.sam.reader import topology_of

START_MS = 1_767_225_600_000
Answer = Callable[[dict[str, Any]], Any]


class Scripted:
    """A handler that notes its events and answers by a script; then it answers fine."""

    def __init__(self, *answers: Answer, always: Answer = lambda _: None) -> None:
        self.events: list[dict[str, Any]] = []
        self._answers = list(answers)
        self._always = always

    def __call__(self, event: dict[str, Any], _: object) -> Any:
        self.events.append(event)
        return (self._answers.pop(0) if self._answers else self._always)(event)

    @property
    def batches(self) -> list[list[str]]:
        """What the records of each call carried."""
        return [names(event) for event in self.events]


def names(event: Mapping[str, Any]) -> list[str]:
    """Return what the records of an event carry, as text."""
    return [_carried(record) for record in event["Records"]]


def _carried(record: Mapping[str, Any]) -> str:
    if "kinesis" in record:
        return b64decode(record["kinesis"]["data"]).decode()
    if "dynamodb" in record:
        return str(record["dynamodb"]["Keys"]["id"]["S"])
    return str(record["body"])


def numbers(event: Mapping[str, Any]) -> list[str]:
    """Return what names each record in an answer."""
    found = []
    for record in event["Records"]:
        if "kinesis" in record:
            found.append(record["kinesis"]["sequenceNumber"])
        elif "dynamodb" in record:
            found.append(record["dynamodb"]["SequenceNumber"])
        else:
            found.append(record["messageId"])
    return found


def raises(_: object) -> Any:
    raise RuntimeError("the store did not answer")


def fails(*carried: str) -> Answer:
    """Name the records that carry these as failed."""

    def answer(event: dict[str, Any]) -> dict[str, Any]:
        known = dict(zip(names(event), numbers(event), strict=True))
        return {"batchItemFailures": [{"itemIdentifier": known[one]} for one in carried if one in known]}

    return answer


def raises_with(*carried: str) -> Answer:
    """Fail while one of these is in the batch."""
    return lambda event: raises(event) if set(carried) & set(names(event)) else None


class Stand:
    """A host of a template with the function ``Function``."""

    def __init__(
        self, template: str, handler: Any, *, parameters: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        self.clock = VirtualClock(START_MS)
        self.handler = handler
        stack = resolve(template, parameters)
        handlers = {"Function": handler, **more}
        self.topology = topology_of(stack, Path())
        self.host = Host(stack, self.topology, self.clock.now_ms, handlers)

    def put(self, *carried: str, key: str = "", to: str = "Source") -> None:
        for one in carried:
            self.host.give(to, one, key=key)

    def settle(self) -> None:
        assert self.host.settle(self.clock, 30 * 86_400_000), "the host never came to rest"

    def wait(self, milliseconds: int) -> None:
        self.host.advance(self.clock, self.clock.now_ms() + milliseconds)

    @property
    def checkpoint(self) -> str:
        """How far the only mapping got, in its first shard."""
        (mapping,) = self.host.mappings.values()
        return dict(mapping._checkpoints.load(mapping.name)).get("shardId-000000000000", "")  # type: ignore[union-attr]

    def objects(self, bucket: str = "Bucket") -> list[dict[str, Any]]:
        """What is in the bucket, as JSON, by key."""
        held = self.host.resources.buckets[bucket].objects
        return [json.loads(held[key]) for key in sorted(held)]

    def bodies(self, queue: str) -> list[str]:
        """What is in the queue."""
        return [message.body for message in self.host.resources.queues[queue].messages()]


def function(event: str, source: Mapping[str, Any], settings: Mapping[str, Any], more: Mapping[str, Any]) -> Any:
    """Return a function with one event."""
    events = {"Event": {"Type": event, "Properties": {**source, **settings}}}
    return {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "app.handler", "Events": events, **more}}


def att(name: str) -> dict[str, list[str]]:
    """Return ``!GetAtt`` of a name with its attribute."""
    return {"Fn::GetAtt": name.split(".")}


def on_kinesis(shards: int = 1, *, more: Mapping[str, Any] | None = None, **settings: Any) -> Template:
    """Return a template whose function reads a stream."""
    declared = {"StartingPosition": "TRIM_HORIZON", **settings}
    return {
        "Resources": {
            "Source": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": shards}},
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Lost": {"Type": "AWS::SQS::Queue"},
            "Told": {"Type": "AWS::SNS::Topic"},
            "Function": function("Kinesis", {"Stream": att("Source.Arn")}, declared, more or {}),
        }
    }


def on_table(view: str = "NEW_AND_OLD_IMAGES", **settings: Any) -> Template:
    """Return a template whose function reads a table's stream."""
    declared = {"StartingPosition": "TRIM_HORIZON", **settings}
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    table = {"KeySchema": keys, "StreamSpecification": {"StreamViewType": view}}
    return {
        "Resources": {
            "Source": {"Type": "AWS::DynamoDB::Table", "Properties": table},
            "Function": function("DynamoDB", {"Stream": att("Source.StreamArn")}, declared, {}),
        }
    }


def on_queue(
    queue: Mapping[str, Any] | None = None, *, more: Mapping[str, Any] | None = None, **settings: Any
) -> Template:
    """Return a template whose function reads a queue with dead letters."""
    redrive = {"RedrivePolicy": {"deadLetterTargetArn": att("Dead.Arn"), "maxReceiveCount": 3}}
    return {
        "Resources": {
            "Dead": {"Type": "AWS::SQS::Queue"},
            "Source": {"Type": "AWS::SQS::Queue", "Properties": {**redrive, **(queue or {})}},
            "Function": function("SQS", {"Queue": att("Source.Arn")}, settings, more or {}),
        }
    }


REPORT = ["ReportBatchItemFailures"]
